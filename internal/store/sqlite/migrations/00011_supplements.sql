-- +goose Up
-- Supplements of sealed evidence: first what is wanted, then the number it has for
-- ever, then the file that was made. One for each subject of a hearing.
CREATE TABLE archive_supplement (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  subject  TEXT NOT NULL CHECK (subject <> ''),
  kind     TEXT NOT NULL CHECK (kind <> ''),
  wanted   INTEGER NOT NULL CHECK (wanted > 0),
  node     TEXT NOT NULL, -- that has to make it; empty: the one of the hearing's last part
  number   INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0 AND number <= 9999),
  made     INTEGER NOT NULL DEFAULT 0,
  size     INTEGER NOT NULL DEFAULT 0,
  sha256   BLOB NOT NULL DEFAULT x'',
  manifest BLOB NOT NULL DEFAULT x'',
  facts    BLOB NOT NULL DEFAULT x'', -- JSON: supplement.json of the file
  PRIMARY KEY (hearing, subject),
  CHECK (made = 0 OR (number > 0 AND node <> '' AND size > 0 AND length(sha256) = 32 AND length(manifest) = 32))
) STRICT;
CREATE UNIQUE INDEX archive_supplement_number ON archive_supplement (hearing, number) WHERE number > 0;
CREATE INDEX archive_supplement_waiting ON archive_supplement (wanted) WHERE made = 0;
-- +goose StatementBegin
CREATE TRIGGER archive_supplement_identity BEFORE UPDATE ON archive_supplement
WHEN OLD.made > 0 OR NEW.hearing IS NOT OLD.hearing OR NEW.subject IS NOT OLD.subject OR NEW.kind IS NOT OLD.kind
  OR (OLD.number > 0 AND NEW.number IS NOT OLD.number)
BEGIN SELECT RAISE(ABORT, 'PH004 a supplement stays what it is'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_supplement_delete BEFORE DELETE ON archive_supplement
BEGIN SELECT RAISE(ABORT, 'PH004 a supplement stays known'); END;
-- +goose StatementEnd
-- INSERT OR REPLACE removes rows without firing delete triggers.
-- +goose StatementBegin
CREATE TRIGGER archive_supplement_replace BEFORE INSERT ON archive_supplement
WHEN EXISTS (SELECT 1 FROM archive_supplement WHERE hearing = NEW.hearing AND subject = NEW.subject)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd

-- A copy of a supplement stands under the last part that it cites.
ALTER TABLE stored_object ADD COLUMN supplement INTEGER NOT NULL DEFAULT 0 CHECK (supplement >= 0);
