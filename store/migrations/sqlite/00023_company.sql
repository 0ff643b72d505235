-- Companies: links that let people in, and a log of who changed what. role are
-- the numbers of users.company_role.

-- +goose Up
CREATE TABLE company_link (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    role INTEGER NOT NULL,
    max_uses INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX company_link_token ON company_link (token);
CREATE INDEX company_link_company ON company_link (company_id, id);

CREATE TABLE company_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    detail TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX company_entry_list ON company_entry (company_id, created_at, id);

-- +goose Down
DROP TABLE company_entry;
DROP TABLE company_link;
