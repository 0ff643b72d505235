-- Rounds in which a purchase is made known to suppliers, who was told of which
-- line and why, and what each supplier was pushed lately. Settings that staff
-- change. Times are milliseconds since 1970 UTC, 0 means never.

-- +goose Up
ALTER TABLE delivery ADD COLUMN clicked_at INTEGER NOT NULL DEFAULT 0;

CREATE TABLE setting (
    name       TEXT    NOT NULL PRIMARY KEY CHECK (length(name) <= 64),
    value      TEXT    NOT NULL,
    staff_id   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE push_round (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    event_id    INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    wanted      INTEGER NOT NULL,
    exhausted   INTEGER NOT NULL DEFAULT 0,
    reason      TEXT    NOT NULL CHECK (length(reason) <= 300),
    staff_id    INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    told_at     INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL DEFAULT 0,
    count_at    INTEGER NOT NULL DEFAULT 0,
    counted_at  INTEGER NOT NULL DEFAULT 0,
    matched     INTEGER NOT NULL DEFAULT 0,
    capped      INTEGER NOT NULL DEFAULT 0,
    sent        INTEGER NOT NULL DEFAULT 0,
    delivered   INTEGER NOT NULL DEFAULT 0,
    clicked     INTEGER NOT NULL DEFAULT 0,
    quoted      INTEGER NOT NULL DEFAULT 0,
    declined    INTEGER NOT NULL DEFAULT 0,
    accepted    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX push_round_number ON push_round (purchase_id, number);
CREATE UNIQUE INDEX push_round_event ON push_round (event_id);
CREATE INDEX push_round_due ON push_round (state, next_at, id);
CREATE INDEX push_round_count ON push_round (count_at, id);
CREATE INDEX push_round_list ON push_round (created_at, id);

CREATE TABLE push (
    line_id     INTEGER NOT NULL,
    supplier_id INTEGER NOT NULL,
    round_id    INTEGER NOT NULL,
    score       INTEGER NOT NULL,
    why         TEXT    NOT NULL CHECK (length(why) <= 300),
    created_at  INTEGER NOT NULL,
    clicked_at  INTEGER NOT NULL DEFAULT 0,
    quoted_at   INTEGER NOT NULL DEFAULT 0,
    declined_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (line_id, supplier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_list ON push (round_id, score, supplier_id);

CREATE TABLE push_load (
    supplier_id INTEGER NOT NULL PRIMARY KEY,
    day_count   INTEGER NOT NULL,
    week_count  INTEGER NOT NULL,
    ignored     INTEGER NOT NULL,
    pushed_at   INTEGER NOT NULL,
    reacted_at  INTEGER NOT NULL,
    reply       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE push_load;
DROP TABLE push;
DROP TABLE push_round;
DROP TABLE setting;
ALTER TABLE delivery DROP COLUMN clicked_at;
