-- +goose Up

-- event: what happened. A row is written by the transaction that made it
-- happen; outbox then tells everyone concerned, told_to being the last one.
CREATE TABLE event (
    id          BIGINT NOT NULL AUTO_INCREMENT,
    kind        VARCHAR(40) NOT NULL,
    actor       BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id     BIGINT NOT NULL,
    quote_id    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    lane        BIGINT NOT NULL,
    active      BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    owner       VARCHAR(40) NOT NULL,
    attempt     BIGINT NOT NULL,
    told_to     BIGINT NOT NULL,
    reason      VARCHAR(300) NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE INDEX event_due ON event (active, lane, next_at, id);

-- delivery: one event to one recipient over one channel.
CREATE TABLE delivery (
    id           BIGINT NOT NULL AUTO_INCREMENT,
    event_id     BIGINT NOT NULL,
    kind         VARCHAR(40) NOT NULL,
    recipient    BIGINT NOT NULL,
    channel      VARCHAR(16) NOT NULL,
    lane         BIGINT NOT NULL,
    state        VARCHAR(16) NOT NULL,
    active       BIGINT NOT NULL,
    address      VARCHAR(128) NOT NULL,
    payload      TEXT NOT NULL,
    attempt      BIGINT NOT NULL,
    first_try_at BIGINT NOT NULL,
    next_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    owner        VARCHAR(40) NOT NULL,
    message_id   VARCHAR(64) NOT NULL,
    reason       VARCHAR(300) NOT NULL,
    created_at   BIGINT NOT NULL,
    sent_at      BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE UNIQUE INDEX delivery_once ON delivery (event_id, recipient, channel);
CREATE INDEX delivery_due ON delivery (active, channel, lane, next_at, id);
CREATE INDEX delivery_state ON delivery (state, id);
CREATE INDEX delivery_message ON delivery (message_id);

-- channel_stop: a channel ("wechat") or one kind of message on it
-- ("sms/code") that takes nothing now; one message at probe_at tries again.
CREATE TABLE channel_stop (
    name     VARCHAR(64) NOT NULL,
    reason   VARCHAR(300) NOT NULL,
    since    BIGINT NOT NULL,
    probe_at BIGINT NOT NULL,
    PRIMARY KEY (name) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE channel_stop;
DROP TABLE delivery;
DROP TABLE event;
