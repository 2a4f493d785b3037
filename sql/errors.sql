-- errors: SQLSTATE, message and hint of what is wrong with a call.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_refusals'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_errors;
SET search_path = regress_errors, public;

CREATE FUNCTION attempt(call text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := replace(message, current_setting('gooseplus.directory'), '...');
END;
$$;

-- options
\t on
\x on
\pset format unaligned
SELECT a.* FROM attempt($$ gooseplus_migrate(NULL, NULL) $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '["lock"]') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '"lock"') $$) a;
SELECT a.state, a.message, a.hint ~ '^The options are ".*"timeout"' AS listed
FROM attempt($$ gooseplus_migrate(options => '{"tmeout": 1}') $$) a;
SELECT a.state, a.message FROM attempt($$ gooseplus_migrate(options => '{"Timeout": 1}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"timeout": null}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"timeout": [1]}') $$) a;
SELECT a.state FROM attempt($$ gooseplus_migrate(options => '{"timeout": -1}') $$) a;
SELECT a.state, a.message FROM attempt($$ gooseplus_migrate(options => '{"timeout": "soon"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"lock": "perhaps"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"on_error": "ignore"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"drop_concurrently": true}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"lock_id": "goose"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"lock_id": 9223372036854775808}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"directory": ""}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"base_environment": "a/b"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"base_environment": ".."}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"version_table": "a.b.c"}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"version_table": ""}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"variables": ["a"]}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate(options => '{"variables": "{"}') $$) a;

-- the environment
SELECT a.* FROM attempt($$ gooseplus_migrate('{"timeout": 1}') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('20240101') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('base,,same') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('base/same') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('base,../same') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('.hidden') $$) a;

-- the directory, and duplicates
SELECT a.state, a.message FROM attempt(format(
    'gooseplus_migrate(options => jsonb_build_object(''directory'', %L))',
    current_setting('gooseplus.directory') || '/nowhere')) a;
SELECT a.state FROM attempt(format(
    'gooseplus_migrate(options => jsonb_build_object(''directory'', %L))',
    current_setting('gooseplus.directory') || '/base/00001_first.sql')) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('same') $$) a;
SELECT a.* FROM attempt($$ gooseplus_migrate('twice') $$) a;

-- statements
SELECT a.* FROM attempt($$ gooseplus_statements('-- +goose Up', 'sideways') $$) a;
SELECT a.* FROM attempt($$ gooseplus_statements('-- +goose Up', NULL) $$) a;
SELECT a.* FROM attempt($$ gooseplus_statements('SELECT 1;') $$) a;
\pset format aligned
\x off
\t off

-- the functions that only look refuse the same
SELECT call, a.state FROM string_to_table($$gooseplus_status('a/b')
gooseplus_has_pending('a/b')
gooseplus_versions('a/b')
gooseplus_sources('a/b')
gooseplus_validate('a/b')
gooseplus_db_version('{"lcok": true}')
gooseplus_db_version(NULL)
gooseplus_status('same')
gooseplus_has_pending('same')
gooseplus_versions('same')
gooseplus_sources('same')$$, E'\n') AS call, attempt(call) a;
-- but validate lists duplicates as it lists all problems
SELECT * FROM gooseplus_validate('twice');

SELECT count(*) AS relations FROM pg_class WHERE relnamespace = 'regress_errors'::regnamespace;
DROP SCHEMA regress_errors CASCADE;
