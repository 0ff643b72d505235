-- The version of the request in which a line was changed last: quotes made for
-- an earlier one hold once their supplier says so.

-- +goose Up
ALTER TABLE purchase_line ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE purchase_line DROP COLUMN version;
