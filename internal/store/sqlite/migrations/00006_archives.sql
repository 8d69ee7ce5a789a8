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

-- What archives are found by beside hearing_search: the people's names (store.Fold),
-- one a line.
CREATE TABLE archive_search (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  people  TEXT NOT NULL
) STRICT;

-- Who asked to see an archive for what, and who allowed it until when. Nobody
-- decides on their own request: the database itself says so.
CREATE TABLE archive_request (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  account  TEXT NOT NULL CHECK (account <> ''),
  purpose  TEXT NOT NULL CHECK (purpose <> ''),
  download INTEGER NOT NULL CHECK (download IN (0, 1)),
  closed   INTEGER NOT NULL CHECK (closed IN (0, 1)),
  at       INTEGER NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('', 'granted', 'refused', 'ended')),
  done_by  TEXT NOT NULL,
  done_at  INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  until    INTEGER NOT NULL,
  CHECK (outcome = '' OR done_by <> ''),
  CHECK (outcome NOT IN ('granted', 'refused') OR done_by <> account),
  CHECK ((outcome = 'granted') = (until > 0)),
  CHECK (outcome <> 'granted' OR until > done_at)
) STRICT;
CREATE INDEX archive_request_by_hearing ON archive_request (hearing, at);
CREATE INDEX archive_request_by_account ON archive_request (account, at);
CREATE UNIQUE INDEX archive_request_waits ON archive_request (hearing, account) WHERE outcome = '';

CREATE TABLE archive_view (
  n       INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  hearing TEXT NOT NULL REFERENCES hearing (id),
  part    INTEGER NOT NULL,
  account TEXT NOT NULL CHECK (account <> ''),
  request TEXT NOT NULL,
  what    TEXT NOT NULL CHECK (what <> '')
) STRICT;
CREATE INDEX archive_view_by_hearing ON archive_view (hearing, n);

CREATE TABLE archive_check (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing TEXT NOT NULL,
  part    INTEGER NOT NULL,
  asked_by TEXT NOT NULL CHECK (asked_by <> ''),
  at      INTEGER NOT NULL,
  done    INTEGER NOT NULL,
  exit    INTEGER NOT NULL CHECK (exit BETWEEN -1 AND 3 AND (exit = -1) = (done = 0)),
  same    INTEGER NOT NULL CHECK (same IN (0, 1)),
  report  BLOB NOT NULL, -- JSON
  FOREIGN KEY (hearing, part) REFERENCES archive_part (hearing, part)
) STRICT;
CREATE INDEX archive_check_by_hearing ON archive_check (hearing, at);
CREATE UNIQUE INDEX archive_check_waits ON archive_check (hearing, part) WHERE done = 0;

CREATE TABLE archive_keep (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  class   TEXT NOT NULL,
  hold    TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at      INTEGER NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER archive_request_identity BEFORE UPDATE OF id, hearing, account, purpose, at ON archive_request
BEGIN SELECT RAISE(ABORT, 'PH004 a request stays what was asked'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_request_settled BEFORE UPDATE ON archive_request
WHEN OLD.outcome IN ('refused', 'ended') OR (OLD.outcome = 'granted' AND NEW.outcome <> 'ended')
BEGIN SELECT RAISE(ABORT, 'PH004 settled for good'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_request_delete BEFORE DELETE ON archive_request
BEGIN SELECT RAISE(ABORT, 'PH004 a request stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_view_delete BEFORE DELETE ON archive_view
BEGIN SELECT RAISE(ABORT, 'PH004 archive_view is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_check_delete BEFORE DELETE ON archive_check
BEGIN SELECT RAISE(ABORT, 'PH004 a check stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_view_update BEFORE UPDATE ON archive_view
BEGIN SELECT RAISE(ABORT, 'PH004 archive_view is insert-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_check_done BEFORE UPDATE ON archive_check
WHEN OLD.done <> 0
BEGIN SELECT RAISE(ABORT, 'PH004 a result stands'); END;
-- +goose StatementEnd
