-- The account beside conversations: menu versions, what the platform tells about
-- fans, QR codes with their scans, logins by scanning, and how many subscription
-- notifications each fan still permits. Times are milliseconds since 1970 UTC,
-- 0 means never.

-- +goose Up
CREATE INDEX delivery_recipient ON delivery (recipient);

ALTER TABLE wechat_identity ADD COLUMN remark TEXT NOT NULL DEFAULT '';
ALTER TABLE wechat_identity ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wechat_identity ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE wechat_identity ADD COLUMN scene TEXT NOT NULL DEFAULT '';
ALTER TABLE wechat_identity ADD COLUMN followed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE wechat_identity ADD COLUMN synced_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX wechat_identity_fans ON wechat_identity (app_id, created_at);
CREATE INDEX wechat_identity_followers ON wechat_identity (app_id, subscribed, created_at);
CREATE INDEX wechat_identity_blocked ON wechat_identity (app_id, blocked, created_at);

CREATE TABLE menu_version (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id       TEXT NOT NULL,
    number       INTEGER NOT NULL,
    state        TEXT NOT NULL,
    buttons      TEXT NOT NULL,
    staff_id     INTEGER NOT NULL DEFAULT 0,
    origin       INTEGER NOT NULL DEFAULT 0,
    reason       TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    published_at INTEGER NOT NULL DEFAULT 0,
    CHECK (length(app_id) <= 64 AND length(state) <= 16 AND length(reason) <= 255)
) STRICT;
CREATE UNIQUE INDEX menu_version_number ON menu_version (app_id, number);

CREATE TABLE conditional_menu (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id     TEXT NOT NULL,
    menu_id    TEXT NOT NULL DEFAULT '',
    tag_id     INTEGER NOT NULL,
    buttons    TEXT NOT NULL,
    staff_id   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL DEFAULT 0,
    CHECK (length(app_id) <= 64 AND length(menu_id) <= 32)
) STRICT;
CREATE INDEX conditional_menu_live ON conditional_menu (app_id, deleted_at, created_at);

CREATE TABLE wechat_tag (
    app_id    TEXT NOT NULL,
    tag_id    INTEGER NOT NULL,
    name      TEXT NOT NULL,
    fans      INTEGER NOT NULL DEFAULT 0,
    synced_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, tag_id),
    CHECK (length(app_id) <= 64 AND length(name) <= 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE fan_tag (
    app_id      TEXT NOT NULL,
    tag_id      INTEGER NOT NULL,
    identity_id INTEGER NOT NULL,
    PRIMARY KEY (app_id, tag_id, identity_id),
    CHECK (length(app_id) <= 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX fan_tag_identity ON fan_tag (identity_id);

CREATE TABLE fan_sync (
    app_id      TEXT NOT NULL,
    state       TEXT NOT NULL,
    phase       TEXT NOT NULL DEFAULT '',
    position    TEXT NOT NULL DEFAULT '',
    done        INTEGER NOT NULL DEFAULT 0,
    total       INTEGER NOT NULL DEFAULT 0,
    owner       TEXT NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,
    reason      TEXT NOT NULL DEFAULT '',
    staff_id    INTEGER NOT NULL DEFAULT 0,
    started_at  INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id),
    CHECK (length(app_id) <= 64 AND length(state) <= 16 AND length(phase) <= 16 AND length(position) <= 64 AND length(owner) <= 64 AND length(reason) <= 255)
) STRICT, WITHOUT ROWID;

CREATE TABLE qr_code (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id      TEXT NOT NULL,
    scene       TEXT NOT NULL,
    label       TEXT NOT NULL,
    action      TEXT NOT NULL,
    target      INTEGER NOT NULL DEFAULT 0,
    reply       TEXT NOT NULL DEFAULT '',
    url         TEXT NOT NULL DEFAULT '',
    staff_id    INTEGER NOT NULL DEFAULT 0,
    scans       INTEGER NOT NULL DEFAULT 0,
    follows     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL DEFAULT 0,
    disabled_at INTEGER NOT NULL DEFAULT 0,
    scanned_at  INTEGER NOT NULL DEFAULT 0,
    CHECK (length(app_id) <= 64 AND length(scene) <= 64 AND length(label) <= 64 AND length(action) <= 16 AND length(reply) <= 1024 AND length(url) <= 255)
) STRICT;
CREATE UNIQUE INDEX qr_code_scene ON qr_code (app_id, scene);
CREATE INDEX qr_code_list ON qr_code (app_id, created_at);

CREATE TABLE qr_scan (
    qr_id       INTEGER NOT NULL,
    identity_id INTEGER NOT NULL,
    second      INTEGER NOT NULL,
    followed    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (qr_id, identity_id, second)
) STRICT, WITHOUT ROWID;

CREATE TABLE qr_day (
    qr_id   INTEGER NOT NULL,
    day     INTEGER NOT NULL,
    scans   INTEGER NOT NULL DEFAULT 0,
    follows INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (qr_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE scan_login (
    id          TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    user_id     INTEGER NOT NULL DEFAULT 0,
    app_id      TEXT NOT NULL,
    url         TEXT NOT NULL,
    token       TEXT NOT NULL DEFAULT '',
    identity_id INTEGER NOT NULL DEFAULT 0,
    state       TEXT NOT NULL,
    place       TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (id),
    CHECK (length(id) <= 64 AND length(session_id) <= 64 AND length(purpose) <= 16 AND length(app_id) <= 64 AND length(url) <= 255 AND length(token) <= 64 AND length(state) <= 16 AND length(place) <= 255)
) STRICT, WITHOUT ROWID;
CREATE INDEX scan_login_session ON scan_login (session_id);
CREATE INDEX scan_login_token ON scan_login (token);
CREATE INDEX scan_login_expires ON scan_login (expires_at);

CREATE TABLE subscription_credit (
    app_id      TEXT NOT NULL,
    open_id     TEXT NOT NULL,
    template_id TEXT NOT NULL,
    credits     INTEGER NOT NULL DEFAULT 0,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (app_id, open_id, template_id),
    CHECK (length(app_id) <= 64 AND length(open_id) <= 64 AND length(template_id) <= 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscription_event (
    app_id     TEXT NOT NULL,
    event_key  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (app_id, event_key),
    CHECK (length(app_id) <= 64 AND length(event_key) <= 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_event_created ON subscription_event (created_at);

-- +goose Down
DROP INDEX delivery_recipient;
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
DROP INDEX wechat_identity_fans;
DROP INDEX wechat_identity_followers;
DROP INDEX wechat_identity_blocked;
ALTER TABLE wechat_identity DROP COLUMN remark;
ALTER TABLE wechat_identity DROP COLUMN blocked;
ALTER TABLE wechat_identity DROP COLUMN source;
ALTER TABLE wechat_identity DROP COLUMN scene;
ALTER TABLE wechat_identity DROP COLUMN followed_at;
ALTER TABLE wechat_identity DROP COLUMN synced_at;
