-- +goose Up
-- The log of a hearing's minutes and the files made of it. An item stands behind the
-- event that was the last one of the hearing's log when it came: both logs have one
-- order, and a line of the minutes keeps its number.

CREATE TABLE minutes_item (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  n       INTEGER NOT NULL CHECK (n >= 1),
  seq     INTEGER NOT NULL CHECK (seq >= 1),
  line    BLOB NOT NULL CHECK (length(line) > 0),
  prev    BLOB NOT NULL CHECK (length(prev) = 32),
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (hearing, n)
) STRICT;

CREATE TABLE minutes_document (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  sha256  BLOB NOT NULL CHECK (length(sha256) = 32),
  body    BLOB NOT NULL CHECK (length(body) > 0),
  PRIMARY KEY (hearing, sha256)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER minutes_item_chain BEFORE INSERT ON minutes_item
BEGIN
  SELECT RAISE(ABORT, 'PH002 sequence') WHERE NEW.n IS NOT 1 + COALESCE(
    (SELECT max(n) FROM minutes_item WHERE hearing = NEW.hearing), 0);
  SELECT RAISE(ABORT, 'PH002 sequence') WHERE NEW.seq IS NOT
    (SELECT max(seq) FROM state_log WHERE hearing = NEW.hearing);
  SELECT RAISE(ABORT, 'PH003 chain') WHERE NEW.prev IS NOT COALESCE(
    (SELECT hash FROM minutes_item WHERE hearing = NEW.hearing AND n = NEW.n - 1), zeroblob(32));
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_item_update BEFORE UPDATE ON minutes_item
BEGIN SELECT RAISE(ABORT, 'PH004 minutes_item is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_item_delete BEFORE DELETE ON minutes_item
BEGIN SELECT RAISE(ABORT, 'PH004 minutes_item is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_document_update BEFORE UPDATE ON minutes_document
BEGIN SELECT RAISE(ABORT, 'PH004 minutes_document is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER minutes_document_delete BEFORE DELETE ON minutes_document
BEGIN SELECT RAISE(ABORT, 'PH004 minutes_document is insert-only'); END;
-- +goose StatementEnd
-- INSERT OR REPLACE removes rows without firing delete triggers.
-- +goose StatementBegin
CREATE TRIGGER minutes_document_replace BEFORE INSERT ON minutes_document
WHEN EXISTS (SELECT 1 FROM minutes_document WHERE hearing = NEW.hearing AND sha256 = NEW.sha256)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
