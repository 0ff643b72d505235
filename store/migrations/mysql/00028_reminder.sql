-- What people were reminded of, once each, and the browsers in which they have
-- logged in before. agent is a hash of what the browser says of itself.

-- +goose Up
CREATE TABLE reminder (
    kind VARCHAR(40) NOT NULL,
    subject BIGINT NOT NULL,
    number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject, number) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE known_device (
    id BIGINT NOT NULL AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    agent VARCHAR(64) NOT NULL,
    name VARCHAR(480) NOT NULL,
    ip VARCHAR(45) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY known_device_agent (user_id, agent)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE INDEX purchase_ended ON purchase (status, ended_at, id);
CREATE INDEX quote_valid ON quote (state, valid_until, id);
CREATE INDEX deal_waiting ON deal (state, updated_at, id);

-- +goose Down
DROP INDEX deal_waiting ON deal;
DROP INDEX quote_valid ON quote;
DROP INDEX purchase_ended ON purchase;
DROP TABLE known_device;
DROP TABLE reminder;
