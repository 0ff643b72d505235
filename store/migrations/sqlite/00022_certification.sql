-- Certifications with their documents, what suppliers show of themselves, and
-- figures about people that are counted anew once an hour. waiting is the user's
-- id while a certification waits, else NULL: one waits at a time.

-- +goose Up
CREATE TABLE certification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    waiting INTEGER NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    code TEXT NOT NULL,
    person TEXT NOT NULL,
    licence_until INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT NOT NULL,
    until INTEGER NOT NULL,
    reminded INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    reviewed_at INTEGER NOT NULL,
    staff_id INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX certification_waiting ON certification (waiting);
CREATE INDEX certification_user ON certification (user_id, submitted_at, id);
CREATE INDEX certification_state ON certification (state, submitted_at, id);
CREATE INDEX certification_until ON certification (state, until);

CREATE TABLE certification_document (
    certification_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (certification_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX certification_document_media ON certification_document (media);

CREATE TABLE showcase (
    user_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (user_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX showcase_media ON showcase (media);

CREATE TABLE user_figures (
    user_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    counted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN introduction TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN introduction;
DROP TABLE user_figures;
DROP TABLE showcase;
DROP TABLE certification_document;
DROP TABLE certification;
