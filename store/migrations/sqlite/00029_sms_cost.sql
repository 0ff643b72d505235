-- What a short message was billed as: segments of up to 70 characters, and their
-- price in thousandths of a yuan. A pause by staff is a channel_stop whose name
-- begins with pause/.

-- +goose Up
ALTER TABLE delivery ADD COLUMN segments INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivery_sent ON delivery (channel, sent_at, id);
CREATE INDEX delivery_channel ON delivery (channel, id);
CREATE INDEX delivery_kind ON delivery (kind, id);

-- +goose Down
DROP INDEX delivery_kind;
DROP INDEX delivery_channel;
DROP INDEX delivery_sent;
ALTER TABLE delivery DROP COLUMN cost;
ALTER TABLE delivery DROP COLUMN segments;
