-- +goose Up
-- Copies of sealed files in object stores, insert-only. No reference to a hearing:
-- a copy stands also of a hearing that a restored database does not know.
CREATE TABLE stored_object (
  target      TEXT NOT NULL CHECK (target <> ''),
  hearing     TEXT NOT NULL CHECK (hearing <> ''),
  part        BIGINT NOT NULL CHECK (part >= 1),
  sha256      BYTEA NOT NULL CHECK (length(sha256) = 32),
  size        BIGINT NOT NULL CHECK (size > 0),
  object      TEXT NOT NULL CHECK (object <> ''),
  version     TEXT NOT NULL CHECK (version <> ''),
  cipher      BYTEA NOT NULL CHECK (length(cipher) = 32),
  cipher_size BIGINT NOT NULL CHECK (cipher_size > 0),
  until       BIGINT NOT NULL CHECK (until > at),
  locked      BIGINT NOT NULL CHECK (locked IN (0, 1)),
  at          BIGINT NOT NULL,
  PRIMARY KEY (target, hearing, part, sha256)
);
CREATE TRIGGER stored_object_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_object
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
