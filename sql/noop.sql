-- noop: nothing pending, nothing changes.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_noop'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_noop;
SET search_path = regress_noop, public;

SELECT version, state FROM gooseplus_migrate();

-- what a run with nothing to do may not touch
CREATE TABLE before AS SELECT xmin::text AS row_xmin, ctid AS row_ctid, * FROM goose_db_version;
CREATE TABLE history AS SELECT xmin::text AS row_xmin, ctid AS row_ctid, * FROM goose_db_version_history;
CREATE TABLE relations AS SELECT oid, relname, relfilenode FROM pg_class
    WHERE relnamespace = 'regress_noop'::regnamespace;
SET client_min_messages = notice;
SELECT count(*) FROM gooseplus_migrate();
SELECT count(*) FROM gooseplus_migrate(NULL);
SELECT count(*) FROM gooseplus_migrate('base');
-- a folder without migrations is fine
SELECT count(*) FROM gooseplus_migrate('empty');
SELECT count(*) FROM gooseplus_migrate(options => '{"on_error": "return"}');
SET client_min_messages = warning;
SELECT xmin::text AS row_xmin, ctid AS row_ctid, * FROM goose_db_version EXCEPT TABLE before;
SELECT count(*) FROM goose_db_version;
SELECT count(*) FROM (SELECT xmin::text AS row_xmin, ctid AS row_ctid, * FROM goose_db_version_history
    INTERSECT TABLE history) AS same;
SELECT count(*) FROM goose_db_version_history;
SELECT oid, relname, relfilenode FROM pg_class
    WHERE relnamespace = 'regress_noop'::regnamespace
    AND relname NOT IN ('relations', 'before', 'history')
EXCEPT TABLE relations;
-- not even a number of the sequences
SELECT last_value FROM goose_db_version_id_seq;
SELECT last_value FROM goose_db_version_history_id_seq;

-- an empty database, and nothing to apply: the table is made all the same, the history is not
SET gooseplus.version_table = 'regress_noop.empty_db_version';
SET gooseplus.base_environment = 'empty';
SET client_min_messages = notice;
SELECT count(*) FROM gooseplus_migrate();
SELECT version_id, is_applied FROM empty_db_version;
SELECT to_regclass('empty_db_version_history');
RESET gooseplus.version_table;
RESET gooseplus.base_environment;

SET client_min_messages = warning;
DROP SCHEMA regress_noop CASCADE;
