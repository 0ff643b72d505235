-- The same tables, columns and indexes as in ../mysql, where columns are
-- explained; a test compares both.

-- +goose Up
CREATE TABLE session (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    user_id      INTEGER NOT NULL DEFAULT 0,
    identity_id  INTEGER NOT NULL DEFAULT 0,
    staff_id     INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    dies_at      INTEGER NOT NULL,
    CHECK (length(id) = 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_dies ON session (dies_at);

CREATE TABLE oauth_state (
    state      TEXT    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL,
    return_to  TEXT    NOT NULL,
    scope      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(state) <= 128 AND length(session_id) <= 64 AND length(return_to) <= 1024)
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_state_created ON oauth_state (created_at);

CREATE TABLE wechat_identity (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL DEFAULT 0,
    app_id        TEXT    NOT NULL,
    open_id       TEXT    NOT NULL,
    union_id      TEXT    NOT NULL DEFAULT '',
    nickname      TEXT    NOT NULL DEFAULT '',
    avatar_url    TEXT    NOT NULL DEFAULT '',
    subscribed    INTEGER NOT NULL DEFAULT 0,
    subscribed_at INTEGER NOT NULL DEFAULT 0,
    consented     INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    CHECK (length(app_id) <= 64 AND length(open_id) <= 64 AND length(nickname) <= 128 AND length(avatar_url) <= 512)
) STRICT;
CREATE UNIQUE INDEX wechat_identity_openid ON wechat_identity (app_id, open_id);
CREATE INDEX wechat_identity_user ON wechat_identity (user_id);

CREATE TABLE wechat_credential (
    app_id      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL DEFAULT '',
    expires_at  INTEGER NOT NULL DEFAULT 0,
    owner       TEXT    NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, kind),
    CHECK (length(value) <= 2048)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbound (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id      TEXT    NOT NULL,
    dedupe_key  TEXT    NOT NULL,
    open_id     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    event       TEXT    NOT NULL DEFAULT '',
    body        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    handled_at  INTEGER NOT NULL DEFAULT 0,
    CHECK (length(dedupe_key) <= 64 AND octet_length(body) <= 65536)
) STRICT;
CREATE UNIQUE INDEX inbound_dedupe ON inbound (app_id, dedupe_key);
CREATE INDEX inbound_pending ON inbound (handled_at, received_at);

CREATE TABLE counter (
    name TEXT    NOT NULL,
    day  INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (name, day),
    CHECK (length(name) <= 128)
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_day ON counter (day);

CREATE TABLE media (
    media_key  TEXT    NOT NULL PRIMARY KEY,
    owner_id   INTEGER NOT NULL,
    mime       TEXT    NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(media_key) <= 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_owner ON media (owner_id, created_at);

CREATE TABLE staff (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    login      TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    disabled   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    CHECK (length(login) <= 64)
) STRICT;
CREATE UNIQUE INDEX staff_login ON staff (login);

CREATE TABLE admin_link (
    id         TEXT    NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL DEFAULT 0,
    staff_id   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

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
