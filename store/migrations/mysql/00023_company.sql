-- Companies: links that let people in, and a log of who changed what. role are
-- the numbers of users.company_role.

-- +goose Up
CREATE TABLE company_link (
    id BIGINT NOT NULL AUTO_INCREMENT,
    company_id BIGINT NOT NULL,
    token VARCHAR(64) NOT NULL,
    role BIGINT NOT NULL,
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL DEFAULT 0,
    created_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY company_link_token (token),
    KEY company_link_company (company_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE company_entry (
    id BIGINT NOT NULL AUTO_INCREMENT,
    company_id BIGINT NOT NULL,
    action VARCHAR(20) NOT NULL,
    actor_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    detail VARCHAR(160) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY company_entry_list (company_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE company_entry;
DROP TABLE company_link;
