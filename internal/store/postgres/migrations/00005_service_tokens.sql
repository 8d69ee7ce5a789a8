-- +goose Up
-- Tokens of other systems (case management). The column names are those by which a
-- restore finds what it has to void.
CREATE TABLE service_token (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  token_hash BYTEA NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  account    TEXT NOT NULL REFERENCES account (id),
  label      TEXT NOT NULL,
  rights     TEXT NOT NULL, -- JSON array
  created    BIGINT NOT NULL,
  expires    BIGINT NOT NULL CHECK (expires > created),
  revoked    BIGINT NOT NULL CHECK (revoked IN (0, 1))
);
CREATE INDEX service_token_by_account ON service_token (account, id);
CREATE TRIGGER service_token_identity BEFORE UPDATE OF id, token_hash, account, rights, created, expires ON service_token
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER service_token_stays_revoked BEFORE UPDATE ON service_token
  FOR EACH ROW WHEN (OLD.revoked = 1 AND NEW.revoked = 0) EXECUTE FUNCTION refuse();
