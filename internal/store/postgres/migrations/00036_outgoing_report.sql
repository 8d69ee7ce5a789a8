-- +goose Up
-- Reports on their way to the data-sharing platform (LGSP). What is sent does not change;
-- what was sent stays so, and none is removed. 1048576 bytes are lgsp.MaxEnvelope.
CREATE TABLE outgoing_report (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit    TEXT NOT NULL CHECK (unit <> ''),
  day     TEXT NOT NULL CHECK (length(day) = 10),
  digest  TEXT NOT NULL CHECK (length(digest) = 64),
  body    BYTEA NOT NULL CHECK (length(body) BETWEEN 1 AND 1048576),
  account TEXT NOT NULL REFERENCES account (id),
  made    BIGINT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
  tries   BIGINT NOT NULL CHECK (tries BETWEEN 0 AND 100),
  due     BIGINT NOT NULL,
  settled BIGINT CHECK ((settled IS NULL) = (state = 'waiting')),
  reason  TEXT NOT NULL
);
CREATE INDEX outgoing_report_by_day ON outgoing_report (unit, day, made);
CREATE INDEX outgoing_report_due ON outgoing_report (due) WHERE state = 'waiting';
CREATE TRIGGER outgoing_report_same BEFORE UPDATE ON outgoing_report
  FOR EACH ROW WHEN (OLD.state = 'sent' OR NEW.id <> OLD.id OR NEW.unit <> OLD.unit OR NEW.day <> OLD.day OR NEW.digest <> OLD.digest
  OR NEW.body <> OLD.body OR NEW.account <> OLD.account OR NEW.made <> OLD.made)
  EXECUTE FUNCTION refuse();
CREATE TRIGGER outgoing_report_kept BEFORE DELETE OR TRUNCATE ON outgoing_report
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
