-- timeouts: of one migration, of the run, and of the caller's statement.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_timeouts'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_timeouts;
SET search_path = regress_timeouts, public;

-- how far a run gets until then depends on the machine
\set SHOW_CONTEXT never

-- a migration: 57014, and the setting that was it
SELECT gooseplus_migrate(NULL, '{"base_environment": "sleep", "migration_timeout": "250ms"}');
\echo :LAST_ERROR_SQLSTATE
-- also if the migration catches the cancel, in its last statement too
SELECT gooseplus_migrate(NULL, '{"base_environment": "swallow", "migration_timeout": "250ms"}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate(NULL, '{"base_environment": "last", "migration_timeout": "250ms"}');
\echo :LAST_ERROR_SQLSTATE
-- or if it sleeps in what is deferred
SELECT gooseplus_migrate(NULL, '{"base_environment": "deferred", "migration_timeout": "250ms"}');

-- the run
SELECT gooseplus_migrate(NULL, '{"base_environment": "sleep", "timeout": 250}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate(NULL, '{"base_environment": "swallow", "timeout": 250, "migration_timeout": 0}');
\echo :LAST_ERROR_SQLSTATE
-- the rows say it, where they are asked to
SELECT version, state, split_part(error, E'\n', 1) AS error FROM gooseplus_migrate(NULL,
    '{"base_environment": "sleep", "timeout": 250, "on_error": "return"}');
SELECT version, state, split_part(error, E'\n', 1) AS error FROM gooseplus_migrate(NULL,
    '{"base_environment": "sleep", "migration_timeout": 250, "on_error": "return"}');

-- the caller's own limit has its own words, and is raised in any case
BEGIN;
SET LOCAL statement_timeout = '250ms';
SELECT gooseplus_migrate(NULL, '{"base_environment": "sleep", "on_error": "return"}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

-- the session is well, and no timer is left that could hit the next statement
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_timeouts'::regnamespace;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT version, state FROM gooseplus_migrate(NULL,
    '{"base_environment": "short", "migration_timeout": "1min", "timeout": "2min"}');
-- no limit
DROP TABLE short, goose_db_version;
SELECT version, state FROM gooseplus_migrate(NULL,
    '{"base_environment": "short", "migration_timeout": 0, "timeout": 0}');

DROP SCHEMA regress_timeouts CASCADE;
