-- Growth tasks: who earned how many points for what, and everybody's sum. An
-- entry is never changed; points that are taken back are an entry of their own.

-- +goose Up
CREATE TABLE growth_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    task INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    partner_id INTEGER NOT NULL,
    points INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX growth_entry_once ON growth_entry (event_id, user_id, task);
CREATE INDEX growth_entry_list ON growth_entry (user_id, created_at, id);
CREATE INDEX growth_entry_task ON growth_entry (user_id, task, created_at, subject, partner_id, points);

CREATE TABLE growth_account (
    user_id INTEGER NOT NULL,
    points INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE growth_account;
DROP TABLE growth_entry;
