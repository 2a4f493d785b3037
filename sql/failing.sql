-- failing: an error undoes the run, wherever it is called, and says where.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_failing'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_failing;
SET search_path = regress_failing, public;
CREATE VIEW public.regress_failing_relations AS
SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') AS relations FROM pg_class
WHERE relnamespace = 'regress_failing'::regnamespace;

-- file, line and column of the place, and the statement
SELECT count(*) FROM gooseplus_migrate('column');
TABLE regress_failing_relations;

-- the context of a function comes first, then ours; no position in the text
SELECT count(*) FROM gooseplus_migrate('division');
-- an EXCEPTION clause sees the migration's own error, and the place with it
DO $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
    context text;
BEGIN
    PERFORM gooseplus_migrate('raise,later');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    CREATE TABLE public.regress_failing_error AS SELECT state, message, detail, hint, context;
END;
$$;
SELECT state, message, detail, hint FROM public.regress_failing_error;
SELECT line FROM public.regress_failing_error, string_to_table(context, E'\n') AS line
WHERE line ~ '^statement|everything is undone';
TABLE regress_failing_relations;

-- inside of a transaction: what was done before the call stays
BEGIN;
CREATE TABLE mine AS SELECT 1 AS id;
SAVEPOINT before;
SELECT count(*) FROM gooseplus_migrate('column');
ROLLBACK TO before;
TABLE regress_failing_relations;
SELECT version, state FROM gooseplus_migrate('later');
COMMIT;
TABLE regress_failing_relations;
-- good work is kept by a failing run
SELECT count(*) FROM gooseplus_migrate('raise,later', '{"allow_out_of_order": true}');
TABLE good;
SELECT id, version_id FROM goose_db_version ORDER BY id;
SELECT event, version, outcome FROM goose_db_version_history ORDER BY id;

-- undone with the transaction that surrounds it
DROP TABLE goose_db_version, goose_db_version_history, good, later, mine;
BEGIN;
SELECT version, state FROM gooseplus_migrate();
ROLLBACK;
TABLE regress_failing_relations;

-- a failure leaves no lock behind, and the session can run again
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT version, state FROM gooseplus_migrate();

DROP VIEW regress_failing_relations;
DROP TABLE public.regress_failing_error;
DROP SCHEMA regress_failing CASCADE;
