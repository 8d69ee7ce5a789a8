-- +goose Up
-- A viewing wall is a room device without a browser, as an encoder is: it shows a bearer
-- token, of which public_key is the SHA-256, and plays by WHEP. A CHECK cannot be changed,
-- so the column is made anew.
DROP TRIGGER room_device_kind;
ALTER TABLE room_device ADD COLUMN kind_now TEXT NOT NULL DEFAULT 'computer' CHECK (kind_now IN ('computer', 'encoder', 'wall') AND (kind_now = 'computer' OR length(public_key) = 32));
UPDATE room_device SET kind_now = kind;
ALTER TABLE room_device DROP COLUMN kind;
ALTER TABLE room_device RENAME COLUMN kind_now TO kind;
-- +goose StatementBegin
CREATE TRIGGER room_device_kind BEFORE UPDATE OF kind ON room_device
BEGIN SELECT RAISE(ABORT, 'PH004 a room device keeps its kind'); END;
-- +goose StatementEnd
