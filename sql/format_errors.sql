-- format_errors: files that no run takes, with SQLSTATE, line and column.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_errors'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_format_errors;
SET search_path = regress_format_errors, public;

CREATE FUNCTION attempt(folder text, OUT state text, OUT message text, OUT place text)
LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    PERFORM gooseplus_migrate(NULL, jsonb_build_object('base_environment', folder));
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
        message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
    place := substring(context FROM '^(?:statement \d+ at )?[^\n]*_case\.sql:\d+:\d+');
END;
$$;

SELECT folder, (attempt(folder)).* FROM string_to_table(
    'no_up nothing text_before_up up_twice down_first down_twice unknown no_command indented '
    'repeated begin_first begin_twice end_alone no_end no_semicolon no_semicolon_down', ' ') AS folder;
SELECT folder, (attempt(folder)).* FROM string_to_table(
    'string identifier dollar comment parenthesis body bad_utf8 null_byte utf16 '
    'required required_words no_brace no_name grammar rollback', ' ') AS folder;

-- the place is said once
SELECT gooseplus_migrate(NULL, '{"base_environment": "no_semicolon"}');
SELECT gooseplus_migrate(NULL, '{"base_environment": "grammar"}');

-- what is wrong with several files comes as one error, and nothing has run
SELECT gooseplus_migrate(NULL, '{"base_environment": "several"}');
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_format_errors'::regnamespace;

-- validate says the same without a run, and more: it looks at all files
SELECT * FROM gooseplus_validate(NULL, '{"base_environment": "several"}');

DROP SCHEMA regress_format_errors CASCADE;
