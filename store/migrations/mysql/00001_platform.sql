-- Sessions, WeChat identities and credentials, inbound pushes, counters, media,
-- staff. Times are milliseconds since 1970 UTC, 0 means never. There are no
-- foreign keys and no columns of the JSON type: see docs/design.md.

-- +goose Up
CREATE TABLE session (
    id           VARCHAR(64)  NOT NULL COMMENT 'sha256 of the token, hex',
    kind         VARCHAR(16)  NOT NULL,
    user_id      BIGINT       NOT NULL DEFAULT 0,
    identity_id  BIGINT       NOT NULL DEFAULT 0,
    staff_id     BIGINT       NOT NULL DEFAULT 0,
    created_at   BIGINT       NOT NULL,
    last_seen_at BIGINT       NOT NULL,
    expires_at   BIGINT       NOT NULL COMMENT 'absolute end',
    dies_at      BIGINT       NOT NULL COMMENT 'idle or absolute end, whichever is earlier',
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY session_user (user_id),
    KEY session_dies (dies_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE oauth_state (
    state      VARCHAR(128)  NOT NULL,
    session_id VARCHAR(64)   NOT NULL,
    return_to  VARCHAR(1024) NOT NULL,
    scope      VARCHAR(32)   NOT NULL,
    created_at BIGINT        NOT NULL,
    PRIMARY KEY (state) /*T![clustered_index] NONCLUSTERED */,
    KEY oauth_state_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE wechat_identity (
    id            BIGINT       NOT NULL AUTO_INCREMENT,
    user_id       BIGINT       NOT NULL DEFAULT 0 COMMENT '0: nobody registered with it',
    app_id        VARCHAR(64)  NOT NULL,
    open_id       VARCHAR(64)  NOT NULL,
    union_id      VARCHAR(64)  NOT NULL DEFAULT '',
    nickname      VARCHAR(128) NOT NULL DEFAULT '',
    avatar_url    VARCHAR(512) NOT NULL DEFAULT '',
    subscribed    TINYINT      NOT NULL DEFAULT 0,
    subscribed_at BIGINT       NOT NULL DEFAULT 0 COMMENT 'when the platform said so, 0: never',
    consented     TINYINT      NOT NULL DEFAULT 0,
    created_at    BIGINT       NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY wechat_identity_openid (app_id, open_id),
    KEY wechat_identity_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE wechat_credential (
    app_id      VARCHAR(64)   NOT NULL,
    kind        VARCHAR(32)   NOT NULL,
    value       VARCHAR(2048) NOT NULL DEFAULT '' COMMENT 'empty: never saved',
    expires_at  BIGINT        NOT NULL DEFAULT 0,
    owner       VARCHAR(64)   NOT NULL DEFAULT '' COMMENT 'who may save the next value',
    lease_until BIGINT        NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, kind) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE inbound (
    id          BIGINT      NOT NULL AUTO_INCREMENT,
    app_id      VARCHAR(64) NOT NULL,
    dedupe_key  VARCHAR(64) NOT NULL,
    open_id     VARCHAR(64) NOT NULL,
    kind        VARCHAR(32) NOT NULL,
    event       VARCHAR(64) NOT NULL DEFAULT '',
    body        MEDIUMTEXT  NOT NULL,
    received_at BIGINT      NOT NULL,
    handled_at  BIGINT      NOT NULL DEFAULT 0 COMMENT '0: still to do',
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY inbound_dedupe (app_id, dedupe_key),
    KEY inbound_pending (handled_at, received_at),
    CHECK (OCTET_LENGTH(body) <= 65536)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE counter (
    name VARCHAR(128) NOT NULL,
    day  BIGINT       NOT NULL COMMENT 'yyyymmdd in China, 0 for a counter without an end',
    used BIGINT       NOT NULL,
    PRIMARY KEY (name, day) /*T![clustered_index] NONCLUSTERED */,
    KEY counter_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE media (
    media_key  VARCHAR(64) NOT NULL,
    owner_id   BIGINT      NOT NULL,
    mime       VARCHAR(64) NOT NULL,
    width      BIGINT      NOT NULL COMMENT 'pixels',
    height     BIGINT      NOT NULL COMMENT 'pixels',
    bytes      BIGINT      NOT NULL,
    created_at BIGINT      NOT NULL,
    PRIMARY KEY (media_key) /*T![clustered_index] NONCLUSTERED */,
    KEY media_owner (owner_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE staff (
    id         BIGINT      NOT NULL AUTO_INCREMENT,
    login      VARCHAR(64) NOT NULL,
    role       VARCHAR(32) NOT NULL,
    disabled   TINYINT     NOT NULL DEFAULT 0,
    created_at BIGINT      NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY staff_login (login)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE admin_link (
    id         VARCHAR(64) NOT NULL COMMENT 'sha256 of the token, hex',
    created_at BIGINT      NOT NULL,
    expires_at BIGINT      NOT NULL,
    used_at    BIGINT      NOT NULL DEFAULT 0,
    staff_id   BIGINT      NOT NULL DEFAULT 0 COMMENT 'who used it',
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE admin_link;
DROP TABLE staff;
DROP TABLE media;
DROP TABLE counter;
DROP TABLE inbound;
DROP TABLE wechat_credential;
DROP TABLE wechat_identity;
DROP TABLE oauth_state;
DROP TABLE session;
