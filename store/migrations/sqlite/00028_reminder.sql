-- What people were reminded of, once each, and the browsers in which they have
-- logged in before. agent is a hash of what the browser says of itself.

-- +goose Up
CREATE TABLE reminder (
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    agent TEXT NOT NULL,
    name TEXT NOT NULL,
    ip TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX known_device_agent ON known_device (user_id, agent);

CREATE INDEX purchase_ended ON purchase (status, ended_at, id);
CREATE INDEX quote_valid ON quote (state, valid_until, id);
CREATE INDEX deal_waiting ON deal (state, updated_at, id);

-- +goose Down
DROP INDEX deal_waiting;
DROP INDEX quote_valid;
DROP INDEX purchase_ended;
DROP TABLE known_device;
DROP TABLE reminder;
