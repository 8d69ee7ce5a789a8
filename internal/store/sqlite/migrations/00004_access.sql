-- +goose Up
-- Where a sign-in began, for its holder's eyes; acts of administrators that take a
-- second one.
ALTER TABLE account_session ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE account_session ADD COLUMN agent TEXT NOT NULL DEFAULT '';

-- What others have ended is asked for by the nodes that host the hearing.
CREATE INDEX session_revoked ON session (hearing) WHERE revoked = 1;

-- Nobody proposes or confirms something about themselves, or confirms their own
-- proposal: the database itself says so.
CREATE TABLE proposal (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  unit     TEXT NOT NULL CHECK (unit <> ''),
  kind     TEXT NOT NULL CHECK (kind <> ''),
  account  TEXT NOT NULL REFERENCES account (id),
  data     BLOB NOT NULL,
  proposer TEXT NOT NULL CHECK (proposer <> '' AND proposer <> account),
  at       INTEGER NOT NULL,
  expires  INTEGER NOT NULL CHECK (expires > at),
  outcome  TEXT NOT NULL CHECK (outcome IN ('', 'confirmed', 'withdrawn')),
  done_by  TEXT NOT NULL,
  done_at  INTEGER NOT NULL,
  CHECK (outcome <> 'confirmed' OR (done_by <> '' AND done_by <> proposer AND done_by <> account AND done_at < expires))
) STRICT;
CREATE INDEX proposal_by_age ON proposal (at);

-- +goose StatementBegin
CREATE TRIGGER proposal_identity BEFORE UPDATE OF id, unit, kind, account, data, proposer, at, expires ON proposal
BEGIN SELECT RAISE(ABORT, 'PH004 a proposal stays as it was made'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_settled_once BEFORE UPDATE ON proposal
WHEN OLD.outcome <> ''
BEGIN SELECT RAISE(ABORT, 'PH004 a proposal is settled once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER proposal_delete BEFORE DELETE ON proposal
BEGIN SELECT RAISE(ABORT, 'PH004 a proposal stays'); END;
-- +goose StatementEnd
-- INSERT OR REPLACE removes rows without firing delete triggers.
-- +goose StatementBegin
CREATE TRIGGER proposal_replace BEFORE INSERT ON proposal
WHEN EXISTS (SELECT 1 FROM proposal WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'PH004 the proposal stands already'); END;
-- +goose StatementEnd
