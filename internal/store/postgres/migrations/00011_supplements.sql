-- +goose Up
-- Supplements of sealed evidence: first what is wanted, then the number it has for
-- ever, then the file that was made. One for each subject of a hearing.
CREATE TABLE archive_supplement (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  subject  TEXT NOT NULL CHECK (subject <> ''),
  kind     TEXT NOT NULL CHECK (kind <> ''),
  wanted   BIGINT NOT NULL CHECK (wanted > 0),
  node     TEXT NOT NULL, -- that has to make it; empty: the one of the hearing's last part
  number   BIGINT NOT NULL DEFAULT 0 CHECK (number >= 0 AND number <= 9999),
  made     BIGINT NOT NULL DEFAULT 0,
  size     BIGINT NOT NULL DEFAULT 0,
  sha256   BYTEA NOT NULL DEFAULT '',
  manifest BYTEA NOT NULL DEFAULT '',
  facts    BYTEA NOT NULL DEFAULT '', -- JSON: supplement.json of the file
  PRIMARY KEY (hearing, subject),
  CHECK (made = 0 OR (number > 0 AND node <> '' AND size > 0 AND length(sha256) = 32 AND length(manifest) = 32))
);
CREATE UNIQUE INDEX archive_supplement_number ON archive_supplement (hearing, number) WHERE number > 0;
CREATE INDEX archive_supplement_waiting ON archive_supplement (wanted) WHERE made = 0;
CREATE TRIGGER archive_supplement_identity BEFORE UPDATE ON archive_supplement
  FOR EACH ROW WHEN (OLD.made > 0 OR NEW.hearing <> OLD.hearing OR NEW.subject <> OLD.subject OR NEW.kind <> OLD.kind
    OR (OLD.number > 0 AND NEW.number <> OLD.number)) EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_supplement_kept BEFORE DELETE OR TRUNCATE ON archive_supplement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- A copy of a supplement stands under the last part that it cites.
ALTER TABLE stored_object ADD COLUMN supplement BIGINT NOT NULL DEFAULT 0 CHECK (supplement >= 0);
