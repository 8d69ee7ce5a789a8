-- +goose Up
-- When a hearing was opened, and when it was over or suspended; 0: not. Rows of hearings
-- that ended before have 0 until their nodes write them again.
ALTER TABLE hearing_info ADD COLUMN opened_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hearing_info ADD COLUMN ended_at BIGINT NOT NULL DEFAULT 0;

-- What held of following a hearing from outside, from a time on; seq is the event of the
-- hearing's log from which it held. Insert-only. by_whom is empty where nobody decided.
CREATE TABLE releases (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  seq      BIGINT NOT NULL CHECK (seq >= 1),
  at       BIGINT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('open', 'closed', 'named')),
  units    TEXT NOT NULL,
  reason   TEXT NOT NULL,
  by_whom  TEXT NOT NULL,
  PRIMARY KEY (hearing, seq)
);
CREATE TRIGGER releases_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON releases
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- A life of a node's process, which says in seen that it is there. What it did not end
-- any more ended when it was last seen.
CREATE TABLE watching_runs (
  id   TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  node TEXT NOT NULL CHECK (node <> ''),
  seen BIGINT NOT NULL
);
CREATE TRIGGER watching_runs_forward BEFORE UPDATE ON watching_runs
  FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.node <> OLD.node OR NEW.seen < OLD.seen) EXECUTE FUNCTION refuse();
CREATE TRIGGER watching_runs_kept BEFORE DELETE OR TRUNCATE ON watching_runs
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- Who followed a hearing from outside, of which unit, from when to when.
CREATE TABLE watchings (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  unit     TEXT NOT NULL CHECK (unit <> ''),
  official TEXT NOT NULL CHECK (official <> ''),
  run      TEXT NOT NULL REFERENCES watching_runs (id),
  began    BIGINT NOT NULL,
  ended    BIGINT CHECK (ended >= began)
);
CREATE INDEX watchings_by_hearing ON watchings (hearing, began);
CREATE TRIGGER watchings_end_once BEFORE UPDATE ON watchings
  FOR EACH ROW WHEN (OLD.ended IS NOT NULL OR NEW.ended IS NULL OR NEW.id <> OLD.id OR NEW.hearing <> OLD.hearing
    OR NEW.unit <> OLD.unit OR NEW.official <> OLD.official OR NEW.run <> OLD.run OR NEW.began <> OLD.began)
  EXECUTE FUNCTION refuse();
CREATE TRIGGER watchings_kept BEFORE DELETE OR TRUNCATE ON watchings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
