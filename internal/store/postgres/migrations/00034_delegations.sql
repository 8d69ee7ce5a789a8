-- +goose Up
-- What the head of a procuracy lent to a deputy of the unit, from when to when. Only
-- revoking changes a row, once; none is removed. 2592000000000 microseconds are 30 days.
CREATE TABLE delegations (
  id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  by_account TEXT NOT NULL REFERENCES account (id),
  to_account TEXT NOT NULL REFERENCES account (id) CHECK (to_account <> by_account),
  unit       TEXT NOT NULL CHECK (unit <> ''),
  under      TEXT NOT NULL,
  starts     BIGINT NOT NULL,
  ends       BIGINT NOT NULL CHECK (ends > starts AND ends - starts <= 2592000000000),
  made       BIGINT NOT NULL,
  revoked    BIGINT CHECK (revoked < ends),
  revoked_by TEXT NOT NULL CHECK ((revoked IS NULL) = (revoked_by = ''))
);
CREATE INDEX delegations_by_receiver ON delegations (to_account, ends);
CREATE INDEX delegations_by_unit ON delegations (unit, ends);
CREATE TRIGGER delegations_revoked_once BEFORE UPDATE ON delegations
  FOR EACH ROW WHEN (OLD.revoked IS NOT NULL OR NEW.revoked IS NULL OR NEW.id <> OLD.id OR NEW.by_account <> OLD.by_account
    OR NEW.to_account <> OLD.to_account OR NEW.unit <> OLD.unit OR NEW.under <> OLD.under
    OR NEW.starts <> OLD.starts OR NEW.ends <> OLD.ends OR NEW.made <> OLD.made)
  EXECUTE FUNCTION refuse();
CREATE TRIGGER delegations_kept BEFORE DELETE OR TRUNCATE ON delegations
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
