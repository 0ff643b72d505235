-- The account beside conversations: menu versions, what the platform tells about
-- fans, QR codes with their scans, logins by scanning, and how many subscription
-- notifications each fan still permits. Times are milliseconds since 1970 UTC,
-- 0 means never.

-- +goose Up
CREATE INDEX delivery_recipient ON delivery (recipient);

ALTER TABLE wechat_identity
    ADD COLUMN remark VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN blocked TINYINT NOT NULL DEFAULT 0,
    ADD COLUMN source VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN scene VARCHAR(64) NOT NULL DEFAULT '',
    ADD COLUMN followed_at BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN synced_at BIGINT NOT NULL DEFAULT 0,
    ADD KEY wechat_identity_fans (app_id, created_at),
    ADD KEY wechat_identity_followers (app_id, subscribed, created_at),
    ADD KEY wechat_identity_blocked (app_id, blocked, created_at);

CREATE TABLE menu_version (
    id           BIGINT NOT NULL AUTO_INCREMENT,
    app_id       VARCHAR(64) NOT NULL,
    number       BIGINT NOT NULL COMMENT '0: the draft',
    state        VARCHAR(16) NOT NULL,
    buttons      TEXT NOT NULL COMMENT 'JSON',
    staff_id     BIGINT NOT NULL DEFAULT 0 COMMENT '0: the program itself',
    origin       BIGINT NOT NULL DEFAULT 0 COMMENT 'number of the version that this one repeats',
    reason       VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'why publishing failed',
    created_at   BIGINT NOT NULL,
    published_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY menu_version_number (app_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE conditional_menu (
    id         BIGINT NOT NULL AUTO_INCREMENT,
    app_id     VARCHAR(64) NOT NULL,
    menu_id    VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'the platform''s',
    tag_id     BIGINT NOT NULL,
    buttons    TEXT NOT NULL COMMENT 'JSON',
    staff_id   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY conditional_menu_live (app_id, deleted_at, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE wechat_tag (
    app_id    VARCHAR(64) NOT NULL,
    tag_id    BIGINT NOT NULL,
    name      VARCHAR(64) NOT NULL,
    fans      BIGINT NOT NULL DEFAULT 0,
    synced_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, tag_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE fan_tag (
    app_id      VARCHAR(64) NOT NULL,
    tag_id      BIGINT NOT NULL,
    identity_id BIGINT NOT NULL,
    PRIMARY KEY (app_id, tag_id, identity_id) /*T![clustered_index] NONCLUSTERED */,
    KEY fan_tag_identity (identity_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE fan_sync (
    app_id      VARCHAR(64) NOT NULL,
    state       VARCHAR(16) NOT NULL,
    phase       VARCHAR(16) NOT NULL DEFAULT '',
    position    VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'the openid that was done last',
    done        BIGINT NOT NULL DEFAULT 0,
    total       BIGINT NOT NULL DEFAULT 0,
    owner       VARCHAR(64) NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    reason      VARCHAR(255) NOT NULL DEFAULT '',
    staff_id    BIGINT NOT NULL DEFAULT 0,
    started_at  BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_code (
    id          BIGINT NOT NULL AUTO_INCREMENT,
    app_id      VARCHAR(64) NOT NULL,
    scene       VARCHAR(64) NOT NULL,
    label       VARCHAR(64) NOT NULL,
    action      VARCHAR(16) NOT NULL,
    target      BIGINT NOT NULL DEFAULT 0 COMMENT 'id of the purchase',
    reply       VARCHAR(1024) NOT NULL DEFAULT '',
    url         VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'what the picture says; empty: the platform has not made it',
    staff_id    BIGINT NOT NULL DEFAULT 0,
    scans       BIGINT NOT NULL DEFAULT 0,
    follows     BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL DEFAULT 0 COMMENT '0: permanent',
    disabled_at BIGINT NOT NULL DEFAULT 0,
    scanned_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY qr_code_scene (app_id, scene),
    KEY qr_code_list (app_id, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE qr_scan (
    qr_id       BIGINT NOT NULL,
    identity_id BIGINT NOT NULL,
    second      BIGINT NOT NULL COMMENT 'of the scan',
    followed    TINYINT NOT NULL DEFAULT 0,
    PRIMARY KEY (qr_id, identity_id, second) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE qr_day (
    qr_id   BIGINT NOT NULL,
    day     BIGINT NOT NULL COMMENT 'yyyymmdd in China',
    scans   BIGINT NOT NULL DEFAULT 0,
    follows BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (qr_id, day) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE scan_login (
    id          VARCHAR(64) NOT NULL,
    session_id  VARCHAR(64) NOT NULL COMMENT 'the browser that shows the code',
    purpose     VARCHAR(16) NOT NULL,
    user_id     BIGINT NOT NULL DEFAULT 0 COMMENT 'who wants to bind',
    app_id      VARCHAR(64) NOT NULL,
    url         VARCHAR(255) NOT NULL COMMENT 'what the picture says',
    token       VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'sha256 of the secret that the scanner got, hex',
    identity_id BIGINT NOT NULL DEFAULT 0 COMMENT 'who scanned',
    state       VARCHAR(16) NOT NULL,
    place       VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'address and browser, shown to the scanner',
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    KEY scan_login_session (session_id),
    KEY scan_login_token (token),
    KEY scan_login_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE subscription_credit (
    app_id      VARCHAR(64) NOT NULL,
    open_id     VARCHAR(64) NOT NULL,
    template_id VARCHAR(64) NOT NULL,
    credits     BIGINT NOT NULL DEFAULT 0,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (app_id, open_id, template_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE subscription_event (
    app_id     VARCHAR(64) NOT NULL,
    event_key  VARCHAR(64) NOT NULL COMMENT 'of the push that was counted',
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, event_key) /*T![clustered_index] NONCLUSTERED */,
    KEY subscription_event_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP INDEX delivery_recipient ON delivery;
DROP TABLE subscription_event;
DROP TABLE subscription_credit;
DROP TABLE scan_login;
DROP TABLE qr_day;
DROP TABLE qr_scan;
DROP TABLE qr_code;
DROP TABLE fan_sync;
DROP TABLE fan_tag;
DROP TABLE wechat_tag;
DROP TABLE conditional_menu;
DROP TABLE menu_version;
ALTER TABLE wechat_identity
    DROP KEY wechat_identity_fans,
    DROP KEY wechat_identity_followers,
    DROP KEY wechat_identity_blocked,
    DROP COLUMN remark,
    DROP COLUMN blocked,
    DROP COLUMN source,
    DROP COLUMN scene,
    DROP COLUMN followed_at,
    DROP COLUMN synced_at;
