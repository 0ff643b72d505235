-- Drafts of requests: content is JSON of the form's values; media are the
-- pictures and files that it names, which must not be taken for abandoned.

-- +goose Up
CREATE TABLE purchase_draft (
    id BIGINT NOT NULL AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    form_key VARCHAR(64) NOT NULL,
    title VARCHAR(400) NOT NULL,
    content MEDIUMTEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY purchase_draft_key (user_id, form_key),
    KEY purchase_draft_list (user_id, updated_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase_draft_media (
    draft_id BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    PRIMARY KEY (draft_id, media) /*T![clustered_index] NONCLUSTERED */,
    KEY purchase_draft_media_media (media)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE purchase_draft_media;
DROP TABLE purchase_draft;
