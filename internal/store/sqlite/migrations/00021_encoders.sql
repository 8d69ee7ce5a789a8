-- +goose Up
-- An encoder is a room device without a browser: it shows a bearer token, of which
-- public_key then is the SHA-256, and publishes by WHIP (RFC 9725).
ALTER TABLE room_device ADD COLUMN kind TEXT NOT NULL DEFAULT 'computer' CHECK (kind IN ('computer', 'encoder') AND (kind = 'computer' OR length(public_key) = 32));
-- +goose StatementBegin
CREATE TRIGGER room_device_kind BEFORE UPDATE OF kind ON room_device
BEGIN SELECT RAISE(ABORT, 'PH004 a room device keeps its kind'); END;
-- +goose StatementEnd
