-- What becomes of deals: completion and cancellation, photos, the history of
-- changes, ratings of both sides, and disputes with what was said in them.
-- changes and media are JSON lists. Times are milliseconds since 1970 UTC, 0
-- means never.

-- +goose Up
ALTER TABLE deal
    ADD COLUMN completed_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN cancel_side BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN cancel_reason VARCHAR(600) NOT NULL DEFAULT '';

CREATE TABLE deal_change (
    deal_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    side BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    changes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (deal_id, version) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE deal_attachment (
    id BIGINT NOT NULL AUTO_INCREMENT,
    deal_id BIGINT NOT NULL,
    side BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    type BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY deal_attachment_once (deal_id, media),
    KEY deal_attachment_media (media)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE deal_rating (
    deal_id BIGINT NOT NULL,
    side BIGINT NOT NULL,
    rater_id BIGINT NOT NULL,
    rated_id BIGINT NOT NULL,
    stars BIGINT NOT NULL,
    comment VARCHAR(800) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (deal_id, side) /*T![clustered_index] NONCLUSTERED */,
    KEY deal_rating_rated (rated_id, created_at, deal_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE dispute (
    id BIGINT NOT NULL AUTO_INCREMENT,
    deal_id BIGINT NOT NULL,
    side BIGINT NOT NULL,
    state BIGINT NOT NULL,
    reason VARCHAR(2000) NOT NULL,
    respond_until BIGINT NOT NULL,
    result VARCHAR(2000) NOT NULL,
    staff_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY dispute_deal (deal_id, created_at),
    KEY dispute_list (state, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE dispute_entry (
    id BIGINT NOT NULL AUTO_INCREMENT,
    dispute_id BIGINT NOT NULL,
    side BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    text VARCHAR(2000) NOT NULL,
    media TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY dispute_entry_list (dispute_id, created_at, id),
    KEY dispute_entry_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE dispute_entry;
DROP TABLE dispute;
DROP TABLE deal_rating;
DROP TABLE deal_attachment;
DROP TABLE deal_change;
ALTER TABLE deal
    DROP COLUMN completed_at,
    DROP COLUMN cancel_side,
    DROP COLUMN cancel_reason;
