-- What a supplier says besides a quote: why he took it back, why he makes none
-- for a line; and how many new ones he made in a week (202648, in China).

-- +goose Up
ALTER TABLE quote ADD COLUMN withdrawal VARCHAR(800) NOT NULL DEFAULT '';

CREATE TABLE line_decline (
    line_id BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    reason VARCHAR(400) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (line_id, supplier_id) /*T![clustered_index] NONCLUSTERED */,
    KEY line_decline_purchase (purchase_id, created_at),
    KEY line_decline_supplier (supplier_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE quote_quota (
    user_id BIGINT NOT NULL,
    week BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (user_id, week) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE quote_quota;
DROP TABLE line_decline;
ALTER TABLE quote DROP COLUMN withdrawal;
