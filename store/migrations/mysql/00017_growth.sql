-- Growth tasks: who earned how many points for what, and everybody's sum. An
-- entry is never changed; points that are taken back are an entry of their own.

-- +goose Up
CREATE TABLE growth_entry (
    id BIGINT NOT NULL AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    task BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    partner_id BIGINT NOT NULL,
    points BIGINT NOT NULL COMMENT 'below 0: taken back',
    event_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY growth_entry_once (event_id, user_id, task),
    KEY growth_entry_list (user_id, created_at, id),
    KEY growth_entry_task (user_id, task, created_at, subject, partner_id, points)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE growth_account (
    user_id BIGINT NOT NULL,
    points BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE growth_account;
DROP TABLE growth_entry;
