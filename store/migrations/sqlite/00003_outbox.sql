-- +goose Up

-- event: what happened. A row is written by the transaction that made it
-- happen; outbox then tells everyone concerned, told_to being the last one.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL,
    actor       INTEGER NOT NULL,
    purchase_id INTEGER NOT NULL,
    line_id     INTEGER NOT NULL,
    quote_id    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    active      INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    owner       TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    told_to     INTEGER NOT NULL,
    reason      TEXT NOT NULL
) STRICT;

CREATE INDEX event_due ON event (active, lane, next_at, id);

-- delivery: one event to one recipient over one channel.
CREATE TABLE delivery (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id     INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    recipient    INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    lane         INTEGER NOT NULL,
    state        TEXT NOT NULL,
    active       INTEGER NOT NULL,
    address      TEXT NOT NULL,
    payload      TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    first_try_at INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    owner        TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    sent_at      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX delivery_once ON delivery (event_id, recipient, channel);
CREATE INDEX delivery_due ON delivery (active, channel, lane, next_at, id);
CREATE INDEX delivery_state ON delivery (state, id);
CREATE INDEX delivery_message ON delivery (message_id);

-- channel_stop: a channel ("wechat") or one kind of message on it
-- ("sms/code") that takes nothing now; one message at probe_at tries again.
CREATE TABLE channel_stop (
    name     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    since    INTEGER NOT NULL,
    probe_at INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

-- +goose Down
DROP TABLE channel_stop;
DROP TABLE delivery;
DROP TABLE event;
