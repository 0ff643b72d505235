-- Invitations of suppliers, by name or by a link, public questions with their
-- answers, and the records of sealed purchases. Times are milliseconds since 1970
-- UTC, 0 means never.

-- +goose Up
ALTER TABLE purchase
    ADD KEY purchase_published (published_at, id),
    ADD KEY purchase_status (status, published_at, id);

CREATE TABLE invitation (
    purchase_id BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    state BIGINT NOT NULL,
    link_id BIGINT NOT NULL DEFAULT 0 COMMENT '0: chosen by name',
    invited_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (purchase_id, supplier_id) /*T![clustered_index] NONCLUSTERED */,
    KEY invitation_list (purchase_id, created_at, supplier_id),
    KEY invitation_supplier (supplier_id, created_at, purchase_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE invite_link (
    id BIGINT NOT NULL AUTO_INCREMENT,
    purchase_id BIGINT NOT NULL,
    token VARCHAR(64) NOT NULL COMMENT 'sha256 of the secret in the address, hex',
    max_uses BIGINT NOT NULL,
    uses BIGINT NOT NULL DEFAULT 0,
    qr_url VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'what the account''s QR code says',
    qr_until BIGINT NOT NULL DEFAULT 0,
    created_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY invite_link_token (token),
    KEY invite_link_purchase (purchase_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE question (
    id BIGINT NOT NULL AUTO_INCREMENT,
    purchase_id BIGINT NOT NULL,
    asker_id BIGINT NOT NULL,
    text VARCHAR(1000) NOT NULL,
    answer VARCHAR(1000) NOT NULL DEFAULT '',
    state BIGINT NOT NULL,
    reason VARCHAR(600) NOT NULL DEFAULT '' COMMENT 'why it was hidden',
    answered_by BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    answered_at BIGINT NOT NULL DEFAULT 0,
    edited_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY question_list (purchase_id, created_at, id),
    KEY question_asker (asker_id, purchase_id, state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase_opening (
    purchase_id BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by BIGINT NOT NULL,
    content MEDIUMTEXT NOT NULL COMMENT 'JSON',
    PRIMARY KEY (purchase_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE purchase_opening;
DROP TABLE question;
DROP TABLE invite_link;
DROP TABLE invitation;
ALTER TABLE purchase
    DROP KEY purchase_published,
    DROP KEY purchase_status;
