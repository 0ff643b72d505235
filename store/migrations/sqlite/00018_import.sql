-- What became of the rows of the earlier system, so that an import can be
-- repeated: kind names the old table, old_id its key, new_id ours.

-- +goose Up
CREATE TABLE import_row (
    kind TEXT NOT NULL CHECK (length(kind) <= 20),
    old_id TEXT NOT NULL CHECK (length(old_id) <= 40),
    new_id INTEGER NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (kind, old_id)
) STRICT;

-- +goose Down
DROP TABLE import_row;
