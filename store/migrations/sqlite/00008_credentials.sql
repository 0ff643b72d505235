-- The same as in ../mysql, where tables and columns are explained.

-- +goose Up
ALTER TABLE users ADD COLUMN merged_into INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN merged_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN merged_phone TEXT NOT NULL DEFAULT '' CHECK (length(merged_phone) <= 20);
CREATE INDEX users_merged_phone ON users (merged_phone);
CREATE INDEX users_merged_into ON users (merged_into);

ALTER TABLE session ADD COLUMN ip TEXT NOT NULL DEFAULT '' CHECK (length(ip) <= 45);
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '' CHECK (length(agent) <= 120);
ALTER TABLE session ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;

CREATE TABLE credential (
    user_id     INTEGER NOT NULL PRIMARY KEY,
    email       TEXT,
    password    TEXT    NOT NULL DEFAULT '',
    password_at INTEGER NOT NULL DEFAULT 0,
    CHECK (length(email) <= 120 AND length(password) <= 255)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX credential_email ON credential (email);

CREATE TABLE credential_draft (
    session_id TEXT    NOT NULL PRIMARY KEY,
    email      TEXT    NOT NULL,
    password   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (length(session_id) <= 64 AND length(email) <= 120 AND length(password) <= 255)
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_draft_created ON credential_draft (created_at);

CREATE TABLE merge_request (
    session_id TEXT    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL,
    other_id   INTEGER NOT NULL,
    proved_at  INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    CHECK (length(session_id) <= 64)
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_request_user ON merge_request (user_id);
CREATE INDEX merge_request_other ON merge_request (other_id);
CREATE INDEX merge_request_created ON merge_request (created_at);

-- +goose Down
DROP TABLE merge_request;
DROP TABLE credential_draft;
DROP TABLE credential;
ALTER TABLE session DROP COLUMN ip;
ALTER TABLE session DROP COLUMN agent;
ALTER TABLE session DROP COLUMN proved_at;
DROP INDEX users_merged_phone;
DROP INDEX users_merged_into;
ALTER TABLE users DROP COLUMN merged_into;
ALTER TABLE users DROP COLUMN merged_at;
ALTER TABLE users DROP COLUMN merged_phone;
