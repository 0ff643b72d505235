-- What people want to hear of and when: content is JSON of xunjia.Preferences;
-- digest_at are minutes after midnight in China, -1 is no digest; digested_at is
-- when the last digest was made. A notification knows its request, so that an
-- inbox can show them together.

-- +goose Up
CREATE TABLE preference (
    user_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    digest_at INTEGER NOT NULL,
    digested_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX preference_digest ON preference (digest_at, digested_at);

ALTER TABLE notification ADD COLUMN purchase_id INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE notification DROP COLUMN purchase_id;
DROP TABLE preference;
