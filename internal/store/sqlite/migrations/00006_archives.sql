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
  removed  INTEGER NOT NULL DEFAULT 0, -- when the file was disposed of
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

CREATE TABLE archive_lodging (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing   TEXT NOT NULL REFERENCES hearing (id),
  reference TEXT NOT NULL CHECK (reference <> ''),
  folios    TEXT NOT NULL,
  parts     TEXT NOT NULL, -- JSON
  account   TEXT NOT NULL CHECK (account <> ''),
  at        INTEGER NOT NULL,
  UNIQUE (hearing, reference)
) STRICT;

-- Disposal takes two, and not while a hold stands: the database itself says so.
CREATE TABLE archive_disposal (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  reason   TEXT NOT NULL CHECK (reason <> ''),
  proposer TEXT NOT NULL CHECK (proposer <> ''),
  at       INTEGER NOT NULL,
  expires  INTEGER NOT NULL CHECK (expires > at),
  outcome  TEXT NOT NULL CHECK (outcome IN ('', 'confirmed', 'withdrawn')),
  done_by  TEXT NOT NULL,
  done_at  INTEGER NOT NULL,
  contents TEXT NOT NULL, -- JSON
  CHECK (outcome <> 'confirmed' OR (done_by <> '' AND done_by <> proposer AND done_at < expires AND contents <> ''))
) STRICT;
CREATE INDEX archive_disposal_by_hearing ON archive_disposal (hearing, at);
CREATE UNIQUE INDEX archive_disposal_once ON archive_disposal (hearing) WHERE outcome <> 'withdrawn';
-- +goose StatementBegin
CREATE TRIGGER archive_lodging_update BEFORE UPDATE ON archive_lodging
BEGIN SELECT RAISE(ABORT, 'PH004 a receipt stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_lodging_delete BEFORE DELETE ON archive_lodging
BEGIN SELECT RAISE(ABORT, 'PH004 a receipt stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_disposal_identity BEFORE UPDATE OF id, hearing, reason, proposer, at, expires ON archive_disposal
BEGIN SELECT RAISE(ABORT, 'PH004 a disposal stays as it was proposed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_disposal_settled BEFORE UPDATE ON archive_disposal
WHEN OLD.outcome <> ''
BEGIN SELECT RAISE(ABORT, 'PH004 settled for good'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_disposal_delete BEFORE DELETE ON archive_disposal
BEGIN SELECT RAISE(ABORT, 'PH004 a tombstone stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_disposal_held BEFORE UPDATE ON archive_disposal
WHEN NEW.outcome = 'confirmed' AND EXISTS (SELECT 1 FROM archive_keep k WHERE k.hearing = NEW.hearing AND k.hold <> '')
BEGIN SELECT RAISE(ABORT, 'PH004 under a hold'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archive_part_removed BEFORE UPDATE OF removed ON archive_part
WHEN OLD.removed <> 0 OR NOT EXISTS (SELECT 1 FROM archive_disposal d WHERE d.hearing = NEW.hearing AND d.outcome = 'confirmed')
BEGIN SELECT RAISE(ABORT, 'PH004 nothing is removed without its disposal'); END;
-- +goose StatementEnd
