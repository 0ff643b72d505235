-- What people want to hear of and when: content is JSON of xunjia.Preferences;
-- digest_at are minutes after midnight in China, -1 is no digest; digested_at is
-- when the last digest was made. A notification knows its request, so that an
-- inbox can show them together.

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

ALTER TABLE notification ADD COLUMN purchase_id BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE notification DROP COLUMN purchase_id;
DROP TABLE preference;
