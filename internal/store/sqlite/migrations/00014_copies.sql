-- +goose Up
-- A verification may be one that also repairs the file from a copy: then it names what
-- the damaged file is kept as. Both stand from the beginning or with the result.
ALTER TABLE archive_check ADD COLUMN repair INTEGER NOT NULL DEFAULT 0 CHECK (repair IN (0, 1));
ALTER TABLE archive_check ADD COLUMN replaced TEXT NOT NULL DEFAULT '' CHECK (replaced = '' OR repair = 1);
