-- +goose Up
-- What the head of a procuracy lent to a deputy of the unit, from when to when. Only
-- revoking changes a row, once; none is removed. 2592000000000 microseconds are 30 days.
CREATE TABLE delegations (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  by_account TEXT NOT NULL REFERENCES account (id),
  to_account TEXT NOT NULL REFERENCES account (id) CHECK (to_account <> by_account),
  unit       TEXT NOT NULL CHECK (unit <> ''),
  under      TEXT NOT NULL,
  starts     INTEGER NOT NULL,
  ends       INTEGER NOT NULL CHECK (ends > starts AND ends - starts <= 2592000000000),
  made       INTEGER NOT NULL,
  revoked    INTEGER CHECK (revoked < ends),
  revoked_by TEXT NOT NULL CHECK ((revoked IS NULL) = (revoked_by = ''))
) STRICT;
CREATE INDEX delegations_by_receiver ON delegations (to_account, ends);
CREATE INDEX delegations_by_unit ON delegations (unit, ends);
-- +goose StatementBegin
CREATE TRIGGER delegations_once BEFORE INSERT ON delegations
WHEN EXISTS (SELECT 1 FROM delegations d WHERE d.id = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delegations_update BEFORE UPDATE ON delegations
WHEN OLD.revoked IS NOT NULL OR NEW.revoked IS NULL OR NEW.id <> OLD.id OR NEW.by_account <> OLD.by_account
  OR NEW.to_account <> OLD.to_account OR NEW.unit <> OLD.unit OR NEW.under <> OLD.under
  OR NEW.starts <> OLD.starts OR NEW.ends <> OLD.ends OR NEW.made <> OLD.made
BEGIN SELECT RAISE(ABORT, 'PH004 delegations are only revoked, once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER delegations_delete BEFORE DELETE ON delegations
BEGIN SELECT RAISE(ABORT, 'PH004 delegations is kept'); END;
-- +goose StatementEnd
