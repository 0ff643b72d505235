-- What became of the rows of the earlier system, so that an import can be
-- repeated: kind names the old table, old_id its key, new_id ours.

-- +goose Up
CREATE TABLE import_row (
    kind VARCHAR(20) NOT NULL,
    old_id VARCHAR(40) NOT NULL,
    new_id BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (kind, old_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE import_row;
