-- +goose Up
-- Sealed evidence: which parts there are. The files are the truth; a row may be
-- made again from its file.
CREATE TABLE archive_part (
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  part     BIGINT NOT NULL CHECK (part >= 1),
  node     TEXT NOT NULL CHECK (node <> ''),
  path     TEXT NOT NULL CHECK (path <> ''),
  size     BIGINT NOT NULL CHECK (size > 0),
  sha256   BYTEA NOT NULL CHECK (length(sha256) = 32),
  manifest BYTEA NOT NULL CHECK (length(manifest) = 32),
  root     BYTEA NOT NULL CHECK (length(root) = 32),
  lines    BIGINT NOT NULL,
  began    BIGINT NOT NULL,
  ended    BIGINT NOT NULL,
  gaps     BIGINT NOT NULL,
  damages  BIGINT NOT NULL,
  stamped  BIGINT NOT NULL CHECK (stamped IN (0, 1)),
  sealed   BIGINT NOT NULL,
  facts    BYTEA NOT NULL, -- JSON
  removed  BIGINT NOT NULL DEFAULT 0, -- when the file was disposed of
  PRIMARY KEY (hearing, part)
);
CREATE TRIGGER archive_part_identity BEFORE UPDATE OF hearing, part, manifest, root, lines, began, ended, sealed ON archive_part
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_part_kept BEFORE DELETE OR TRUNCATE ON archive_part
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- What archives are found by beside hearing_search: the people's names (store.Fold),
-- one a line.
CREATE TABLE archive_search (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  people  TEXT NOT NULL
);

-- Who asked to see an archive for what, and who allowed it until when. Nobody
-- decides on their own request: the database itself says so.
CREATE TABLE archive_request (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  account  TEXT NOT NULL CHECK (account <> ''),
  purpose  TEXT NOT NULL CHECK (purpose <> ''),
  download BIGINT NOT NULL CHECK (download IN (0, 1)),
  closed   BIGINT NOT NULL CHECK (closed IN (0, 1)),
  at       BIGINT NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('', 'granted', 'refused', 'ended')),
  done_by  TEXT NOT NULL,
  done_at  BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  until    BIGINT NOT NULL,
  CHECK (outcome = '' OR done_by <> ''),
  CHECK (outcome NOT IN ('granted', 'refused') OR done_by <> account),
  CHECK ((outcome = 'granted') = (until > 0)),
  CHECK (outcome <> 'granted' OR until > done_at)
);
CREATE INDEX archive_request_by_hearing ON archive_request (hearing, at);
CREATE INDEX archive_request_by_account ON archive_request (account, at);
CREATE UNIQUE INDEX archive_request_waits ON archive_request (hearing, account) WHERE outcome = '';

CREATE TABLE archive_view (
  n       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      BIGINT NOT NULL,
  hearing TEXT NOT NULL REFERENCES hearing (id),
  part    BIGINT NOT NULL,
  account TEXT NOT NULL CHECK (account <> ''),
  request TEXT NOT NULL,
  what    TEXT NOT NULL CHECK (what <> '')
);
CREATE INDEX archive_view_by_hearing ON archive_view (hearing, n);

CREATE TABLE archive_check (
  id      TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing TEXT NOT NULL,
  part    BIGINT NOT NULL,
  asked_by TEXT NOT NULL CHECK (asked_by <> ''),
  at      BIGINT NOT NULL,
  done    BIGINT NOT NULL,
  exit    BIGINT NOT NULL CHECK (exit BETWEEN -1 AND 3 AND (exit = -1) = (done = 0)),
  same    BIGINT NOT NULL CHECK (same IN (0, 1)),
  report  BYTEA NOT NULL, -- JSON
  FOREIGN KEY (hearing, part) REFERENCES archive_part (hearing, part)
);
CREATE INDEX archive_check_by_hearing ON archive_check (hearing, at);
CREATE UNIQUE INDEX archive_check_waits ON archive_check (hearing, part) WHERE done = 0;

CREATE TABLE archive_keep (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  class   TEXT NOT NULL,
  hold    TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  at      BIGINT NOT NULL
);

CREATE TRIGGER archive_request_identity BEFORE UPDATE OF id, hearing, account, purpose, at ON archive_request
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_request_settled BEFORE UPDATE ON archive_request
  FOR EACH ROW WHEN (OLD.outcome IN ('refused', 'ended') OR (OLD.outcome = 'granted' AND NEW.outcome <> 'ended')) EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_request_kept BEFORE DELETE OR TRUNCATE ON archive_request
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_view_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON archive_view
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_check_done BEFORE UPDATE ON archive_check
  FOR EACH ROW WHEN (OLD.done <> 0) EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_check_kept BEFORE DELETE OR TRUNCATE ON archive_check
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

CREATE TABLE archive_lodging (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing   TEXT NOT NULL REFERENCES hearing (id),
  reference TEXT NOT NULL CHECK (reference <> ''),
  folios    TEXT NOT NULL,
  parts     TEXT NOT NULL, -- JSON
  account   TEXT NOT NULL CHECK (account <> ''),
  at        BIGINT NOT NULL,
  UNIQUE (hearing, reference)
);

-- Disposal takes two, and not while a hold stands: the database itself says so.
CREATE TABLE archive_disposal (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  hearing  TEXT NOT NULL REFERENCES hearing (id),
  reason   TEXT NOT NULL CHECK (reason <> ''),
  proposer TEXT NOT NULL CHECK (proposer <> ''),
  at       BIGINT NOT NULL,
  expires  BIGINT NOT NULL CHECK (expires > at),
  outcome  TEXT NOT NULL CHECK (outcome IN ('', 'confirmed', 'withdrawn')),
  done_by  TEXT NOT NULL,
  done_at  BIGINT NOT NULL,
  contents TEXT NOT NULL, -- JSON
  CHECK (outcome <> 'confirmed' OR (done_by <> '' AND done_by <> proposer AND done_at < expires AND contents <> ''))
);
CREATE INDEX archive_disposal_by_hearing ON archive_disposal (hearing, at);
CREATE UNIQUE INDEX archive_disposal_once ON archive_disposal (hearing) WHERE outcome <> 'withdrawn';
CREATE TRIGGER archive_lodging_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON archive_lodging
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_disposal_identity BEFORE UPDATE OF id, hearing, reason, proposer, at, expires ON archive_disposal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_disposal_settled BEFORE UPDATE ON archive_disposal
  FOR EACH ROW WHEN (OLD.outcome <> '') EXECUTE FUNCTION refuse();
CREATE TRIGGER archive_disposal_kept BEFORE DELETE OR TRUNCATE ON archive_disposal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
-- +goose StatementBegin
CREATE FUNCTION archive_not_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM archive_keep k WHERE k.hearing = NEW.hearing AND k.hold <> '' FOR UPDATE) THEN
    RAISE EXCEPTION 'under a hold' USING ERRCODE = 'PH004';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER archive_disposal_held BEFORE UPDATE ON archive_disposal
  FOR EACH ROW WHEN (NEW.outcome = 'confirmed') EXECUTE FUNCTION archive_not_held();
-- +goose StatementBegin
CREATE FUNCTION archive_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.removed <> 0 OR NOT EXISTS (SELECT 1 FROM archive_disposal d WHERE d.hearing = NEW.hearing AND d.outcome = 'confirmed') THEN
    RAISE EXCEPTION 'nothing is removed without its disposal' USING ERRCODE = 'PH004';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER archive_part_removed BEFORE UPDATE OF removed ON archive_part
  FOR EACH ROW EXECUTE FUNCTION archive_removed();
