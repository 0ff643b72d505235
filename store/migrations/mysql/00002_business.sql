-- Users, categories, purchases, quotes and notifications. The codes of type,
-- status and state are in docs/states.md. Times are milliseconds since 1970 UTC,
-- 0 means never; prices are fen per unit, quantities thousandths of the unit;
-- units, specs, origins and attachments are JSON lists.

-- +goose Up

CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT,
    phone VARCHAR(20) NOT NULL,
    kind BIGINT NOT NULL,
    name VARCHAR(80) NOT NULL,
    area VARCHAR(6) NOT NULL,
    disabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    registered_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY users_phone (phone)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE category (
    id BIGINT NOT NULL AUTO_INCREMENT,
    parent_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name VARCHAR(80) NOT NULL,
    initials VARCHAR(40) NOT NULL,
    units TEXT NOT NULL,
    specs TEXT NOT NULL,
    origins TEXT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY category_name (name),
    KEY category_initials (initials)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE category_alias (
    category_id BIGINT NOT NULL,
    alias VARCHAR(80) NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (category_id, alias) /*T![clustered_index] NONCLUSTERED */,
    KEY category_alias_alias (alias)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE user_category (
    user_id BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, category_id) /*T![clustered_index] NONCLUSTERED */,
    KEY user_category_category (category_id, user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase (
    id BIGINT NOT NULL AUTO_INCREMENT,
    number VARCHAR(20) NOT NULL,
    buyer_id BIGINT NOT NULL,
    draft_key VARCHAR(64) NOT NULL,
    status BIGINT NOT NULL,
    version BIGINT NOT NULL,
    area VARCHAR(6) NOT NULL,
    invoice VARCHAR(80) NOT NULL,
    payment VARCHAR(80) NOT NULL,
    remark TEXT NOT NULL,
    deadline BIGINT NOT NULL,
    reason TEXT NOT NULL,
    quote_count BIGINT NOT NULL,
    view_count BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY purchase_number (number),
    UNIQUE KEY purchase_draft (buyer_id, draft_key),
    KEY purchase_open (status, published_at, id, deadline),
    KEY purchase_due (status, deadline, id),
    KEY purchase_buyer (buyer_id, published_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase_line (
    id BIGINT NOT NULL AUTO_INCREMENT,
    purchase_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    name VARCHAR(80) NOT NULL,
    spec VARCHAR(80) NOT NULL,
    quantity BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    quality TEXT NOT NULL,
    origin VARCHAR(80) NOT NULL,
    cap_price BIGINT NOT NULL,
    status BIGINT NOT NULL,
    quote_count BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY purchase_line_position (purchase_id, position),
    KEY purchase_line_open (category_id, status, published_at, purchase_id, deadline)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase_attachment (
    line_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    type BIGINT NOT NULL,
    PRIMARY KEY (line_id, position) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE quote (
    id BIGINT NOT NULL AUTO_INCREMENT,
    line_id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    price BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    quality TEXT NOT NULL,
    explanation TEXT NOT NULL,
    state BIGINT NOT NULL,
    status BIGINT NOT NULL,
    message TEXT NOT NULL,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY quote_line_supplier (line_id, supplier_id),
    KEY quote_purchase (purchase_id, line_id, price, id),
    KEY quote_supplier (supplier_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE quote_revision (
    quote_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    price BIGINT NOT NULL,
    quality TEXT NOT NULL,
    explanation TEXT NOT NULL,
    attachments TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (quote_id, revision) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE quote_attachment (
    quote_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    type BIGINT NOT NULL,
    PRIMARY KEY (quote_id, position) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE notification (
    id BIGINT NOT NULL AUTO_INCREMENT,
    event_id BIGINT NULL,
    type BIGINT NOT NULL,
    status BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    receiver BIGINT NOT NULL,
    title VARCHAR(200) NOT NULL,
    content TEXT NOT NULL,
    text TEXT NOT NULL,
    path VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY notification_once (event_id, receiver),
    KEY notification_list (receiver, type, created_at, id),
    KEY notification_unread (receiver, type, status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down

DROP TABLE notification;
DROP TABLE quote_attachment;
DROP TABLE quote_revision;
DROP TABLE quote;
DROP TABLE purchase_attachment;
DROP TABLE purchase_line;
DROP TABLE purchase;
DROP TABLE user_category;
DROP TABLE category_alias;
DROP TABLE category;
DROP TABLE users;
