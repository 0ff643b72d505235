-- What a supplier says besides a quote: why he took it back, why he makes none
-- for a line; and how many new ones he made in a week (202648, in China).

-- +goose Up
ALTER TABLE quote ADD COLUMN withdrawal TEXT NOT NULL DEFAULT '';

CREATE TABLE line_decline (
    line_id INTEGER NOT NULL,
    supplier_id INTEGER NOT NULL,
    purchase_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (line_id, supplier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX line_decline_purchase ON line_decline (purchase_id, created_at);
CREATE INDEX line_decline_supplier ON line_decline (supplier_id);

CREATE TABLE quote_quota (
    user_id INTEGER NOT NULL,
    week INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (user_id, week)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE quote_quota;
DROP TABLE line_decline;
ALTER TABLE quote DROP COLUMN withdrawal;
