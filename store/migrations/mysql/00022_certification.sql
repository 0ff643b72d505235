-- Certifications with their documents, what suppliers show of themselves, and
-- figures about people that are counted anew once an hour. waiting is the user's
-- id while a certification waits, else NULL: one waits at a time.

-- +goose Up
CREATE TABLE certification (
    id BIGINT NOT NULL AUTO_INCREMENT,
    user_id BIGINT NOT NULL,
    waiting BIGINT NULL,
    kind BIGINT NOT NULL,
    name VARCHAR(240) NOT NULL,
    code VARCHAR(18) NOT NULL,
    person VARCHAR(80) NOT NULL,
    licence_until BIGINT NOT NULL,
    state BIGINT NOT NULL,
    reason VARCHAR(800) NOT NULL,
    until BIGINT NOT NULL,
    reminded BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
    reviewed_at BIGINT NOT NULL,
    staff_id BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY certification_waiting (waiting),
    KEY certification_user (user_id, submitted_at, id),
    KEY certification_state (state, submitted_at, id),
    KEY certification_until (state, until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE certification_document (
    certification_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    PRIMARY KEY (certification_id, position) /*T![clustered_index] NONCLUSTERED */,
    KEY certification_document_media (media)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE showcase (
    user_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    PRIMARY KEY (user_id, position) /*T![clustered_index] NONCLUSTERED */,
    KEY showcase_media (media)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE user_figures (
    user_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    counted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

ALTER TABLE users ADD COLUMN introduction VARCHAR(1200) NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN introduction;
DROP TABLE user_figures;
DROP TABLE showcase;
DROP TABLE certification_document;
DROP TABLE certification;
