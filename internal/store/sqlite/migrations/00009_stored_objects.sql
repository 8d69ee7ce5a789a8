-- +goose Up
-- Copies of sealed files in object stores, insert-only. No reference to a hearing:
-- a copy stands also of a hearing that a restored database does not know.
CREATE TABLE stored_object (
  target      TEXT NOT NULL CHECK (target <> ''),
  hearing     TEXT NOT NULL CHECK (hearing <> ''),
  part        INTEGER NOT NULL CHECK (part >= 1),
  sha256      BLOB NOT NULL CHECK (length(sha256) = 32),
  size        INTEGER NOT NULL CHECK (size > 0),
  object      TEXT NOT NULL CHECK (object <> ''),
  version     TEXT NOT NULL CHECK (version <> ''),
  cipher      BLOB NOT NULL CHECK (length(cipher) = 32),
  cipher_size INTEGER NOT NULL CHECK (cipher_size > 0),
  until       INTEGER NOT NULL CHECK (until > at),
  locked      INTEGER NOT NULL CHECK (locked IN (0, 1)),
  at          INTEGER NOT NULL,
  PRIMARY KEY (target, hearing, part, sha256)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER stored_object_once BEFORE INSERT ON stored_object
WHEN EXISTS (SELECT 1 FROM stored_object o
  WHERE o.target = NEW.target AND o.hearing = NEW.hearing AND o.part = NEW.part AND o.sha256 = NEW.sha256)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stored_object_update BEFORE UPDATE ON stored_object
BEGIN SELECT RAISE(ABORT, 'PH004 stored_object is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stored_object_delete BEFORE DELETE ON stored_object
BEGIN SELECT RAISE(ABORT, 'PH004 stored_object is insert-only'); END;
-- +goose StatementEnd
