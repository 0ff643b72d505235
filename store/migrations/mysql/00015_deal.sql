-- Deals, drafted from accepted quotes, and the price history: one row for each
-- quote that counts, rolled up into points of a week or a month per category and
-- unit. Prices are fen per unit, quantities thousandths of the unit; times are
-- milliseconds since 1970 UTC, 0 means never. A period is 202611 for a month and
-- 20261123, its Monday, for a week.

-- +goose Up
CREATE TABLE deal (
    id BIGINT NOT NULL AUTO_INCREMENT,
    number VARCHAR(20) NOT NULL,
    quote_id BIGINT NOT NULL,
    purchase_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    buyer_id BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    company_id BIGINT NOT NULL,
    state BIGINT NOT NULL,
    price BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    quantity BIGINT NOT NULL,
    total BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    freight BIGINT NOT NULL,
    delivery_at BIGINT NOT NULL,
    payment_at BIGINT NOT NULL,
    terms TEXT NOT NULL,
    buyer_confirmed_at BIGINT NOT NULL,
    supplier_confirmed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    concluded_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */,
    UNIQUE KEY deal_number (number),
    UNIQUE KEY deal_quote (quote_id),
    KEY deal_line (line_id),
    KEY deal_buyer (buyer_id, created_at, id),
    KEY deal_company (company_id, created_at, id),
    KEY deal_supplier (supplier_id, created_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE INDEX quote_updated ON quote (updated_at, id);

CREATE TABLE price_sample (
    quote_id BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    price BIGINT NOT NULL,
    supplier_id BIGINT NOT NULL,
    buyer_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (quote_id) /*T![clustered_index] NONCLUSTERED */,
    KEY price_sample_category (category_id, unit, created_at, price, supplier_id),
    KEY price_sample_supplier (supplier_id, category_id, created_at, quote_id),
    KEY price_sample_buyer (buyer_id, category_id, created_at, quote_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE price_point (
    category_id BIGINT NOT NULL,
    unit VARCHAR(20) NOT NULL,
    period BIGINT NOT NULL,
    n BIGINT NOT NULL,
    suppliers BIGINT NOT NULL,
    median BIGINT NOT NULL,
    low BIGINT NOT NULL,
    high BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (category_id, unit, period) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE price_mark (
    name VARCHAR(20) NOT NULL,
    updated_at BIGINT NOT NULL,
    quote_id BIGINT NOT NULL,
    PRIMARY KEY (name) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO price_mark (name, updated_at, quote_id) VALUES ('quote', 0, 0);

-- +goose Down
DROP TABLE price_mark;
DROP TABLE price_point;
DROP TABLE price_sample;
DROP INDEX quote_updated ON quote;
DROP TABLE deal;
