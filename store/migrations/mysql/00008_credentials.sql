-- Passwords and e-mail addresses of users, what browsers tell of themselves,
-- proofs of identity, and accounts that were merged. Times are milliseconds since
-- 1970 UTC, 0 means never.

-- +goose Up
ALTER TABLE users
    ADD COLUMN merged_into BIGINT NOT NULL DEFAULT 0 COMMENT 'the account that this one became a part of',
    ADD COLUMN merged_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN merged_phone VARCHAR(20) NOT NULL DEFAULT '' COMMENT 'leads to merged_into; phone is a placeholder then',
    ADD KEY users_merged_phone (merged_phone),
    ADD KEY users_merged_into (merged_into);

ALTER TABLE session
    ADD COLUMN ip VARCHAR(45) NOT NULL DEFAULT '',
    ADD COLUMN agent VARCHAR(120) NOT NULL DEFAULT '' COMMENT 'the browser in its own words, cut',
    ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0 COMMENT 'when a password or code was last typed to change a login';

CREATE TABLE credential (
    user_id     BIGINT       NOT NULL,
    email       VARCHAR(120) NULL COMMENT 'lower case; NULL: none',
    password    VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'argon2id; empty: none',
    password_at BIGINT       NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY credential_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE credential_draft (
    session_id VARCHAR(64)  NOT NULL COMMENT 'of the browser that has yet to prove a phone',
    email      VARCHAR(120) NOT NULL,
    password   VARCHAR(255) NOT NULL,
    created_at BIGINT       NOT NULL,
    PRIMARY KEY (session_id) /*T![clustered_index] NONCLUSTERED */,
    KEY credential_draft_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE merge_request (
    session_id VARCHAR(64) NOT NULL COMMENT 'of user_id',
    user_id    BIGINT      NOT NULL COMMENT 'who asked',
    other_id   BIGINT      NOT NULL COMMENT 'his other account',
    proved_at  BIGINT      NOT NULL DEFAULT 0 COMMENT 'when he proved its phone',
    created_at BIGINT      NOT NULL,
    PRIMARY KEY (session_id) /*T![clustered_index] NONCLUSTERED */,
    KEY merge_request_user (user_id),
    KEY merge_request_other (other_id),
    KEY merge_request_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE merge_request;
DROP TABLE credential_draft;
DROP TABLE credential;
ALTER TABLE session DROP COLUMN ip, DROP COLUMN agent, DROP COLUMN proved_at;
ALTER TABLE users
    DROP KEY users_merged_into,
    DROP KEY users_merged_phone,
    DROP COLUMN merged_into,
    DROP COLUMN merged_at,
    DROP COLUMN merged_phone;
