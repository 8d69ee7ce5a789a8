-- +goose Up
-- Ids are text (UUIDv7), times UTC unix microseconds, truth values 0 or 1.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE hearing (
  id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  room      TEXT NOT NULL UNIQUE CHECK (length(room) = 32),
  unit      TEXT NOT NULL CHECK (unit <> ''),
  docket_no TEXT NOT NULL,
  title     TEXT NOT NULL,
  starts_at BIGINT NOT NULL,
  demo      BIGINT NOT NULL CHECK (demo IN (0, 1))
);
CREATE INDEX hearing_by_start ON hearing (starts_at, id);

CREATE TABLE person_name (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  person  TEXT NOT NULL CHECK (person <> ''),
  name    TEXT NOT NULL,
  PRIMARY KEY (hearing, person)
);

-- A released lease has an empty node; its epoch stays, so that it never falls.
CREATE TABLE lease (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  node    TEXT NOT NULL,
  epoch   BIGINT NOT NULL CHECK (epoch >= 1),
  expires BIGINT NOT NULL
);

CREATE TABLE state_log (
  hearing TEXT NOT NULL REFERENCES hearing (id),
  seq     BIGINT NOT NULL CHECK (seq >= 1),
  epoch   BIGINT NOT NULL,
  line    BYTEA NOT NULL CHECK (length(line) > 0),
  prev    BYTEA NOT NULL CHECK (length(prev) = 32),
  hash    BYTEA NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (hearing, seq)
);

CREATE TABLE checkpoint (
  n         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hearing   TEXT NOT NULL REFERENCES hearing (id),
  size      BIGINT NOT NULL,
  note_hash BYTEA NOT NULL CHECK (length(note_hash) = 32),
  note      BYTEA NOT NULL,
  UNIQUE (hearing, size, note_hash)
);
CREATE INDEX checkpoint_last ON checkpoint (hearing, n);

CREATE TABLE invitation (
  token_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  hearing    TEXT NOT NULL REFERENCES hearing (id),
  person     TEXT NOT NULL,
  device     TEXT NOT NULL,
  expires    BIGINT NOT NULL,
  used_at    BIGINT
);
CREATE INDEX invitation_by_person ON invitation (hearing, person);

CREATE TABLE session (
  token_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  hearing    TEXT NOT NULL REFERENCES hearing (id),
  person     TEXT NOT NULL,
  device     TEXT NOT NULL,
  created    BIGINT NOT NULL,
  expires    BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  revoked    BIGINT NOT NULL CHECK (revoked IN (0, 1))
);
CREATE INDEX session_by_person ON session (hearing, person);

CREATE TABLE access_log (
  n       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      BIGINT NOT NULL,
  unit    TEXT NOT NULL,
  hearing TEXT NOT NULL,
  person  TEXT NOT NULL,
  what    TEXT NOT NULL,
  count   BIGINT NOT NULL CHECK (count >= 1)
);
CREATE INDEX access_by_unit ON access_log (unit, at);

-- What a row is stays as it was written: the scope check relies on it.
-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% forbidden on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'PH004';
END $$;
-- +goose StatementEnd

CREATE TRIGGER hearing_identity BEFORE UPDATE OF id, room, unit, demo ON hearing
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER meta_once BEFORE UPDATE OR DELETE OR TRUNCATE ON meta
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER state_log_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON state_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER checkpoint_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER access_log_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER lease_kept BEFORE DELETE OR TRUNCATE ON lease
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- +goose StatementBegin
CREATE FUNCTION lease_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.epoch < OLD.epoch OR NEW.hearing <> OLD.hearing
     OR (NEW.node <> OLD.node AND NEW.node <> '' AND NEW.epoch = OLD.epoch) THEN
    RAISE EXCEPTION 'a lease changes hands with a higher epoch only' USING ERRCODE = 'PH001';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lease_grows BEFORE UPDATE ON lease
  FOR EACH ROW EXECUTE FUNCTION lease_grows();

-- The lock on the lease row orders this insert against every takeover, also
-- when somebody inserts by hand. Each query below sees what is committed then.
-- +goose StatementBegin
CREATE FUNCTION state_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq  bigint;
  last_hash bytea;
BEGIN
  PERFORM 1 FROM lease
    WHERE hearing = NEW.hearing AND epoch = NEW.epoch AND node <> '' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'fenced' USING ERRCODE = 'PH001';
  END IF;
  SELECT seq, hash INTO last_seq, last_hash FROM state_log
    WHERE hearing = NEW.hearing ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    last_seq := 0;
    last_hash := decode(repeat('00', 32), 'hex');
  END IF;
  IF NEW.seq IS DISTINCT FROM last_seq + 1 THEN
    RAISE EXCEPTION 'sequence' USING ERRCODE = 'PH002';
  END IF;
  IF NEW.prev IS DISTINCT FROM last_hash OR NEW.hash IS DISTINCT FROM sha256(NEW.prev || NEW.line) THEN
    RAISE EXCEPTION 'chain' USING ERRCODE = 'PH003';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER state_log_chain BEFORE INSERT ON state_log
  FOR EACH ROW EXECUTE FUNCTION state_log_chain();
