-- What staff tell many people at once. once tells a form that was sent twice;
-- cleared is 1 when a withdrawn announcement has left every inbox.

-- +goose Up
CREATE TABLE announcement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    once TEXT NOT NULL CHECK (length(once) <= 40),
    staff_id INTEGER NOT NULL,
    title TEXT NOT NULL CHECK (length(title) <= 160),
    text TEXT NOT NULL,
    province TEXT NOT NULL,
    kind INTEGER NOT NULL,
    category_id INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    withdrawn_at INTEGER NOT NULL DEFAULT 0,
    cleared INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX announcement_once ON announcement (once);
CREATE INDEX announcement_list ON announcement (created_at, id);

-- +goose Down
DROP TABLE announcement;
