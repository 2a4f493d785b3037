-- search_path: what is planted in a schema before pg_catalog is not used.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_trust'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_path;
CREATE SCHEMA regress_path_planted;

-- operators of all types that a query about catalogs could want
SELECT format('CREATE FUNCTION regress_path_planted.planted(%1$s, %1$s) RETURNS %2$s
    LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION SQLSTATE ''TRAP0''; END; $$;
    CREATE OPERATOR regress_path_planted.%3$s (LEFTARG = %1$s, RIGHTARG = %1$s,
    FUNCTION = regress_path_planted.planted);', type, result, operator)
FROM (VALUES ('bigint', 'boolean', '='), ('int', 'boolean', '='), ('oid', 'boolean', '='),
    ('name', 'boolean', '='), ('text', 'boolean', '='), ('boolean', 'boolean', '='),
    ('smallint', 'boolean', '<>'), ('regclass', 'boolean', '='), ('"char"', 'boolean', '=')) AS v (type, result, operator)
\gexec
SELECT format('CREATE OPERATOR regress_path_planted.%s (LEFTARG = %s, RIGHTARG = %2$s,
    FUNCTION = regress_path_planted.planted);', operator, type)
FROM unnest(ARRAY['bigint', 'int', 'oid', 'text']) AS type, unnest(ARRAY['<>', '<', '>', '>=', '||']) AS operator
\gexec
-- functions, types and tables of names that come to mind
SELECT format('CREATE FUNCTION regress_path_planted.%s RETURNS %s
    LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION SQLSTATE ''TRAP1''; END; $$;', name, result)
FROM (VALUES ('now()', 'timestamptz'), ('pg_backend_pid()', 'int'), ('current_schema()', 'name'),
    ('current_database()', 'name'), ('quote_ident(text)', 'text'),
    ('max(bigint)', 'bigint'), ('regexp_match(text, text)', 'text[]'), ('clock_timestamp()', 'timestamptz'),
    ('pg_blocking_pids(int)', 'int[]'), ('substring(text, text)', 'text'), ('count(bigint)', 'bigint'), ('int8(int)', 'bigint'),
    ('text(name)', 'text'), ('oid(int)', 'oid')) AS v (name, result)
\gexec
CREATE DOMAIN regress_path_planted.int8 AS pg_catalog.int8 CHECK (false);
CREATE DOMAIN regress_path_planted.int4 AS pg_catalog.int4 CHECK (false);
CREATE DOMAIN regress_path_planted.bool AS pg_catalog.bool CHECK (false);
CREATE DOMAIN regress_path_planted.timestamp AS pg_catalog.timestamp CHECK (false);
CREATE TABLE regress_path_planted.pg_class (oid oid, relname name);
CREATE TABLE regress_path_planted.pg_locks (pid int);
CREATE TABLE regress_path_planted.pg_stat_activity (pid int);
CREATE TABLE regress_path_planted.pg_constraint (oid oid);
CREATE TABLE regress_path_planted.pg_trigger (oid oid);

-- they are found by whoever asks for them without a schema
SET search_path = regress_path, regress_path_planted, pg_catalog, public;
\set VERBOSITY sqlstate
SELECT 1 = 2;
SELECT now();
SELECT count(*) FROM pg_class;
-- and not by us
SELECT version, state FROM gooseplus_migrate(NULL, '{"lock_table": true}');
SELECT version, state FROM gooseplus_migrate(NULL, '{"lock_table": true}');
SELECT version, state FROM gooseplus_status();
SELECT gooseplus_db_version(), gooseplus_has_pending();
CALL gooseplus_wait(2);
SELECT pid FROM gooseplus_progress WHERE database OPERATOR(pg_catalog.=) 'nowhere';
SELECT * FROM gooseplus_versions();
SELECT path FROM gooseplus_sources();
SELECT * FROM gooseplus_validate();
SELECT version, state FROM gooseplus_down();
SELECT version, state FROM gooseplus_reset();
SELECT gooseplus_bundle_put('regress_path', 'base/00003_three.sql', '-- +goose Up');
SELECT version, state FROM gooseplus_migrate(NULL, '{"bundle": "regress_path"}');
SELECT path FROM gooseplus_bundle_files('regress_path');
SELECT gooseplus_bundle_drop('regress_path');
\set VERBOSITY default

SET search_path = pg_catalog;
SELECT column_name, data_type, udt_schema FROM information_schema.columns
WHERE table_schema = 'regress_path' AND table_name = 'goose_db_version' ORDER BY ordinal_position;
DROP SCHEMA regress_path, regress_path_planted CASCADE;
