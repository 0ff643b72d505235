-- The marketplace: companies and their members, the modes and terms of requests,
-- all that a quote says, accepted quantities, counter-offers, and the versions of
-- edited requests. Rates are hundredths of a percent, quantities thousandths of
-- the unit that stands beside them, times milliseconds since 1970 UTC, 0 means
-- never. content is JSON.

-- +goose Up
ALTER TABLE users ADD COLUMN company_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN company_role INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN certified_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX users_company ON users (company_id, id);

ALTER TABLE purchase ADD COLUMN company_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchase ADD COLUMN mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchase ADD COLUMN show_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchase ADD COLUMN delivery TEXT NOT NULL DEFAULT '' CHECK (length(delivery) <= 80);
ALTER TABLE purchase ADD COLUMN sample TEXT NOT NULL DEFAULT '' CHECK (length(sample) <= 80);
ALTER TABLE purchase ADD COLUMN qualification TEXT NOT NULL DEFAULT '' CHECK (length(qualification) <= 200);
CREATE INDEX purchase_company ON purchase (company_id, published_at, id);

ALTER TABLE purchase_line ADD COLUMN mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purchase_line ADD COLUMN area TEXT NOT NULL DEFAULT '' CHECK (length(area) <= 6);
ALTER TABLE purchase_line ADD COLUMN reason TEXT NOT NULL DEFAULT '' CHECK (length(reason) <= 600);
ALTER TABLE purchase_line ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;

ALTER TABLE quote ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN tax_rate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN freight INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN lead_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN min_quantity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN available INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN valid_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN sample INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN counter_price INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote ADD COLUMN counter_message TEXT NOT NULL DEFAULT '' CHECK (length(counter_message) <= 600);
ALTER TABLE quote ADD COLUMN countered_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE quote_revision ADD COLUMN unit TEXT NOT NULL DEFAULT '' CHECK (length(unit) <= 20);
ALTER TABLE quote_revision ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN tax_rate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN freight INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN lead_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN min_quantity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN available INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN valid_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quote_revision ADD COLUMN sample INTEGER NOT NULL DEFAULT 0;

ALTER TABLE event ADD COLUMN subject INTEGER NOT NULL DEFAULT 0;

UPDATE purchase_line SET area = (SELECT p.area FROM purchase p WHERE p.id = purchase_line.purchase_id);

CREATE TABLE company (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CHECK (length(name) <= 80),
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE purchase_version (
    purchase_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    editor_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (purchase_id, version)
) STRICT;

-- +goose Down
DROP TABLE purchase_version;
DROP TABLE company;
ALTER TABLE event DROP COLUMN subject;
ALTER TABLE quote_revision DROP COLUMN unit;
ALTER TABLE quote_revision DROP COLUMN kind;
ALTER TABLE quote_revision DROP COLUMN tax_rate;
ALTER TABLE quote_revision DROP COLUMN freight;
ALTER TABLE quote_revision DROP COLUMN lead_days;
ALTER TABLE quote_revision DROP COLUMN min_quantity;
ALTER TABLE quote_revision DROP COLUMN available;
ALTER TABLE quote_revision DROP COLUMN valid_until;
ALTER TABLE quote_revision DROP COLUMN sample;
ALTER TABLE quote DROP COLUMN kind;
ALTER TABLE quote DROP COLUMN tax_rate;
ALTER TABLE quote DROP COLUMN freight;
ALTER TABLE quote DROP COLUMN lead_days;
ALTER TABLE quote DROP COLUMN min_quantity;
ALTER TABLE quote DROP COLUMN available;
ALTER TABLE quote DROP COLUMN valid_until;
ALTER TABLE quote DROP COLUMN sample;
ALTER TABLE quote DROP COLUMN accepted;
ALTER TABLE quote DROP COLUMN counter_price;
ALTER TABLE quote DROP COLUMN counter_message;
ALTER TABLE quote DROP COLUMN countered_at;
ALTER TABLE purchase_line DROP COLUMN mode;
ALTER TABLE purchase_line DROP COLUMN area;
ALTER TABLE purchase_line DROP COLUMN reason;
ALTER TABLE purchase_line DROP COLUMN accepted;
DROP INDEX purchase_company;
ALTER TABLE purchase DROP COLUMN company_id;
ALTER TABLE purchase DROP COLUMN mode;
ALTER TABLE purchase DROP COLUMN show_rank;
ALTER TABLE purchase DROP COLUMN delivery;
ALTER TABLE purchase DROP COLUMN sample;
ALTER TABLE purchase DROP COLUMN qualification;
DROP INDEX users_company;
ALTER TABLE users DROP COLUMN company_id;
ALTER TABLE users DROP COLUMN company_role;
ALTER TABLE users DROP COLUMN certified_until;
