-- refusals: where a run cannot begin.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_refusals'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_refusals;
SET search_path = regress_refusals, public;

-- a snapshot that may be older than the lock
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- looking is no run
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT version, state FROM gooseplus_status();
COMMIT;

-- read only
BEGIN READ ONLY;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT version, state FROM gooseplus_status();
SELECT gooseplus_has_pending(), gooseplus_db_version();
COMMIT;

-- a migration that migrates
SELECT gooseplus_migrate('nested');
\echo :LAST_ERROR_SQLSTATE
-- nothing of it sticks
SELECT version, state FROM gooseplus_migrate();
DROP TABLE first, goose_db_version_history;

-- version tables that are none
TRUNCATE goose_db_version;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_db_version(), gooseplus_has_pending();
ALTER TABLE goose_db_version DROP COLUMN is_applied;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_db_version();
\echo :LAST_ERROR_SQLSTATE
DROP TABLE goose_db_version;
CREATE SEQUENCE goose_db_version;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
DROP SEQUENCE goose_db_version;
\set VERBOSITY sqlstate
SELECT gooseplus_migrate(options => '{"version_table": "regress_nowhere.goose_db_version"}');
\set VERBOSITY default
SET search_path = regress_nowhere;
SELECT public.gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT public.gooseplus_db_version();
\echo :LAST_ERROR_SQLSTATE
SET search_path = regress_refusals, public;

SELECT count(*) AS relations FROM pg_class WHERE relnamespace = 'regress_refusals'::regnamespace;
DROP SCHEMA regress_refusals CASCADE;
