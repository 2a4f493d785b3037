-- what it changes of its session it puts back
-- +goose NO TRANSACTION
-- +goose Up
CREATE SCHEMA archive;
SET search_path = archive, public;
SET lock_timeout = '5s';
CREATE TABLE loans_2025 AS SELECT reader FROM loans WHERE reader < 5;
CREATE INDEX CONCURRENTLY ON loans_2025 (reader);
RESET lock_timeout;
RESET search_path;
SET CONSTRAINTS ALL IMMEDIATE;
COMMENT ON TABLE archive.loans_2025 IS 'closed';

-- +goose Down
DROP SCHEMA archive CASCADE;
