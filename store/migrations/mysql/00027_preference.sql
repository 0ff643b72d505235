-- What people want to hear of and when: content is JSON of xunjia.Preferences;
-- digest_at are minutes after midnight in China, -1 is no digest; digested_at is
-- when the last digest was made.

-- +goose Up
CREATE TABLE preference (
    user_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    digest_at BIGINT NOT NULL,
    digested_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id) /*T![clustered_index] NONCLUSTERED */,
    KEY preference_digest (digest_at, digested_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE preference;
