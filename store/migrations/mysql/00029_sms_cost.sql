-- What a short message was billed as: segments of up to 70 characters, and their
-- price in thousandths of a yuan. A pause by staff is a channel_stop whose name
-- begins with pause/. An event is dead when not everybody could be
-- told of it.

-- +goose Up
ALTER TABLE delivery ADD COLUMN segments BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
CREATE INDEX delivery_sent ON delivery (channel, sent_at, id);
ALTER TABLE event ADD COLUMN dead BIGINT NOT NULL DEFAULT 0;
CREATE INDEX event_dead ON event (dead, id);
CREATE INDEX event_purchase ON event (purchase_id, id);

-- +goose Down
DROP INDEX event_purchase ON event;
DROP INDEX event_dead ON event;
ALTER TABLE event DROP COLUMN dead;
DROP INDEX delivery_sent ON delivery;
ALTER TABLE delivery DROP COLUMN cost;
ALTER TABLE delivery DROP COLUMN segments;
