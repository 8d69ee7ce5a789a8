-- +goose Up
-- The log of a hearing's minutes and the files made of it. An item stands behind the
-- event that was the last one of the hearing's log when it came: both logs have one
-- order, and a line of the minutes keeps its number.

CREATE TABLE minutes_item (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  n       BIGINT NOT NULL CHECK (n >= 1),
  seq     BIGINT NOT NULL CHECK (seq >= 1),
  line    BYTEA NOT NULL CHECK (length(line) > 0),
  prev    BYTEA NOT NULL CHECK (length(prev) = 32),
  hash    BYTEA NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (hearing, n)
);

CREATE TABLE minutes_document (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  sha256  BYTEA NOT NULL CHECK (length(sha256) = 32),
  body    BYTEA NOT NULL CHECK (sha256(body) = sha256),
  PRIMARY KEY (hearing, sha256)
);

CREATE TRIGGER minutes_item_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON minutes_item
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER minutes_document_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON minutes_document
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- The lock on the lease row orders this insert against every append to the hearing's
-- log, which takes the same lock.
-- +goose StatementBegin
CREATE FUNCTION minutes_item_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_n    bigint;
  last_hash bytea;
  last_seq  bigint;
BEGIN
  PERFORM 1 FROM lease WHERE hearing = NEW.hearing FOR UPDATE;
  SELECT n, hash INTO last_n, last_hash FROM minutes_item
    WHERE hearing = NEW.hearing ORDER BY n DESC LIMIT 1;
  IF NOT FOUND THEN
    last_n := 0;
    last_hash := decode(repeat('00', 32), 'hex');
  END IF;
  SELECT max(seq) INTO last_seq FROM state_log WHERE hearing = NEW.hearing;
  IF NEW.n IS DISTINCT FROM last_n + 1 OR NEW.seq IS DISTINCT FROM last_seq THEN
    RAISE EXCEPTION 'sequence' USING ERRCODE = 'PH002';
  END IF;
  IF NEW.prev IS DISTINCT FROM last_hash OR NEW.hash IS DISTINCT FROM sha256(NEW.prev || NEW.line) THEN
    RAISE EXCEPTION 'chain' USING ERRCODE = 'PH003';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER minutes_item_chain BEFORE INSERT ON minutes_item
  FOR EACH ROW EXECUTE FUNCTION minutes_item_chain();
