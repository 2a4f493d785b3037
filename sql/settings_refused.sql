-- settings_refused: values that pass for text and cannot be used.
SET client_min_messages = warning;
CREATE SCHEMA regress_settings_refused;
SET search_path = regress_settings_refused, public;
SET gooseplus.bundle = 'regress_settings_refused';
SELECT gooseplus_bundle_put('regress_settings_refused', 'base/00001_one.sql',
    E'-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE ${TABLE:-one} (id int);');

-- a name that is too long with the suffix of the lock table, or of the history
SELECT jsonb_build_object('version_table', repeat('v', 60), 'lock_table', true) AS options \gset
SELECT gooseplus_migrate(NULL, :'options');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_settings_refused'::regnamespace;
SELECT gooseplus_migrate(NULL, :'options'::jsonb || '{"lock_table": false}');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_settings_refused'::regnamespace;
SELECT state FROM gooseplus_migrate(NULL, :'options'::jsonb || '{"lock_table": false, "history": false}');
SELECT relname FROM pg_class WHERE relname ~ '^v+$' ORDER BY 1;
DROP TABLE one;

-- the name of a channel has a limit, and so have numbers
SELECT gooseplus_migrate(options => jsonb_build_object('notify_channel', repeat('c', 64)));
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT gooseplus_migrate(options => '{"ddl_lock_timeout": -1}');
SELECT gooseplus_migrate(options => '{"ddl_lock_retries": -1}');

-- variables that are nested too deeply
\set VERBOSITY terse
SET gooseplus.variables = '{"a": [[[[[[[[[[[[1]]]]]]]]]]]]}';
\set VERBOSITY sqlstate
SELECT set_config('gooseplus.variables',
    '{"a": ' || repeat('[', 100000) || repeat(']', 100000) || '}', false) IS NULL;
SHOW gooseplus.variables;
-- brackets in a string are no nesting
SET gooseplus.variables = '{"TABLE": "one", "b": "[[[[[[[[[[[[[\"[[[["}';
SELECT state FROM gooseplus_migrate();
DROP TABLE one, goose_db_version;

-- a character that jsonb does not take: JSON by the grammar, refused when it is read
\set VERBOSITY terse
SET gooseplus.variables = '{"a": "\u0000"}';
DO $$
DECLARE
    context text;
BEGIN
    PERFORM gooseplus_migrate();
EXCEPTION WHEN untranslatable_character THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RAISE WARNING '% (%)', SQLERRM, substring(context FROM 'setting "gooseplus.variables"');
END;
$$;
RESET gooseplus.variables;
SELECT state FROM gooseplus_migrate();

SELECT gooseplus_bundle_drop('regress_settings_refused');
DROP SCHEMA regress_settings_refused CASCADE;
