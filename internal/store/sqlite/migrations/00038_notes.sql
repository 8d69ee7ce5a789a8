-- +goose Up
-- A unit's keys (age, X25519), n by n: the newest is used. identity is the private one,
-- sealed by a passphrase that is nowhere here. Insert-only.
CREATE TABLE oversight_keys (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit      TEXT NOT NULL CHECK (unit <> ''),
  n         INTEGER NOT NULL CHECK (n BETWEEN 1 AND 10),
  recipient TEXT NOT NULL CHECK (recipient <> ''),
  identity  BLOB NOT NULL CHECK (length(identity) BETWEEN 1 AND 1024),
  created   INTEGER NOT NULL,
  by_whom   TEXT NOT NULL CHECK (by_whom <> ''),
  UNIQUE (unit, n)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER oversight_keys_once BEFORE INSERT ON oversight_keys
WHEN EXISTS (SELECT 1 FROM oversight_keys k WHERE k.id = NEW.id OR (k.unit = NEW.unit AND k.n = NEW.n))
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_keys is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER oversight_keys_update BEFORE UPDATE ON oversight_keys
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_keys is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER oversight_keys_delete BEFORE DELETE ON oversight_keys
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_keys is insert-only'); END;
-- +goose StatementEnd

-- Notes of a unit about moments of a hearing, sealed to one of its keys: what they say,
-- and whether they mark a violation, is not known here. Insert-only.
CREATE TABLE oversight_notes (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  unit     TEXT NOT NULL CHECK (unit <> ''),
  n        INTEGER NOT NULL CHECK (n BETWEEN 1 AND 500),
  official TEXT NOT NULL CHECK (official <> ''),
  at       INTEGER NOT NULL,
  written  INTEGER NOT NULL CHECK (written >= at),
  key_id   TEXT NOT NULL REFERENCES oversight_keys (id),
  sealed   BLOB NOT NULL CHECK (length(sealed) BETWEEN 1 AND 8192),
  UNIQUE (hearing, unit, n)
) STRICT;
CREATE INDEX oversight_notes_by_unit ON oversight_notes (unit, written);
-- +goose StatementBegin
CREATE TRIGGER oversight_notes_once BEFORE INSERT ON oversight_notes
WHEN EXISTS (SELECT 1 FROM oversight_notes o WHERE o.id = NEW.id OR (o.hearing = NEW.hearing AND o.unit = NEW.unit AND o.n = NEW.n))
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_notes is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER oversight_notes_update BEFORE UPDATE ON oversight_notes
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_notes is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER oversight_notes_delete BEFORE DELETE ON oversight_notes
BEGIN SELECT RAISE(ABORT, 'PH004 oversight_notes is insert-only'); END;
-- +goose StatementEnd
