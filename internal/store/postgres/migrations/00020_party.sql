-- +goose Up
-- A request may be for a copy that a person of the hearing gets (JSON: person, part,
-- span, tracks). It stands from the beginning, lets nobody see the archive, and does
-- not stand in the way of a request to see it.
ALTER TABLE archive_request ADD COLUMN copy TEXT NOT NULL DEFAULT '';
DROP INDEX archive_request_waits;
CREATE UNIQUE INDEX archive_request_waits ON archive_request (hearing, account) WHERE outcome = '' AND copy = '';
CREATE UNIQUE INDEX archive_request_copy_waits ON archive_request (hearing, copy) WHERE outcome = '' AND copy <> '';
CREATE TRIGGER archive_request_copy BEFORE UPDATE OF copy ON archive_request
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
