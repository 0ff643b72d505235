-- Accounts of staff, their logins and what they change; template bindings and
-- the platform's verification files.

-- +goose Up
ALTER TABLE staff ADD COLUMN name VARCHAR(40) NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN password VARCHAR(200) NOT NULL DEFAULT '' COMMENT 'argon2id; empty: only a one-time link lets in';
ALTER TABLE staff ADD COLUMN last_login_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE admin_link ADD COLUMN for_staff BIGINT NOT NULL DEFAULT 0 COMMENT 'whom it lets in; 0: the owner';
CREATE INDEX session_staff ON session (staff_id);
CREATE INDEX staff_list ON staff (created_at, id);
CREATE INDEX admin_link_staff ON admin_link (for_staff);

-- login_attempt: failures of a login name or an address, for lock-out. An
-- attempt counts as failed until it has succeeded.
CREATE TABLE login_attempt (
    name     VARCHAR(64) NOT NULL COMMENT 'sha256 of the login name or the address, hex',
    failures BIGINT      NOT NULL,
    last_at  BIGINT      NOT NULL,
    PRIMARY KEY (name) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX login_attempt_last ON login_attempt (last_at);

CREATE TABLE login_log (
    id         BIGINT       NOT NULL AUTO_INCREMENT,
    staff_id   BIGINT       NOT NULL COMMENT '0: the login name is nobody''s',
    ip         VARCHAR(45)  NOT NULL,
    agent      VARCHAR(200) NOT NULL,
    ok         TINYINT      NOT NULL,
    how        VARCHAR(20)  NOT NULL,
    reason     VARCHAR(100) NOT NULL,
    created_at BIGINT       NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;
CREATE INDEX login_log_all ON login_log (created_at, id);
CREATE INDEX login_log_staff ON login_log (staff_id, created_at, id);

CREATE TABLE audit (
    id         BIGINT       NOT NULL AUTO_INCREMENT,
    staff_id   BIGINT       NOT NULL COMMENT '0: the command line',
    action     VARCHAR(40)  NOT NULL,
    target     VARCHAR(100) NOT NULL,
    detail     VARCHAR(500) NOT NULL,
    created_at BIGINT       NOT NULL,
    PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T! SHARD_ROW_ID_BITS=4 PRE_SPLIT_REGIONS=2 */;
CREATE INDEX audit_all ON audit (created_at, id);
CREATE INDEX audit_staff ON audit (staff_id, created_at, id);
CREATE INDEX audit_action ON audit (action, created_at, id);

-- template_binding: which template of the account staff chose for a title.
CREATE TABLE template_binding (
    app_id      VARCHAR(64) NOT NULL,
    title       VARCHAR(64) NOT NULL,
    template_id VARCHAR(64) NOT NULL,
    PRIMARY KEY (app_id, title) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE verify_file (
    name       VARCHAR(64) NOT NULL,
    content    VARCHAR(64) NOT NULL,
    created_at BIGINT      NOT NULL,
    PRIMARY KEY (name) /*T![clustered_index] NONCLUSTERED */
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- +goose Down
DROP TABLE verify_file;
DROP TABLE template_binding;
DROP TABLE audit;
DROP TABLE login_log;
DROP TABLE login_attempt;
DROP INDEX admin_link_staff ON admin_link;
DROP INDEX staff_list ON staff;
DROP INDEX session_staff ON session;
ALTER TABLE admin_link DROP COLUMN for_staff;
ALTER TABLE staff DROP COLUMN last_login_at;
ALTER TABLE staff DROP COLUMN password;
ALTER TABLE staff DROP COLUMN name;
