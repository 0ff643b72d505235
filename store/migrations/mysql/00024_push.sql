-- Rounds in which a purchase is made known to suppliers, who was told of which
-- line and why, and what each supplier was pushed lately. Settings that staff
-- change. Times are milliseconds since 1970 UTC, 0 means never.

-- +goose Up
ALTER TABLE delivery
    ADD COLUMN clicked_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE setting (
    name       VARCHAR(64) NOT NULL,
    value      TEXT        NOT NULL COMMENT 'JSON',
    staff_id   BIGINT      NOT NULL COMMENT 'who changed it last',
    updated_at BIGINT      NOT NULL,
    PRIMARY KEY (name) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE push_round (
    id          BIGINT       NOT NULL AUTO_INCREMENT,
    purchase_id BIGINT       NOT NULL,
    number      BIGINT       NOT NULL COMMENT 'from 1',
    event_id    BIGINT       NOT NULL COMMENT 'by which it is told',
    state       BIGINT       NOT NULL,
    wanted      BIGINT       NOT NULL COMMENT '0: everybody',
    exhausted   BIGINT       NOT NULL DEFAULT 0 COMMENT '1: nobody is left',
    reason      VARCHAR(300) NOT NULL COMMENT 'why it was taken, or why it was the last',
    staff_id    BIGINT       NOT NULL DEFAULT 0 COMMENT 'who asked for it; 0: the program',
    created_at  BIGINT       NOT NULL,
    told_at     BIGINT       NOT NULL DEFAULT 0,
    next_at     BIGINT       NOT NULL DEFAULT 0 COMMENT 'when it is judged',
    count_at    BIGINT       NOT NULL DEFAULT 0 COMMENT 'when it is counted again; 0: not any more',
    counted_at  BIGINT       NOT NULL DEFAULT 0,
    matched     BIGINT       NOT NULL DEFAULT 0,
    capped      BIGINT       NOT NULL DEFAULT 0 COMMENT 'left out at the last moment, having enough',
    sent        BIGINT       NOT NULL DEFAULT 0,
    delivered   BIGINT       NOT NULL DEFAULT 0,
    clicked     BIGINT       NOT NULL DEFAULT 0,
    quoted      BIGINT       NOT NULL DEFAULT 0,
    declined    BIGINT       NOT NULL DEFAULT 0,
    accepted    BIGINT       NOT NULL DEFAULT 0,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY push_round_number (purchase_id, number),
    UNIQUE KEY push_round_event (event_id),
    KEY push_round_due (state, next_at, id),
    KEY push_round_count (count_at, id),
    KEY push_round_list (created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE push (
    line_id     BIGINT       NOT NULL,
    supplier_id BIGINT       NOT NULL,
    round_id    BIGINT       NOT NULL,
    score       BIGINT       NOT NULL,
    why         VARCHAR(300) NOT NULL,
    created_at  BIGINT       NOT NULL,
    clicked_at  BIGINT       NOT NULL DEFAULT 0,
    quoted_at   BIGINT       NOT NULL DEFAULT 0,
    declined_at BIGINT       NOT NULL DEFAULT 0,
    PRIMARY KEY (line_id, supplier_id) /*T![clustered_index] NONCLUSTERED */,
    KEY push_list (round_id, score, supplier_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE push_load (
    supplier_id BIGINT NOT NULL,
    day_count   BIGINT NOT NULL COMMENT 'on the day of pushed_at, in China',
    week_count  BIGINT NOT NULL COMMENT 'and in its week, from Monday',
    ignored     BIGINT NOT NULL COMMENT 'pushes since he last clicked or quoted',
    pushed_at   BIGINT NOT NULL,
    reacted_at  BIGINT NOT NULL,
    reply       BIGINT NOT NULL COMMENT 'usual time from click to quote, in milliseconds; 0: not known',
    PRIMARY KEY (supplier_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE push_load;
DROP TABLE push;
DROP TABLE push_round;
DROP TABLE setting;
ALTER TABLE delivery DROP COLUMN clicked_at;
