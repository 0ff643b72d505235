-- Invitations of suppliers, by name or by a link, public questions with their
-- answers, and the records of sealed purchases. Times are milliseconds since 1970
-- UTC, 0 means never.

-- +goose Up
CREATE INDEX purchase_published ON purchase (published_at, id);
CREATE INDEX purchase_status ON purchase (status, published_at, id);

CREATE TABLE invitation (
    purchase_id INTEGER NOT NULL,
    supplier_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    link_id INTEGER NOT NULL DEFAULT 0,
    invited_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (purchase_id, supplier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_list ON invitation (purchase_id, created_at, supplier_id);
CREATE INDEX invitation_supplier ON invitation (supplier_id, created_at, purchase_id);

CREATE TABLE invite_link (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase_id INTEGER NOT NULL,
    token TEXT NOT NULL CHECK (length(token) <= 64),
    max_uses INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    qr_url TEXT NOT NULL DEFAULT '' CHECK (length(qr_url) <= 255),
    qr_until INTEGER NOT NULL DEFAULT 0,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX invite_link_token ON invite_link (token);
CREATE INDEX invite_link_purchase ON invite_link (purchase_id, created_at, id);

CREATE TABLE question (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase_id INTEGER NOT NULL,
    asker_id INTEGER NOT NULL,
    text TEXT NOT NULL CHECK (length(text) <= 1000),
    answer TEXT NOT NULL DEFAULT '' CHECK (length(answer) <= 1000),
    state INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '' CHECK (length(reason) <= 600),
    answered_by INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    answered_at INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX question_list ON question (purchase_id, created_at, id);
CREATE INDEX question_asker ON question (asker_id, purchase_id, state);

CREATE TABLE purchase_opening (
    purchase_id INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    opened_by INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (purchase_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE purchase_opening;
DROP TABLE question;
DROP TABLE invite_link;
DROP TABLE invitation;
DROP INDEX purchase_status;
DROP INDEX purchase_published;
