-- +goose Up
-- Ids are text (UUIDv7), times UTC unix microseconds, truth values 0 or 1.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE hearing (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  room      TEXT NOT NULL UNIQUE CHECK (length(room) = 32),
  unit      TEXT NOT NULL CHECK (unit <> ''),
  docket_no TEXT NOT NULL,
  title     TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  demo      INTEGER NOT NULL CHECK (demo IN (0, 1))
) STRICT;
CREATE INDEX hearing_by_start ON hearing (starts_at, id);

CREATE TABLE person_name (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  person  TEXT NOT NULL CHECK (person <> ''),
  name    TEXT NOT NULL,
  PRIMARY KEY (hearing, person)
) STRICT;

-- A released lease has an empty node; its epoch stays, so that it never falls.
CREATE TABLE lease (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  node    TEXT NOT NULL,
  epoch   INTEGER NOT NULL CHECK (epoch >= 1),
  expires INTEGER NOT NULL
) STRICT;

CREATE TABLE state_log (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  seq     INTEGER NOT NULL CHECK (seq >= 1),
  epoch   INTEGER NOT NULL,
  line    BLOB NOT NULL CHECK (length(line) > 0),
  prev    BLOB NOT NULL CHECK (length(prev) = 32),
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (hearing, seq)
) STRICT;

CREATE TABLE checkpoint (
  n         INTEGER PRIMARY KEY AUTOINCREMENT,
  hearing   TEXT NOT NULL REFERENCES hearing (id),
  size      INTEGER NOT NULL,
  note_hash BLOB NOT NULL CHECK (length(note_hash) = 32),
  note      BLOB NOT NULL,
  UNIQUE (hearing, size, note_hash)
) STRICT;
CREATE INDEX checkpoint_last ON checkpoint (hearing, n);

CREATE TABLE invitation (
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  hearing    TEXT NOT NULL REFERENCES hearing (id),
  person     TEXT NOT NULL,
  device     TEXT NOT NULL,
  expires    INTEGER NOT NULL,
  used_at    INTEGER
) STRICT;
CREATE INDEX invitation_by_person ON invitation (hearing, person);

CREATE TABLE session (
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  hearing    TEXT NOT NULL REFERENCES hearing (id),
  person     TEXT NOT NULL,
  device     TEXT NOT NULL,
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  revoked    INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX session_by_person ON session (hearing, person);

CREATE TABLE access_log (
  n       INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  unit    TEXT NOT NULL,
  hearing TEXT NOT NULL,
  person  TEXT NOT NULL,
  what    TEXT NOT NULL,
  count   INTEGER NOT NULL CHECK (count >= 1)
) STRICT;
CREATE INDEX access_by_unit ON access_log (unit, at);

-- What a row is stays as it was written: the scope check relies on it.
-- +goose StatementBegin
CREATE TRIGGER hearing_identity BEFORE UPDATE OF id, room, unit, demo ON hearing
BEGIN SELECT RAISE(ABORT, 'PH004 a hearing keeps its identity'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER meta_update BEFORE UPDATE ON meta
BEGIN SELECT RAISE(ABORT, 'PH004 meta is set once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER meta_delete BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'PH004 meta is set once'); END;
-- +goose StatementEnd
-- INSERT OR REPLACE removes rows without firing delete triggers.
-- +goose StatementBegin
CREATE TRIGGER meta_replace BEFORE INSERT ON meta
WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER lease_grows BEFORE UPDATE ON lease
WHEN NEW.epoch < OLD.epoch OR NEW.hearing <> OLD.hearing
  OR (NEW.node <> OLD.node AND NEW.node <> '' AND NEW.epoch = OLD.epoch)
BEGIN SELECT RAISE(ABORT, 'PH001 a lease changes hands with a higher epoch only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER lease_delete BEFORE DELETE ON lease
BEGIN SELECT RAISE(ABORT, 'PH004 a lease is never deleted'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER state_log_chain BEFORE INSERT ON state_log
BEGIN
  SELECT RAISE(ABORT, 'PH001 fenced') WHERE NOT EXISTS
    (SELECT 1 FROM lease WHERE hearing = NEW.hearing AND epoch = NEW.epoch AND node <> '');
  SELECT RAISE(ABORT, 'PH002 sequence') WHERE NEW.seq IS NOT 1 + COALESCE(
    (SELECT max(seq) FROM state_log WHERE hearing = NEW.hearing), 0);
  SELECT RAISE(ABORT, 'PH003 chain') WHERE NEW.prev IS NOT COALESCE(
    (SELECT hash FROM state_log WHERE hearing = NEW.hearing AND seq = NEW.seq - 1), zeroblob(32));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER state_log_update BEFORE UPDATE ON state_log
BEGIN SELECT RAISE(ABORT, 'PH004 state_log is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER state_log_delete BEFORE DELETE ON state_log
BEGIN SELECT RAISE(ABORT, 'PH004 state_log is insert-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER checkpoint_insert BEFORE INSERT ON checkpoint
BEGIN
  SELECT RAISE(ABORT, 'PH004 checkpoint is insert-only')
    WHERE EXISTS (SELECT 1 FROM checkpoint WHERE n = NEW.n);
  SELECT RAISE(IGNORE) WHERE EXISTS (SELECT 1 FROM checkpoint
    WHERE hearing = NEW.hearing AND size = NEW.size AND note_hash = NEW.note_hash);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'PH004 checkpoint is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'PH004 checkpoint is insert-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER access_log_insert BEFORE INSERT ON access_log
WHEN EXISTS (SELECT 1 FROM access_log WHERE n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'PH004 access_log is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_log_update BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'PH004 access_log is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_log_delete BEFORE DELETE ON access_log
BEGIN SELECT RAISE(ABORT, 'PH004 access_log is insert-only'); END;
-- +goose StatementEnd
