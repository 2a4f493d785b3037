-- concurrently: dropped on tables that nobody else can see, refused on others.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_atomic'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_concurrently;
SET search_path = regress_concurrently, public;

SELECT state, statements FROM gooseplus_migrate(NULL, '{"base_environment": "new"}');
SELECT indexrelid::regclass, indisvalid, indisunique FROM pg_index
WHERE indrelid IN ('fresh'::regclass, 'sums'::regclass) ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT count(*) AS attached FROM pg_inherits WHERE inhparent = 'parted'::regclass;
DROP MATERIALIZED VIEW sums;
DROP TABLE fresh, parted, part;
TRUNCATE goose_db_version;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true);

-- a table of the caller's own transaction is new, too
CREATE FUNCTION run(folder text, option jsonb = '{}', OUT state text, OUT message text,
    OUT detail text, OUT hint text, OUT indexes text, OUT attached bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gooseplus_migrate(NULL, jsonb_build_object('base_environment', folder) || option);
    SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text)
    INTO indexes FROM pg_index WHERE indrelid = 'old'::regclass;
    SELECT count(*) INTO attached FROM pg_inherits WHERE inhparent = to_regclass('old_parted');
    RAISE SQLSTATE 'DONE0' USING MESSAGE = 'it ran'; -- and shall be undone
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;
BEGIN;
CREATE TABLE old (id int PRIMARY KEY, a int);
SELECT state, message, indexes FROM run('old_create');
ROLLBACK;

-- a table that was there: others may be using it
CREATE TABLE old (id int PRIMARY KEY, a int, b int);
CREATE INDEX old_b ON old (b);
CREATE TABLE old_parted (id int) PARTITION BY LIST (id);
CREATE TABLE old_part PARTITION OF old_parted FOR VALUES IN (1);
\x on
SELECT state, message, detail, hint FROM run('old_create');
\x off
SELECT folder, state, detail
FROM string_to_table('old_create old_reindex old_reindex_table old_reindex_option old_drop old_detach altered', ' ') AS folder,
     run(folder);
-- a setting decides
SELECT folder, state, indexes, attached
FROM string_to_table('old_create old_reindex old_reindex_table old_reindex_option old_drop old_detach altered', ' ') AS folder,
     run(folder, '{"drop_concurrently": "always"}');
\x on
SELECT state, message, detail, hint FROM run('new', '{"drop_concurrently": "never"}');
\x off

DROP SCHEMA regress_concurrently CASCADE;
