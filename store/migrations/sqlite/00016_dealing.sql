-- What becomes of deals: completion and cancellation, photos, the history of
-- changes, ratings of both sides, and disputes with what was said in them.
-- changes and media are JSON lists. Times are milliseconds since 1970 UTC, 0
-- means never.

-- +goose Up
ALTER TABLE deal ADD COLUMN completed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deal ADD COLUMN cancel_side INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deal ADD COLUMN cancel_reason TEXT NOT NULL DEFAULT '' CHECK (length(cancel_reason) <= 600);

CREATE TABLE deal_change (
    deal_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    side INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    changes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deal_id, version)
) STRICT;

CREATE TABLE deal_attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deal_id INTEGER NOT NULL,
    side INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    media TEXT NOT NULL CHECK (length(media) <= 64),
    type INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX deal_attachment_once ON deal_attachment (deal_id, media);
CREATE INDEX deal_attachment_media ON deal_attachment (media);

CREATE TABLE deal_rating (
    deal_id INTEGER NOT NULL,
    side INTEGER NOT NULL,
    rater_id INTEGER NOT NULL,
    rated_id INTEGER NOT NULL,
    stars INTEGER NOT NULL,
    comment TEXT NOT NULL CHECK (length(comment) <= 800),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (deal_id, side)
) STRICT;
CREATE INDEX deal_rating_rated ON deal_rating (rated_id, created_at, deal_id);

CREATE TABLE dispute (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deal_id INTEGER NOT NULL,
    side INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) <= 2000),
    respond_until INTEGER NOT NULL,
    result TEXT NOT NULL CHECK (length(result) <= 2000),
    staff_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    closed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dispute_deal ON dispute (deal_id, created_at);
CREATE INDEX dispute_list ON dispute (state, created_at, id);

CREATE TABLE dispute_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dispute_id INTEGER NOT NULL,
    side INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    text TEXT NOT NULL CHECK (length(text) <= 2000),
    media TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dispute_entry_list ON dispute_entry (dispute_id, created_at, id);
CREATE INDEX dispute_entry_user ON dispute_entry (user_id);

-- +goose Down
DROP TABLE dispute_entry;
DROP TABLE dispute;
DROP TABLE deal_rating;
DROP TABLE deal_attachment;
DROP TABLE deal_change;
ALTER TABLE deal DROP COLUMN completed_at;
ALTER TABLE deal DROP COLUMN cancel_side;
ALTER TABLE deal DROP COLUMN cancel_reason;
