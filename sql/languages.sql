-- languages: one that is not installed is an error before the run.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_languages'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_languages;
SET search_path = regress_languages, public;

-- DO, functions and procedures: all that is missing, nothing run
SELECT gooseplus_migrate('do');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate('function');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate('many');
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_languages'::regnamespace;
SELECT * FROM gooseplus_validate('function');
SELECT version, state FROM gooseplus_status('do');

-- only what runs counts
SELECT version, state FROM gooseplus_migrate('down');
SELECT gooseplus_down('down');
\echo :LAST_ERROR_SQLSTATE
SELECT version_id FROM goose_db_version ORDER BY id;
DELETE FROM goose_db_version WHERE version_id = 2;

-- created earlier in the same run
SELECT * FROM gooseplus_validate('created');
SELECT version, state FROM gooseplus_migrate('created');
SELECT id FROM before ORDER BY id;
DROP LANGUAGE plregress CASCADE;
DELETE FROM goose_db_version WHERE version_id > 1;
-- created too late
SELECT gooseplus_migrate('late_creation');
\echo :LAST_ERROR_SQLSTATE
SELECT version_id FROM goose_db_version ORDER BY id;

-- created by an extension, and DO without a language: that is PL/pgSQL
TRUNCATE before;
DROP EXTENSION plpgsql;
SELECT gooseplus_migrate('default');
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM gooseplus_migrate('extension');
SELECT id FROM before ORDER BY id;
DELETE FROM goose_db_version WHERE version_id > 1;
SELECT version, state FROM gooseplus_migrate('default');

SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS plpgsql;
DROP SCHEMA regress_languages CASCADE;
