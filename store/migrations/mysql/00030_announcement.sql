-- What staff tell many people at once. once tells a form that was sent twice;
-- cleared is 1 when a withdrawn announcement has left every inbox.

-- +goose Up
CREATE TABLE announcement (
    id BIGINT NOT NULL AUTO_INCREMENT,
    once VARCHAR(40) NOT NULL,
    staff_id BIGINT NOT NULL,
    title VARCHAR(160) NOT NULL,
    text TEXT NOT NULL,
    province VARCHAR(6) NOT NULL,
    kind BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    withdrawn_at BIGINT NOT NULL DEFAULT 0,
    cleared TINYINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY announcement_once (once),
    KEY announcement_list (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE announcement;
