-- +goose Up
-- A unit's keys (age, X25519), n by n: the newest is used. identity is the private one,
-- sealed by a passphrase that is nowhere here. Insert-only.
CREATE TABLE oversight_keys (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit      TEXT NOT NULL CHECK (unit <> ''),
  n         INTEGER NOT NULL CHECK (n BETWEEN 1 AND 10),
  recipient TEXT NOT NULL CHECK (recipient <> ''),
  identity  BYTEA NOT NULL CHECK (length(identity) BETWEEN 1 AND 1024),
  created   BIGINT NOT NULL,
  by_whom   TEXT NOT NULL CHECK (by_whom <> ''),
  UNIQUE (unit, n)
);
CREATE TRIGGER oversight_keys_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON oversight_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- Notes of a unit about moments of a hearing, sealed to one of its keys: what they say,
-- and whether they mark a violation, is not known here. Insert-only.
CREATE TABLE oversight_notes (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  unit     TEXT NOT NULL CHECK (unit <> ''),
  n        INTEGER NOT NULL CHECK (n BETWEEN 1 AND 500),
  official TEXT NOT NULL CHECK (official <> ''),
  at       BIGINT NOT NULL,
  written  BIGINT NOT NULL CHECK (written >= at),
  key_id   TEXT NOT NULL REFERENCES oversight_keys (id),
  sealed   BYTEA NOT NULL CHECK (length(sealed) BETWEEN 1 AND 8192),
  UNIQUE (hearing, unit, n)
);
CREATE INDEX oversight_notes_by_unit ON oversight_notes (unit, written);
CREATE TRIGGER oversight_notes_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON oversight_notes
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
