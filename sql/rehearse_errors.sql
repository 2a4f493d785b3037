-- rehearse_errors: statements that fail, or that no transaction can hold.
SET client_min_messages = warning;
CREATE SCHEMA regress_rehearse_errors;
SET search_path = regress_rehearse_errors, public;
SET gooseplus.bundle = 'regress_rehearse_errors';
CREATE TABLE orders (id int PRIMARY KEY, n int);
CREATE TYPE color AS ENUM ('red');
CREATE VIEW report AS SELECT substr(source, 8) AS file, line, left(statement, 50) AS statement, state, error
FROM gooseplus_rehearse();

-- a failure: what comes after it is not run
SELECT count(gooseplus_bundle_put('regress_rehearse_errors', format('base/%s_step.sql', lpad(i::text, 5, '0')),
    format(E'-- +goose Up\nCREATE TABLE t%s (id int);\n', i) || CASE i
    WHEN 7 THEN E'INSERT INTO t7\n  SELECT nowhere FROM t1;\nSELECT 7;\n' ELSE '' END))
FROM generate_series(1, 10) i;
SELECT * FROM report;
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_rehearse_errors'::regnamespace AND relname ~ '^t';

-- a file that cannot be read as SQL: nothing is run
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00003_step.sql', E'-- +goose Up\nSELECT 1;\nSELEC 2;\n');
SELECT file, line, state, split_part(error, E'\n', 1) AS error FROM report;
SELECT gooseplus_bundle_drop('regress_rehearse_errors') > 0 AS dropped;

-- a deferred constraint fails at the end of its migration
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_deferred.sql', '-- +goose Up
CREATE TABLE child (id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED);
INSERT INTO child VALUES (1);');
SELECT line, state, split_part(error, E'\n', 1) AS error FROM report;
SELECT gooseplus_bundle_drop('regress_rehearse_errors') > 0 AS dropped;

-- what no transaction can hold is left out, and the others run
INSERT INTO gooseplus_bundle VALUES
('regress_rehearse_errors', 'base/00001_none.sql', '-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY orders_n ON orders (n);
VACUUM orders;
CREATE TABLE fresh (id int);
CREATE INDEX CONCURRENTLY fresh_id ON fresh (id);
BEGIN;
INSERT INTO orders VALUES (1, 1);
ROLLBACK;
DO $$ BEGIN INSERT INTO fresh VALUES (1); COMMIT; END $$;
SELECT 1 / (1 - count(*)) FROM fresh;
ALTER TYPE color ADD VALUE ''blue'';
CREATE TABLE paint AS SELECT ''blue''::color AS color;
REINDEX SCHEMA regress_rehearse_errors;
SELECT 1;'),
('regress_rehearse_errors', 'base/00002_next.sql', '-- +goose Up
COMMIT;
SELECT 2;');
SELECT * FROM report;
SELECT substr(source, 8) AS file, danger FROM gooseplus_rehearse() WHERE line IS NULL;
-- CONCURRENTLY can be dropped, to see the index built
SELECT line, state, locks->0->>'mode' AS mode, indexes
FROM gooseplus_rehearse(options => '{"drop_concurrently": "always"}') WHERE line = 3 AND source ~ 'none';
SELECT gooseplus_bundle_drop('regress_rehearse_errors') > 0 AS dropped;

-- in a file with a transaction it fails, as it will
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_concurrently.sql',
    E'-- +goose Up\nCREATE INDEX CONCURRENTLY orders_n ON orders (n);');
SELECT line, state, split_part(error, E'\n', 1) AS error FROM report;
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_concurrently.sql', E'-- +goose Up\nVACUUM orders;');
SELECT line, state, split_part(error, E'\n', 1) AS error FROM report;

-- settings of a migration end with it, and the limit for locks with the run
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_concurrently.sql', $$-- +goose Up
SET lock_timeout = '1h';
SELECT 1 / (current_setting('lock_timeout') = '2s')::int;
SET work_mem = '1MB';$$);
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00002_limit.sql', $$-- +goose Up
SELECT 1 / (current_setting('work_mem') <> '1MB')::int;
SELECT 1 / (current_setting('lock_timeout') = '2s')::int;$$);
SELECT DISTINCT state, error FROM report;
SHOW lock_timeout;
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_concurrently.sql',
    E'-- +goose Up\nSELECT 1 / (current_setting(''lock_timeout'') = ''700ms'')::int;');
SELECT state FROM gooseplus_rehearse(NULL, 1, '{"ddl_lock_timeout": "700ms"}') WHERE line IS NULL;
SET lock_timeout = '700ms';
SELECT state FROM gooseplus_rehearse(NULL, 1, '{"ddl_lock_timeout": "5s"}') WHERE line IS NULL;
RESET lock_timeout;

-- what belongs to no migration is raised
SELECT gooseplus_rehearse('nowhere,');
SELECT gooseplus_rehearse(NULL, 0);
BEGIN READ ONLY;
SELECT gooseplus_rehearse();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT gooseplus_rehearse();
ROLLBACK;
SELECT gooseplus_bundle_put('regress_rehearse_errors', 'base/00001_concurrently.sql', E'-- +goose Up\nSELECT * FROM gooseplus_rehearse();');
SELECT line, split_part(error, E'\n', 1) AS error FROM report WHERE state = 'failed' AND line > 0;

SELECT gooseplus_bundle_drop('regress_rehearse_errors') > 0 AS dropped;
DROP SCHEMA regress_rehearse_errors CASCADE;
