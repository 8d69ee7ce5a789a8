-- +goose Up
-- Calendar, booking and operations. Truth about a hearing stays in its log; the
-- rows here are made from it and may be made again.

CREATE TABLE hearing_info (
  hearing     TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  e_file_code TEXT NOT NULL,
  procedure   TEXT NOT NULL,
  instance    TEXT NOT NULL,
  form        TEXT NOT NULL,
  status      TEXT NOT NULL,
  phase       TEXT NOT NULL,
  closed      INTEGER NOT NULL CHECK (closed IN (0, 1)),
  minutes     INTEGER NOT NULL,
  points      TEXT NOT NULL,
  updated     INTEGER NOT NULL
) STRICT;

-- What a hearing is found by: docket number and title, and the e-file code,
-- without case and diacritics (store.Fold).
CREATE TABLE hearing_search (
  hearing TEXT NOT NULL PRIMARY KEY REFERENCES hearing (id),
  folded  TEXT NOT NULL,
  e_file  TEXT NOT NULL
) STRICT;
INSERT INTO hearing_search (hearing, folded, e_file)
  SELECT id, lower(docket_no || ' ' || title), '' FROM hearing;

CREATE INDEX hearing_by_docket ON hearing (unit, docket_no);

CREATE TABLE seat (
  hearing     TEXT NOT NULL REFERENCES hearing (id),
  person      TEXT NOT NULL CHECK (person <> ''),
  device      TEXT NOT NULL CHECK (device <> ''),
  account     TEXT NOT NULL,
  room_device TEXT NOT NULL,
  PRIMARY KEY (hearing, person, device)
) STRICT;
CREATE INDEX seat_by_account ON seat (account);
CREATE INDEX seat_by_room_device ON seat (room_device);

CREATE TABLE alarm (
  id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  at       INTEGER NOT NULL,
  unit     TEXT NOT NULL CHECK (unit <> ''),
  hearing  TEXT NOT NULL,
  person   TEXT NOT NULL,
  device   TEXT NOT NULL,
  kind     TEXT NOT NULL CHECK (kind <> ''),
  detail   TEXT NOT NULL,
  taken_by TEXT NOT NULL,
  taken_at INTEGER NOT NULL,
  done_by  TEXT NOT NULL,
  done_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX alarm_by_end ON alarm (done_at, at);

CREATE TABLE idempotent (
  account TEXT NOT NULL CHECK (account <> ''),
  key     TEXT NOT NULL CHECK (key <> ''),
  digest  BLOB NOT NULL CHECK (length(digest) = 32),
  status  INTEGER NOT NULL,
  body    BLOB NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT;
CREATE INDEX idempotent_by_age ON idempotent (at);
