-- Lists and searches of requests. listing is computed, so that nothing can forget
-- it: 1 may be quoted on, 2 is over, 0 is shown in no list, as what was closed or
-- is for invited suppliers only. province is the first two digits of the area.

-- +goose Up
ALTER TABLE purchase
    ADD COLUMN listing BIGINT AS (CASE WHEN mode = 1 THEN 0 WHEN status = 1 THEN 1 WHEN status >= 2 THEN 2 ELSE 0 END) VIRTUAL,
    ADD COLUMN province VARCHAR(2) AS (SUBSTR(area, 1, 2)) VIRTUAL;
CREATE INDEX purchase_newest ON purchase (listing, published_at, id, deadline);
CREATE INDEX purchase_ending ON purchase (listing, deadline, id);
CREATE INDEX purchase_place ON purchase (listing, province, published_at, id, deadline);
CREATE INDEX purchase_place_ending ON purchase (listing, province, deadline, id);
CREATE INDEX purchase_mine ON purchase (buyer_id, status, published_at, id);
DROP INDEX purchase_open ON purchase;

ALTER TABLE purchase_line
    ADD COLUMN listing BIGINT AS (CASE WHEN mode = 1 THEN 0 WHEN status = 1 THEN 1 WHEN status >= 2 THEN 2 ELSE 0 END) VIRTUAL,
    ADD COLUMN province VARCHAR(2) AS (SUBSTR(area, 1, 2)) VIRTUAL;
CREATE INDEX purchase_line_newest ON purchase_line (category_id, listing, published_at, purchase_id, deadline);
CREATE INDEX purchase_line_ending ON purchase_line (category_id, listing, deadline, purchase_id);
CREATE INDEX purchase_line_place ON purchase_line (category_id, listing, province, published_at, purchase_id, deadline);
DROP INDEX purchase_line_open ON purchase_line;

CREATE INDEX quote_mine ON quote (supplier_id, state, created_at, id);

-- +goose Down
DROP INDEX quote_mine ON quote;
CREATE INDEX purchase_line_open ON purchase_line (category_id, status, published_at, purchase_id, deadline);
DROP INDEX purchase_line_place ON purchase_line;
DROP INDEX purchase_line_ending ON purchase_line;
DROP INDEX purchase_line_newest ON purchase_line;
ALTER TABLE purchase_line
    DROP COLUMN province,
    DROP COLUMN listing;
CREATE INDEX purchase_open ON purchase (status, published_at, id, deadline);
DROP INDEX purchase_mine ON purchase;
DROP INDEX purchase_place_ending ON purchase;
DROP INDEX purchase_place ON purchase;
DROP INDEX purchase_ending ON purchase;
DROP INDEX purchase_newest ON purchase;
ALTER TABLE purchase
    DROP COLUMN province,
    DROP COLUMN listing;
