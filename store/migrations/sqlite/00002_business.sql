-- Users, categories, purchases, quotes and notifications. The codes of type,
-- status and state are in docs/states.md. Times are milliseconds since 1970 UTC,
-- 0 means never; prices are fen per unit, quantities thousandths of the unit;
-- units, specs, origins and attachments are JSON lists.

-- +goose Up

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    phone VARCHAR(20) NOT NULL,
    kind BIGINT NOT NULL,
    name VARCHAR(80) NOT NULL,
    area VARCHAR(6) NOT NULL,
    disabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    registered_at BIGINT NOT NULL,
    CONSTRAINT users_phone UNIQUE (phone)
);

CREATE TABLE category (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name VARCHAR(80) NOT NULL,
    initials VARCHAR(40) NOT NULL,
    units TEXT NOT NULL,
    specs TEXT NOT NULL,
    origins TEXT NOT NULL,
    CONSTRAINT category_name UNIQUE (name)
);
CREATE INDEX category_initials ON category (initials);

CREATE TABLE category_alias (
    category_id BIGINT NOT NULL,
    alias VARCHAR(80) NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (category_id, alias)
);
CREATE INDEX category_alias_alias ON category_alias (alias);

CREATE TABLE user_category (
    user_id BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, category_id)
);
CREATE INDEX user_category_category ON user_category (category_id, user_id);

CREATE TABLE purchase (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    CONSTRAINT purchase_number UNIQUE (number),
    CONSTRAINT purchase_draft UNIQUE (buyer_id, draft_key)
);
CREATE INDEX purchase_open ON purchase (status, published_at, id, deadline);
CREATE INDEX purchase_due ON purchase (status, deadline, id);
CREATE INDEX purchase_buyer ON purchase (buyer_id, published_at, id);

CREATE TABLE purchase_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    CONSTRAINT purchase_line_position UNIQUE (purchase_id, position)
);
CREATE INDEX purchase_line_open ON purchase_line (category_id, status, published_at, purchase_id, deadline);

CREATE TABLE purchase_attachment (
    line_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    type BIGINT NOT NULL,
    PRIMARY KEY (line_id, position)
);

CREATE TABLE quote (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    CONSTRAINT quote_line_supplier UNIQUE (line_id, supplier_id)
);
CREATE INDEX quote_purchase ON quote (purchase_id, line_id, price, id);
CREATE INDEX quote_supplier ON quote (supplier_id, created_at, id);

CREATE TABLE quote_revision (
    quote_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    price BIGINT NOT NULL,
    quality TEXT NOT NULL,
    explanation TEXT NOT NULL,
    attachments TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (quote_id, revision)
);

CREATE TABLE quote_attachment (
    quote_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    media VARCHAR(64) NOT NULL,
    type BIGINT NOT NULL,
    PRIMARY KEY (quote_id, position)
);

CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT,
    type BIGINT NOT NULL,
    status BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    receiver BIGINT NOT NULL,
    title VARCHAR(200) NOT NULL,
    content TEXT NOT NULL,
    text TEXT NOT NULL,
    path VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT notification_once UNIQUE (event_id, receiver)
);
CREATE INDEX notification_list ON notification (receiver, type, created_at, id);
CREATE INDEX notification_unread ON notification (receiver, type, status);

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
