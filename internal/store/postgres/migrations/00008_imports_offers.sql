-- +goose Up
-- What a case system sent last for a docket number, by its digest: what it sends
-- again unchanged does not undo what a clerk has changed since.
CREATE TABLE imported (
  unit      TEXT NOT NULL CHECK (unit <> ''),
  docket_no TEXT NOT NULL CHECK (docket_no <> ''),
  digest    BYTEA NOT NULL CHECK (length(digest) = 32),
  at        BIGINT NOT NULL,
  PRIMARY KEY (unit, docket_no)
);

-- Courts to which the unit of a room device lends it.
CREATE TABLE room_device_court (
  device TEXT NOT NULL REFERENCES room_device (id),
  court  TEXT NOT NULL CHECK (court <> ''),
  PRIMARY KEY (device, court)
);
