-- concurrently_list: DROP INDEX CONCURRENTLY of more than one index.
SET client_min_messages = warning;
CREATE SCHEMA regress_concurrently_list;
SET search_path = regress_concurrently_list, public;
SET gooseplus.bundle = 'regress_concurrently_list';
SELECT gooseplus_bundle_put('regress_concurrently_list', 'base/00001_drop.sql',
    E'-- +goose NO TRANSACTION\n-- +goose Up\nDROP INDEX CONCURRENTLY fresh_a, old_a;');

-- the first is on a table of this transaction, the second on one that was there
CREATE TABLE old (a int);
CREATE INDEX old_a ON old (a);
CREATE INDEX fresh_a ON old (a);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate(NULL, '{"drop_concurrently": "always"}');
\echo :LAST_ERROR_SQLSTATE
DROP INDEX fresh_a;
BEGIN;
CREATE TABLE fresh (a int);
CREATE INDEX fresh_a ON fresh (a);
SELECT state, left(error, 71) AS error FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT indexrelid::regclass, indisvalid FROM pg_index
WHERE indexrelid IN ('old_a'::regclass, 'fresh_a'::regclass) ORDER BY indexrelid::regclass::text COLLATE "C";
COMMIT;

SELECT gooseplus_bundle_drop('regress_concurrently_list');
DROP SCHEMA regress_concurrently_list CASCADE;
