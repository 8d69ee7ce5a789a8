-- +goose Up
-- Sealed evidence: which parts there are. The files are the truth; a row may be
-- made again from its file.
CREATE TABLE archive_part (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  part     INTEGER NOT NULL CHECK (part >= 1),
  node     TEXT NOT NULL CHECK (node <> ''),
  path     TEXT NOT NULL CHECK (path <> ''),
  size     INTEGER NOT NULL CHECK (size > 0),
  sha256   BLOB NOT NULL CHECK (length(sha256) = 32),
  manifest BLOB NOT NULL CHECK (length(manifest) = 32),
  root     BLOB NOT NULL CHECK (length(root) = 32),
  lines    INTEGER NOT NULL,
  began    INTEGER NOT NULL,
  ended    INTEGER NOT NULL,
  gaps     INTEGER NOT NULL,
  damages  INTEGER NOT NULL,
  stamped  INTEGER NOT NULL CHECK (stamped IN (0, 1)),
  sealed   INTEGER NOT NULL,
  facts    BLOB NOT NULL, -- JSON
  PRIMARY KEY (hearing, part)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER archive_part_identity BEFORE UPDATE OF hearing, part, manifest, root, lines, began, ended, sealed ON archive_part
BEGIN SELECT RAISE(ABORT, 'PH004 a sealed part stays what it is'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_part_delete BEFORE DELETE ON archive_part
BEGIN SELECT RAISE(ABORT, 'PH004 a sealed part stays known'); END;
-- +goose StatementEnd
