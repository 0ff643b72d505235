-- Deals, drafted from accepted quotes, and the price history: one row for each
-- quote that counts, rolled up into points of a week or a month per category and
-- unit. Prices are fen per unit, quantities thousandths of the unit; times are
-- milliseconds since 1970 UTC, 0 means never. A period is 202611 for a month and
-- 20261123, its Monday, for a week.

-- +goose Up
CREATE TABLE deal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,
    quote_id INTEGER NOT NULL,
    purchase_id INTEGER NOT NULL,
    line_id INTEGER NOT NULL,
    buyer_id INTEGER NOT NULL,
    supplier_id INTEGER NOT NULL,
    company_id INTEGER NOT NULL,
    state INTEGER NOT NULL,
    price INTEGER NOT NULL,
    unit TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    total INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    freight INTEGER NOT NULL,
    delivery_at INTEGER NOT NULL,
    payment_at INTEGER NOT NULL,
    terms TEXT NOT NULL,
    buyer_confirmed_at INTEGER NOT NULL,
    supplier_confirmed_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    concluded_at INTEGER NOT NULL,
    CONSTRAINT deal_number UNIQUE (number),
    CONSTRAINT deal_quote UNIQUE (quote_id)
) STRICT;
CREATE INDEX deal_line ON deal (line_id);
CREATE INDEX deal_buyer ON deal (buyer_id, created_at, id);
CREATE INDEX deal_company ON deal (company_id, created_at, id);
CREATE INDEX deal_supplier ON deal (supplier_id, created_at, id);

CREATE INDEX quote_updated ON quote (updated_at, id);

CREATE TABLE price_sample (
    quote_id INT NOT NULL,
    category_id INTEGER NOT NULL,
    unit TEXT NOT NULL,
    price INTEGER NOT NULL,
    supplier_id INTEGER NOT NULL,
    buyer_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (quote_id)
) STRICT;
CREATE INDEX price_sample_category ON price_sample (category_id, unit, created_at, price, supplier_id);
CREATE INDEX price_sample_supplier ON price_sample (supplier_id, category_id, created_at, quote_id);
CREATE INDEX price_sample_buyer ON price_sample (buyer_id, category_id, created_at, quote_id);

CREATE TABLE price_point (
    category_id INTEGER NOT NULL,
    unit TEXT NOT NULL,
    period INTEGER NOT NULL,
    n INTEGER NOT NULL,
    suppliers INTEGER NOT NULL,
    median INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (category_id, unit, period)
) STRICT;

CREATE TABLE price_mark (
    name TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    quote_id INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

INSERT INTO price_mark (name, updated_at, quote_id) VALUES ('quote', 0, 0);

-- +goose Down
DROP TABLE price_mark;
DROP TABLE price_point;
DROP TABLE price_sample;
DROP INDEX quote_updated;
DROP TABLE deal;
