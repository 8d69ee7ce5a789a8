-- +goose Up
-- Officials, their credentials and sessions, room devices, and the log of what
-- administrators did. Ids are text (UUIDv7), times UTC unix microseconds.

CREATE TABLE unit (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  kind       TEXT NOT NULL CHECK (kind <> ''),
  parent     TEXT NOT NULL,
  name       TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to   INTEGER NOT NULL,
  successor  TEXT NOT NULL
) STRICT;

CREATE TABLE account (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit        TEXT NOT NULL CHECK (unit <> ''),
  login       TEXT NOT NULL UNIQUE CHECK (login <> ''),
  name        TEXT NOT NULL,
  roles       TEXT NOT NULL, -- JSON array
  password    TEXT NOT NULL, -- argon2id in PHC form, or empty
  must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
  disabled    INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  created     INTEGER NOT NULL,
  version     INTEGER NOT NULL CHECK (version >= 1) -- grows by one with each change
) STRICT;
CREATE INDEX account_by_unit ON account (unit, login);

CREATE TABLE credential (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  account TEXT NOT NULL REFERENCES account (id),
  kind    TEXT NOT NULL CHECK (kind IN ('passkey', 'certificate')),
  handle  BLOB NOT NULL CHECK (length(handle) > 0),
  data    BLOB NOT NULL,
  label   TEXT NOT NULL,
  created INTEGER NOT NULL,
  revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  UNIQUE (kind, handle)
) STRICT;
CREATE INDEX credential_by_account ON credential (account, id);

-- account is the id of an account, or of a room device when method is 'device'.
CREATE TABLE account_session (
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  account    TEXT NOT NULL CHECK (account <> ''),
  method     TEXT NOT NULL CHECK (method IN ('password', 'passkey', 'certificate', 'device')),
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  stepped_up INTEGER NOT NULL, -- 0: never
  revoked    INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX account_session_by_account ON account_session (account);

CREATE TABLE room_device (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit        TEXT NOT NULL CHECK (unit <> ''),
  label       TEXT NOT NULL,
  public_key  BLOB NOT NULL UNIQUE,
  enrolled    INTEGER NOT NULL,
  enrolled_by TEXT NOT NULL,
  revoked     INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX room_device_by_unit ON room_device (unit, id);

-- Short-lived single-use secrets: steps of a passkey, nonces, enrolment codes.
CREATE TABLE challenge (
  hash    BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  kind    TEXT NOT NULL CHECK (kind <> ''),
  subject TEXT NOT NULL,
  data    BLOB NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX challenge_by_end ON challenge (expires);

-- line is the canonical JSON of the entry, hash = SHA-256(prev || line).
CREATE TABLE admin_log (
  n    INTEGER NOT NULL PRIMARY KEY CHECK (n >= 1),
  unit TEXT NOT NULL,
  line BLOB NOT NULL CHECK (length(line) > 0),
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX admin_log_by_unit ON admin_log (unit, n);
-- Whoever writes the log locks this one row, so that entries come one by one.
CREATE TABLE admin_lock (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1)) STRICT;
INSERT INTO admin_lock (id) VALUES (1);

-- A code that travels by a second channel, and how often it was wrong.
ALTER TABLE invitation ADD COLUMN code_hash BLOB CHECK (code_hash IS NULL OR length(code_hash) = 32);
ALTER TABLE invitation ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
-- Who entered the seat without an invitation, and in which session of theirs.
ALTER TABLE session ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN parent BLOB CHECK (parent IS NULL OR length(parent) = 32);
CREATE INDEX session_by_owner ON session (owner) WHERE owner <> '';
CREATE INDEX session_by_parent ON session (parent) WHERE parent IS NOT NULL;

-- What a row is stays as it was written: the scope check relies on it.
-- +goose StatementBegin
CREATE TRIGGER account_identity BEFORE UPDATE OF id, unit, login, created ON account
BEGIN SELECT RAISE(ABORT, 'PH004 an account keeps its identity'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_delete BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'PH004 an account is disabled, never deleted'); END;
-- +goose StatementEnd
-- INSERT OR REPLACE removes rows without firing delete triggers.
-- +goose StatementBegin
CREATE TRIGGER account_replace BEFORE INSERT ON account
WHEN EXISTS (SELECT 1 FROM account WHERE id = NEW.id OR login = NEW.login)
BEGIN SELECT RAISE(ABORT, 'PH004 the account stands already'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER credential_identity BEFORE UPDATE OF id, account, kind, handle ON credential
BEGIN SELECT RAISE(ABORT, 'PH004 a credential keeps its identity'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER credential_stays_revoked BEFORE UPDATE ON credential
WHEN OLD.revoked = 1 AND NEW.revoked = 0
BEGIN SELECT RAISE(ABORT, 'PH004 revoked for good'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER room_device_identity BEFORE UPDATE OF id, unit, public_key ON room_device
BEGIN SELECT RAISE(ABORT, 'PH004 a room device keeps its identity'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER room_device_stays_revoked BEFORE UPDATE ON room_device
WHEN OLD.revoked = 1 AND NEW.revoked = 0
BEGIN SELECT RAISE(ABORT, 'PH004 revoked for good'); END;
-- +goose StatementEnd

-- SQLite has no SHA-256 of its own: the hash itself is checked by who verifies.
-- +goose StatementBegin
CREATE TRIGGER admin_log_chain BEFORE INSERT ON admin_log
BEGIN
  SELECT RAISE(ABORT, 'PH002 sequence') WHERE NEW.n IS NOT 1 + COALESCE((SELECT max(n) FROM admin_log), 0);
  SELECT RAISE(ABORT, 'PH003 chain') WHERE NEW.prev IS NOT COALESCE(
    (SELECT hash FROM admin_log WHERE n = NEW.n - 1), zeroblob(32));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER admin_log_update BEFORE UPDATE ON admin_log
BEGIN SELECT RAISE(ABORT, 'PH004 admin_log is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER admin_log_delete BEFORE DELETE ON admin_log
BEGIN SELECT RAISE(ABORT, 'PH004 admin_log is insert-only'); END;
-- +goose StatementEnd
