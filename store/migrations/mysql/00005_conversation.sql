-- Automatic replies, conversations with fans, and how often a push was tried.
-- Times are milliseconds since 1970 UTC, 0 means never.

-- +goose Up
ALTER TABLE inbound
    ADD COLUMN attempt BIGINT NOT NULL DEFAULT 0 COMMENT 'how often somebody took it up again',
    ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0 COMMENT 'when somebody may take it up',
    ADD COLUMN owner VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'who took it up last',
    ADD KEY inbound_due (handled_at, next_at),
    DROP KEY inbound_pending;

CREATE TABLE reply_rule (
    id           BIGINT NOT NULL AUTO_INCREMENT,
    kind         VARCHAR(16) NOT NULL COMMENT 'follow, keyword, default',
    name         VARCHAR(160) NOT NULL,
    words        TEXT NOT NULL COMMENT 'JSON list',
    matching     VARCHAR(16) NOT NULL,
    priority     BIGINT NOT NULL,
    enabled      TINYINT NOT NULL,
    random       TINYINT NOT NULL,
    from_minute  BIGINT NOT NULL COMMENT 'of the day in China',
    until_minute BIGINT NOT NULL,
    first_day    BIGINT NOT NULL COMMENT 'yyyymmdd in China, 0: open',
    last_day     BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    form_key     VARCHAR(64) NOT NULL COMMENT 'of the form that made it',
    updated_by   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY reply_rule_form (form_key),
    KEY reply_rule_kind (kind, priority, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE reply (
    rule_id     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    kind        VARCHAR(16) NOT NULL,
    content     TEXT NOT NULL,
    media_key   VARCHAR(64) NOT NULL,
    media_id    VARCHAR(128) NOT NULL,
    title       VARCHAR(256) NOT NULL,
    description VARCHAR(512) NOT NULL,
    url         VARCHAR(1024) NOT NULL,
    PRIMARY KEY (rule_id, position) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- reply_media: pictures that the platform keeps for us, for three days each.
CREATE TABLE reply_media (
    app_id     VARCHAR(64) NOT NULL,
    media_key  VARCHAR(64) NOT NULL,
    media_id   VARCHAR(128) NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, media_key) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE conversation (
    id        BIGINT NOT NULL AUTO_INCREMENT,
    app_id    VARCHAR(64) NOT NULL,
    open_id   VARCHAR(64) NOT NULL,
    last_text VARCHAR(160) NOT NULL,
    last_at   BIGINT NOT NULL,
    unread    BIGINT NOT NULL,
    waiting   TINYINT NOT NULL COMMENT '1 while unread is not 0',
    talked_at BIGINT NOT NULL,
    talk_used BIGINT NOT NULL,
    tapped_at BIGINT NOT NULL,
    tap_used  BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY conversation_fan (app_id, open_id),
    KEY conversation_newest (last_at, id),
    KEY conversation_waiting (waiting, last_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- conversation_message: kept for 180 days, then deleted.
CREATE TABLE conversation_message (
    id              BIGINT NOT NULL AUTO_INCREMENT,
    conversation_id BIGINT NOT NULL,
    once_key        VARCHAR(80) NOT NULL COMMENT 'of the push or the form that it came with',
    direction       VARCHAR(8) NOT NULL,
    way             VARCHAR(16) NOT NULL,
    kind            VARCHAR(32) NOT NULL,
    content         TEXT NOT NULL COMMENT 'at most 2 KiB',
    media           VARCHAR(256) NOT NULL,
    answer          TEXT NOT NULL COMMENT 'JSON, what a queued message says',
    staff_id        BIGINT NOT NULL,
    state           VARCHAR(16) NOT NULL,
    reason          VARCHAR(300) NOT NULL,
    created_at      BIGINT NOT NULL,
    due_at          BIGINT NOT NULL COMMENT 'of a queued one, 0: nothing to do',
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY conversation_message_once (conversation_id, once_key),
    KEY conversation_message_page (conversation_id, created_at, id),
    KEY conversation_message_due (state, due_at),
    KEY conversation_message_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE conversation_message;
DROP TABLE conversation;
DROP TABLE reply_media;
DROP TABLE reply;
DROP TABLE reply_rule;
ALTER TABLE inbound
    ADD KEY inbound_pending (handled_at, received_at),
    DROP KEY inbound_due,
    DROP COLUMN attempt,
    DROP COLUMN next_at,
    DROP COLUMN owner;
