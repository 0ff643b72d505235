-- The same as in ../mysql, where tables and columns are explained.

-- +goose Up
ALTER TABLE staff ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN password TEXT NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN last_login_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE admin_link ADD COLUMN for_staff INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_staff ON session (staff_id);
CREATE INDEX staff_list ON staff (created_at, id);
CREATE INDEX admin_link_staff ON admin_link (for_staff);

CREATE TABLE login_attempt (
    name     TEXT    NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    CHECK (length(name) <= 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_attempt_last ON login_attempt (last_at);

CREATE TABLE login_log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    staff_id   INTEGER NOT NULL,
    ip         TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    ok         INTEGER NOT NULL,
    how        TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(ip) <= 45 AND length(agent) <= 200 AND length(reason) <= 100)
) STRICT;
CREATE INDEX login_log_all ON login_log (created_at, id);
CREATE INDEX login_log_staff ON login_log (staff_id, created_at, id);

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    staff_id   INTEGER NOT NULL,
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(action) <= 40 AND length(target) <= 100 AND length(detail) <= 500)
) STRICT;
CREATE INDEX audit_all ON audit (created_at, id);
CREATE INDEX audit_staff ON audit (staff_id, created_at, id);
CREATE INDEX audit_action ON audit (action, created_at, id);

CREATE TABLE template_binding (
    app_id      TEXT NOT NULL,
    title       TEXT NOT NULL,
    template_id TEXT NOT NULL,
    PRIMARY KEY (app_id, title),
    CHECK (length(app_id) <= 64 AND length(title) <= 64 AND length(template_id) <= 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE verify_file (
    name       TEXT    NOT NULL PRIMARY KEY,
    content    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(name) <= 64 AND length(content) <= 64)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE verify_file;
DROP TABLE template_binding;
DROP TABLE audit;
DROP TABLE login_log;
DROP TABLE login_attempt;
DROP INDEX admin_link_staff;
DROP INDEX staff_list;
DROP INDEX session_staff;
ALTER TABLE admin_link DROP COLUMN for_staff;
ALTER TABLE staff DROP COLUMN last_login_at;
ALTER TABLE staff DROP COLUMN password;
ALTER TABLE staff DROP COLUMN name;
