-- +goose Up
-- Sealed evidence: which parts there are. The files are the truth; a row may be
-- made again from its file.
CREATE TABLE archive_part (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  part     BIGINT NOT NULL CHECK (part >= 1),
  node     TEXT NOT NULL CHECK (node <> ''),
  path     TEXT NOT NULL CHECK (path <> ''),
  size     BIGINT NOT NULL CHECK (size > 0),
  sha256   BYTEA NOT NULL CHECK (length(sha256) = 32),
  manifest BYTEA NOT NULL CHECK (length(manifest) = 32),
  root     BYTEA NOT NULL CHECK (length(root) = 32),
  lines    BIGINT NOT NULL,
  began    BIGINT NOT NULL,
  ended    BIGINT NOT NULL,
  gaps     BIGINT NOT NULL,
  damages  BIGINT NOT NULL,
  stamped  BIGINT NOT NULL CHECK (stamped IN (0, 1)),
  sealed   BIGINT NOT NULL,
  facts    BYTEA NOT NULL, -- JSON
  PRIMARY KEY (hearing, part)
);
CREATE TRIGGER archive_part_identity BEFORE UPDATE OF hearing, part, manifest, root, lines, began, ended, sealed ON archive_part
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_part_kept BEFORE DELETE OR TRUNCATE ON archive_part
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
