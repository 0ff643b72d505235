-- The marketplace: companies and their members, the modes and terms of requests,
-- all that a quote says, accepted quantities, counter-offers, and the versions of
-- edited requests. Rates are hundredths of a percent, quantities thousandths of
-- the unit that stands beside them, times milliseconds since 1970 UTC, 0 means
-- never. content is JSON.

-- +goose Up
ALTER TABLE users
    ADD COLUMN company_id BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN company_role BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN certified_until BIGINT NOT NULL DEFAULT 0,
    ADD KEY users_company (company_id, id);

ALTER TABLE purchase
    ADD COLUMN company_id BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN mode BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN show_rank BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN delivery VARCHAR(80) NOT NULL DEFAULT '',
    ADD COLUMN sample VARCHAR(80) NOT NULL DEFAULT '',
    ADD COLUMN qualification VARCHAR(200) NOT NULL DEFAULT '',
    ADD KEY purchase_company (company_id, published_at, id);

ALTER TABLE purchase_line
    ADD COLUMN mode BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN area VARCHAR(6) NOT NULL DEFAULT '',
    ADD COLUMN reason VARCHAR(600) NOT NULL DEFAULT '',
    ADD COLUMN accepted BIGINT NOT NULL DEFAULT 0;

ALTER TABLE quote
    ADD COLUMN kind BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN tax_rate BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN freight BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN lead_days BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN min_quantity BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN available BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN valid_until BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN sample BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN accepted BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN counter_price BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN counter_message VARCHAR(600) NOT NULL DEFAULT '',
    ADD COLUMN countered_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE quote_revision
    ADD COLUMN unit VARCHAR(20) NOT NULL DEFAULT '',
    ADD COLUMN kind BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN tax_rate BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN freight BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN lead_days BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN min_quantity BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN available BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN valid_until BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN sample BIGINT NOT NULL DEFAULT 0;

ALTER TABLE event
    ADD COLUMN subject BIGINT NOT NULL DEFAULT 0;

UPDATE purchase_line SET area = (SELECT p.area FROM purchase p WHERE p.id = purchase_line.purchase_id);

CREATE TABLE company (
    id BIGINT NOT NULL AUTO_INCREMENT,
    name VARCHAR(80) NOT NULL,
    created_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

CREATE TABLE purchase_version (
    purchase_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    editor_id BIGINT NOT NULL,
    content MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (purchase_id, version) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;

-- +goose Down
DROP TABLE purchase_version;
DROP TABLE company;
ALTER TABLE event
    DROP COLUMN subject;
ALTER TABLE quote_revision
    DROP COLUMN unit,
    DROP COLUMN kind,
    DROP COLUMN tax_rate,
    DROP COLUMN freight,
    DROP COLUMN lead_days,
    DROP COLUMN min_quantity,
    DROP COLUMN available,
    DROP COLUMN valid_until,
    DROP COLUMN sample;
ALTER TABLE quote
    DROP COLUMN kind,
    DROP COLUMN tax_rate,
    DROP COLUMN freight,
    DROP COLUMN lead_days,
    DROP COLUMN min_quantity,
    DROP COLUMN available,
    DROP COLUMN valid_until,
    DROP COLUMN sample,
    DROP COLUMN accepted,
    DROP COLUMN counter_price,
    DROP COLUMN counter_message,
    DROP COLUMN countered_at;
ALTER TABLE purchase_line
    DROP COLUMN mode,
    DROP COLUMN area,
    DROP COLUMN reason,
    DROP COLUMN accepted;
ALTER TABLE purchase
    DROP KEY purchase_company,
    DROP COLUMN company_id,
    DROP COLUMN mode,
    DROP COLUMN show_rank,
    DROP COLUMN delivery,
    DROP COLUMN sample,
    DROP COLUMN qualification;
ALTER TABLE users
    DROP KEY users_company,
    DROP COLUMN company_id,
    DROP COLUMN company_role,
    DROP COLUMN certified_until;
