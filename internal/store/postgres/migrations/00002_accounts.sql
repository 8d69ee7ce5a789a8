-- +goose Up
-- Officials, their credentials and sessions, room devices, and the log of what
-- administrators did. Ids are text (UUIDv7), times UTC unix microseconds.

CREATE TABLE unit (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  kind       TEXT NOT NULL CHECK (kind <> ''),
  parent     TEXT NOT NULL,
  name       TEXT NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to   BIGINT NOT NULL,
  successor  TEXT NOT NULL
);

CREATE TABLE account (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit        TEXT NOT NULL CHECK (unit <> ''),
  login       TEXT NOT NULL UNIQUE CHECK (login <> ''),
  name        TEXT NOT NULL,
  roles       TEXT NOT NULL, -- JSON array
  password    TEXT NOT NULL, -- argon2id in PHC form, or empty
  must_change BIGINT NOT NULL CHECK (must_change IN (0, 1)),
  disabled    BIGINT NOT NULL CHECK (disabled IN (0, 1)),
  created     BIGINT NOT NULL,
  version     BIGINT NOT NULL CHECK (version >= 1) -- grows by one with each change
);
CREATE INDEX account_by_unit ON account (unit, login);

CREATE TABLE credential (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  account TEXT NOT NULL REFERENCES account (id),
  kind    TEXT NOT NULL CHECK (kind IN ('passkey', 'certificate')),
  handle  BYTEA NOT NULL CHECK (length(handle) > 0),
  data    BYTEA NOT NULL,
  label   TEXT NOT NULL,
  created BIGINT NOT NULL,
  revoked BIGINT NOT NULL CHECK (revoked IN (0, 1)),
  UNIQUE (kind, handle)
);
CREATE INDEX credential_by_account ON credential (account, id);

-- account is the id of an account, or of a room device when method is 'device'.
CREATE TABLE account_session (
  token_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  account    TEXT NOT NULL CHECK (account <> ''),
  method     TEXT NOT NULL CHECK (method IN ('password', 'passkey', 'certificate', 'device')),
  created    BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  stepped_up BIGINT NOT NULL, -- 0: never
  revoked    BIGINT NOT NULL CHECK (revoked IN (0, 1))
);
CREATE INDEX account_session_by_account ON account_session (account);

CREATE TABLE room_device (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit        TEXT NOT NULL CHECK (unit <> ''),
  label       TEXT NOT NULL,
  public_key  BYTEA NOT NULL UNIQUE,
  enrolled    BIGINT NOT NULL,
  enrolled_by TEXT NOT NULL,
  revoked     BIGINT NOT NULL CHECK (revoked IN (0, 1))
);
CREATE INDEX room_device_by_unit ON room_device (unit, id);

-- Short-lived single-use secrets: steps of a passkey, nonces, enrolment codes.
CREATE TABLE challenge (
  hash    BYTEA NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  kind    TEXT NOT NULL CHECK (kind <> ''),
  subject TEXT NOT NULL,
  data    BYTEA NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX challenge_by_end ON challenge (expires);

-- line is the canonical JSON of the entry, hash = SHA-256(prev || line).
CREATE TABLE admin_log (
  n    BIGINT NOT NULL PRIMARY KEY CHECK (n >= 1),
  unit TEXT NOT NULL,
  line BYTEA NOT NULL CHECK (length(line) > 0),
  prev BYTEA NOT NULL CHECK (length(prev) = 32),
  hash BYTEA NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX admin_log_by_unit ON admin_log (unit, n);
-- Whoever writes the log locks this one row, so that entries come one by one.
CREATE TABLE admin_lock (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1));
INSERT INTO admin_lock (id) VALUES (1);

-- A code that travels by a second channel, and how often it was wrong.
ALTER TABLE invitation ADD COLUMN code_hash BYTEA CHECK (code_hash IS NULL OR length(code_hash) = 32);
ALTER TABLE invitation ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
-- Who entered the seat without an invitation, and in which session of theirs.
ALTER TABLE session ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN parent BYTEA CHECK (parent IS NULL OR length(parent) = 32);
CREATE INDEX session_by_owner ON session (owner) WHERE owner <> '';
CREATE INDEX session_by_parent ON session (parent) WHERE parent IS NOT NULL;

-- What a row is stays as it was written: the scope check relies on it.
CREATE TRIGGER account_identity BEFORE UPDATE OF id, unit, login, created ON account
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER account_kept BEFORE DELETE OR TRUNCATE ON account
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER credential_identity BEFORE UPDATE OF id, account, kind, handle ON credential
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER room_device_identity BEFORE UPDATE OF id, unit, public_key ON room_device
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER credential_stays_revoked BEFORE UPDATE ON credential
  FOR EACH ROW WHEN (OLD.revoked = 1 AND NEW.revoked = 0) EXECUTE FUNCTION refuse();
CREATE TRIGGER room_device_stays_revoked BEFORE UPDATE ON room_device
  FOR EACH ROW WHEN (OLD.revoked = 1 AND NEW.revoked = 0) EXECUTE FUNCTION refuse();

CREATE TRIGGER admin_log_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER admin_lock_kept BEFORE DELETE OR TRUNCATE ON admin_lock
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- +goose StatementBegin
CREATE FUNCTION admin_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_n    bigint;
  last_hash bytea;
BEGIN
  PERFORM 1 FROM admin_lock WHERE id = 1 FOR UPDATE;
  SELECT n, hash INTO last_n, last_hash FROM admin_log ORDER BY n DESC LIMIT 1;
  IF NOT FOUND THEN
    last_n := 0;
    last_hash := decode(repeat('00', 32), 'hex');
  END IF;
  IF NEW.n IS DISTINCT FROM last_n + 1 THEN
    RAISE EXCEPTION 'sequence' USING ERRCODE = 'PH002';
  END IF;
  IF NEW.prev IS DISTINCT FROM last_hash OR NEW.hash IS DISTINCT FROM sha256(NEW.prev || NEW.line) THEN
    RAISE EXCEPTION 'chain' USING ERRCODE = 'PH003';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER admin_log_chain BEFORE INSERT ON admin_log
  FOR EACH ROW EXECUTE FUNCTION admin_log_chain();
