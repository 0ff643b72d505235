-- Pictures and files: what crops show, names of files, when a form last used
-- them, and what is about to be deleted. Times are milliseconds since 1970 UTC,
-- 0 means never. The other indexes find where a picture is used.

-- +goose Up
ALTER TABLE media
    ADD COLUMN name         VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'of a file',
    ADD COLUMN pages        BIGINT       NOT NULL DEFAULT 0,
    ADD COLUMN focal_x      BIGINT       NOT NULL DEFAULT 500 COMMENT 'thousandths',
    ADD COLUMN focal_y      BIGINT       NOT NULL DEFAULT 500 COMMENT 'thousandths',
    ADD COLUMN crop_version BIGINT       NOT NULL DEFAULT 0 COMMENT 'of the crops, in the names of their blobs',
    ADD COLUMN used_at      BIGINT       NOT NULL DEFAULT 0,
    ADD COLUMN doomed_at    BIGINT       NOT NULL DEFAULT 0 COMMENT 'no form may use it any more',
    ADD KEY media_newest (created_at, media_key),
    ADD KEY media_doomed (doomed_at, media_key);
CREATE INDEX purchase_attachment_media ON purchase_attachment (media);
CREATE INDEX quote_attachment_media ON quote_attachment (media);
CREATE INDEX reply_media_key ON reply (media_key);
CREATE INDEX conversation_message_media ON conversation_message (media);

-- +goose Down
DROP INDEX conversation_message_media ON conversation_message;
DROP INDEX reply_media_key ON reply;
DROP INDEX quote_attachment_media ON quote_attachment;
DROP INDEX purchase_attachment_media ON purchase_attachment;
ALTER TABLE media
    DROP KEY media_newest,
    DROP KEY media_doomed,
    DROP COLUMN name,
    DROP COLUMN pages,
    DROP COLUMN focal_x,
    DROP COLUMN focal_y,
    DROP COLUMN crop_version,
    DROP COLUMN used_at,
    DROP COLUMN doomed_at;
