-- Drafts of requests: content is JSON of the form's values; media are the
-- pictures and files that it names, which must not be taken for abandoned.

-- +goose Up
CREATE TABLE purchase_draft (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    form_key TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX purchase_draft_key ON purchase_draft (user_id, form_key);
CREATE INDEX purchase_draft_list ON purchase_draft (user_id, updated_at, id);

CREATE TABLE purchase_draft_media (
    draft_id INTEGER NOT NULL,
    media TEXT NOT NULL,
    PRIMARY KEY (draft_id, media)
) STRICT, WITHOUT ROWID;
CREATE INDEX purchase_draft_media_media ON purchase_draft_media (media);

-- +goose Down
DROP TABLE purchase_draft_media;
DROP TABLE purchase_draft;
