-- +goose Up
-- Reports on their way to the data-sharing platform (LGSP). What is sent does not change;
-- what was sent stays so, and none is removed. 1048576 bytes are lgsp.MaxEnvelope.
CREATE TABLE outgoing_report (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit    TEXT NOT NULL CHECK (unit <> ''),
  day     TEXT NOT NULL CHECK (length(day) = 10),
  digest  TEXT NOT NULL CHECK (length(digest) = 64),
  body    BLOB NOT NULL CHECK (length(body) BETWEEN 1 AND 1048576),
  account TEXT NOT NULL REFERENCES account (id),
  made    INTEGER NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
  tries   INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 100),
  due     INTEGER NOT NULL,
  settled INTEGER CHECK ((settled IS NULL) = (state = 'waiting')),
  reason  TEXT NOT NULL
) STRICT;
CREATE INDEX outgoing_report_by_day ON outgoing_report (unit, day, made);
CREATE INDEX outgoing_report_due ON outgoing_report (due) WHERE state = 'waiting';
-- +goose StatementBegin
CREATE TRIGGER outgoing_report_once BEFORE INSERT ON outgoing_report
WHEN EXISTS (SELECT 1 FROM outgoing_report o WHERE o.id = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outgoing_report_update BEFORE UPDATE ON outgoing_report
WHEN OLD.state = 'sent' OR NEW.id <> OLD.id OR NEW.unit <> OLD.unit OR NEW.day <> OLD.day OR NEW.digest <> OLD.digest
  OR NEW.body <> OLD.body OR NEW.account <> OLD.account OR NEW.made <> OLD.made
BEGIN SELECT RAISE(ABORT, 'PH004 outgoing_report keeps what is sent'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER outgoing_report_delete BEFORE DELETE ON outgoing_report
BEGIN SELECT RAISE(ABORT, 'PH004 outgoing_report is kept'); END;
-- +goose StatementEnd
