-- atomic: what one transaction makes of commands about transactions.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_atomic'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_atomic;
SET search_path = regress_atomic, public;

-- the outcome of a run of one folder, which is undone in any case
CREATE FUNCTION public.regress_atomic_try(folder text, option jsonb = '{}',
    OUT state text, OUT message text, OUT hint text, OUT place text)
LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    PERFORM gooseplus_migrate(NULL, jsonb_build_object('base_environment', folder) || option);
    RAISE SQLSTATE '00000' USING MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    place := substring(context FROM 'statement \d+ at [^\n]*');
END;
$$;

-- BEGIN and COMMIT are skipped, and said to be
SELECT state, statements, rows FROM gooseplus_migrate(NULL, '{"base_environment": "transaction"}');
TABLE fresh;
DROP TABLE fresh, goose_db_version, goose_db_version_history;
SET client_min_messages = notice;
SELECT gooseplus_migrate(NULL, '{"base_environment": "said", "verbose": true}');
SET client_min_messages = warning;

-- refused before anything runs
SELECT folder, state, message, place
FROM string_to_table('rollback savepoint release rollback_to prepare commit_prepared', ' ') AS folder,
     regress_atomic_try(folder);
SELECT folder, state, message, place
FROM string_to_table('vacuum database tablespace system discard reindex_schema', ' ') AS folder,
     regress_atomic_try(folder);
SELECT folder, hint
FROM string_to_table('vacuum database reindex_schema', ' ') AS folder,
     regress_atomic_try(folder);
-- what is in a DO block is seen only when it runs
SELECT * FROM regress_atomic_try('do_commit');
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_atomic'::regnamespace;

-- close to these, and fine
SELECT state, statements FROM gooseplus_migrate(NULL, '{"base_environment": "fine"}');
DROP TABLE x, goose_db_version, goose_db_version_history;

DROP FUNCTION public.regress_atomic_try;
DROP SCHEMA regress_atomic CASCADE;
