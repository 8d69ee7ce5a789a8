-- +goose Up
-- When a hearing was opened, and when it was over or suspended; 0: not. Rows of hearings
-- that ended before have 0 until their nodes write them again.
ALTER TABLE hearing_info ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hearing_info ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;

-- What held of following a hearing from outside, from a time on; seq is the event of the
-- hearing's log from which it held. Insert-only. by_whom is empty where nobody decided.
CREATE TABLE releases (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  seq      INTEGER NOT NULL CHECK (seq >= 1),
  at       INTEGER NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('open', 'closed', 'named')),
  units    TEXT NOT NULL,
  reason   TEXT NOT NULL,
  by_whom  TEXT NOT NULL,
  PRIMARY KEY (hearing, seq)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER releases_once BEFORE INSERT ON releases
WHEN EXISTS (SELECT 1 FROM releases r WHERE r.hearing = NEW.hearing AND r.seq = NEW.seq)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER releases_update BEFORE UPDATE ON releases
BEGIN SELECT RAISE(ABORT, 'PH004 releases is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER releases_delete BEFORE DELETE ON releases
BEGIN SELECT RAISE(ABORT, 'PH004 releases is insert-only'); END;
-- +goose StatementEnd

-- A life of a node's process, which says in seen that it is there. What it did not end
-- any more ended when it was last seen.
CREATE TABLE watching_runs (
  id   TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  node TEXT NOT NULL CHECK (node <> ''),
  seen INTEGER NOT NULL
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER watching_runs_once BEFORE INSERT ON watching_runs
WHEN EXISTS (SELECT 1 FROM watching_runs r WHERE r.id = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER watching_runs_forward BEFORE UPDATE ON watching_runs
WHEN NEW.id <> OLD.id OR NEW.node <> OLD.node OR NEW.seen < OLD.seen
BEGIN SELECT RAISE(ABORT, 'PH004 watching_runs goes forward only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER watching_runs_delete BEFORE DELETE ON watching_runs
BEGIN SELECT RAISE(ABORT, 'PH004 watching_runs is kept'); END;
-- +goose StatementEnd

-- Who followed a hearing from outside, of which unit, from when to when.
CREATE TABLE watchings (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  unit     TEXT NOT NULL CHECK (unit <> ''),
  official TEXT NOT NULL CHECK (official <> ''),
  run      TEXT NOT NULL REFERENCES watching_runs (id),
  began    INTEGER NOT NULL,
  ended    INTEGER CHECK (ended >= began)
) STRICT;
CREATE INDEX watchings_by_hearing ON watchings (hearing, began);
-- +goose StatementBegin
CREATE TRIGGER watchings_once BEFORE INSERT ON watchings
WHEN EXISTS (SELECT 1 FROM watchings w WHERE w.id = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER watchings_update BEFORE UPDATE ON watchings
WHEN OLD.ended IS NOT NULL OR NEW.ended IS NULL OR NEW.id <> OLD.id OR NEW.hearing <> OLD.hearing
  OR NEW.unit <> OLD.unit OR NEW.official <> OLD.official OR NEW.run <> OLD.run OR NEW.began <> OLD.began
BEGIN SELECT RAISE(ABORT, 'PH004 watchings only end, once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER watchings_delete BEFORE DELETE ON watchings
BEGIN SELECT RAISE(ABORT, 'PH004 watchings is kept'); END;
-- +goose StatementEnd
