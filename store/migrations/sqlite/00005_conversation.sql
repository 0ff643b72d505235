-- Automatic replies, conversations with fans, and how often a push was tried.
-- Times are milliseconds since 1970 UTC, 0 means never.

-- +goose Up
ALTER TABLE inbound ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbound ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbound ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX inbound_due ON inbound (handled_at, next_at);
DROP INDEX inbound_pending;

CREATE TABLE reply_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,  -- follow, keyword, default
    name TEXT NOT NULL,
    words TEXT NOT NULL,  -- JSON list
    matching TEXT NOT NULL,
    priority INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    random INTEGER NOT NULL,
    from_minute INTEGER NOT NULL,  -- of the day in China
    until_minute INTEGER NOT NULL,
    first_day INTEGER NOT NULL,  -- yyyymmdd in China, 0: open
    last_day INTEGER NOT NULL,
    version INTEGER NOT NULL,
    form_key TEXT NOT NULL,  -- of the form that made it
    updated_by INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX reply_rule_form ON reply_rule (form_key);
CREATE INDEX reply_rule_kind ON reply_rule (kind, priority, id);

CREATE TABLE reply (
    rule_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    media_key TEXT NOT NULL,
    media_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (rule_id, position)
) STRICT;

-- reply_media: pictures that the platform keeps for us, for three days each.
CREATE TABLE reply_media (
    app_id TEXT NOT NULL,
    media_key TEXT NOT NULL,
    media_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, media_key)
) STRICT;

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    open_id TEXT NOT NULL,
    last_text TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    waiting INTEGER NOT NULL,  -- 1 while unread is not 0
    talked_at INTEGER NOT NULL,
    talk_used INTEGER NOT NULL,
    tapped_at INTEGER NOT NULL,
    tap_used INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversation_fan ON conversation (app_id, open_id);
CREATE INDEX conversation_newest ON conversation (last_at, id);
CREATE INDEX conversation_waiting ON conversation (waiting, last_at, id);

-- conversation_message: kept for 180 days, then deleted.
CREATE TABLE conversation_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL,
    once_key TEXT NOT NULL,  -- of the push or the form that it came with
    direction TEXT NOT NULL,
    way TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,  -- at most 2 KiB
    media TEXT NOT NULL,
    answer TEXT NOT NULL,  -- JSON, what a queued message says
    staff_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL  -- of a queued one, 0: nothing to do
) STRICT;
CREATE UNIQUE INDEX conversation_message_once ON conversation_message (conversation_id, once_key);
CREATE INDEX conversation_message_page ON conversation_message (conversation_id, created_at, id);
CREATE INDEX conversation_message_due ON conversation_message (state, due_at);
CREATE INDEX conversation_message_age ON conversation_message (created_at);

-- +goose Down
DROP TABLE conversation_message;
DROP TABLE conversation;
DROP TABLE reply_media;
DROP TABLE reply;
DROP TABLE reply_rule;
CREATE INDEX inbound_pending ON inbound (handled_at, received_at);
DROP INDEX inbound_due;
ALTER TABLE inbound DROP COLUMN attempt;
ALTER TABLE inbound DROP COLUMN next_at;
ALTER TABLE inbound DROP COLUMN owner;
