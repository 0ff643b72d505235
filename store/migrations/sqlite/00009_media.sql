-- Pictures and files: what crops show, names of files, when a form last used
-- them, and what is about to be deleted. Times are milliseconds since 1970 UTC,
-- 0 means never. The other indexes find where a picture is used.

-- +goose Up
ALTER TABLE media ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE media ADD COLUMN pages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN focal_x INTEGER NOT NULL DEFAULT 500;
ALTER TABLE media ADD COLUMN focal_y INTEGER NOT NULL DEFAULT 500;
ALTER TABLE media ADD COLUMN crop_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN doomed_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX media_newest ON media (created_at, media_key);
CREATE INDEX media_doomed ON media (doomed_at, media_key);
CREATE INDEX purchase_attachment_media ON purchase_attachment (media);
CREATE INDEX quote_attachment_media ON quote_attachment (media);
CREATE INDEX reply_media_key ON reply (media_key);
CREATE INDEX conversation_message_media ON conversation_message (media);

-- +goose Down
DROP INDEX conversation_message_media;
DROP INDEX reply_media_key;
DROP INDEX quote_attachment_media;
DROP INDEX purchase_attachment_media;
DROP INDEX media_doomed;
DROP INDEX media_newest;
ALTER TABLE media DROP COLUMN name;
ALTER TABLE media DROP COLUMN pages;
ALTER TABLE media DROP COLUMN focal_x;
ALTER TABLE media DROP COLUMN focal_y;
ALTER TABLE media DROP COLUMN crop_version;
ALTER TABLE media DROP COLUMN used_at;
ALTER TABLE media DROP COLUMN doomed_at;
