-- The functions there are: arguments, results, rights and manners.

SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
CREATE ROLE pgtap_gooseplus_nobody;

SELECT has_extension('gooseplus', 'the extension is installed');

-- a procedure has no result
CREATE TEMP TABLE wanted (name name, arguments name[], result text);
INSERT INTO wanted VALUES
    ('gooseplus_migrate', '{text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_up_to', '{bigint,text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_up_by_one', '{text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_down', '{text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_down_to', '{bigint,text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_redo', '{text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_reset', '{text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_apply_version', '{bigint,text,text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_baseline', '{bigint,text,jsonb}', 'setof gooseplus_result'),
    ('gooseplus_deploy', '{text,bigint,jsonb,text}', NULL),
    ('gooseplus_revert', '{bigint,text,jsonb}', NULL),
    ('gooseplus_launch', '{text,bigint,jsonb,text}', 'integer'),
    ('gooseplus_wait', '{bigint,interval,jsonb,boolean}', NULL),
    ('gooseplus_rehearse', '{text,bigint,jsonb}', 'setof record'),
    ('gooseplus_create', '{text,text,boolean,jsonb}', 'text'),
    ('gooseplus_fix', '{text,jsonb,boolean}', 'setof record'),
    ('gooseplus_repair', '{bigint,text,jsonb}', 'boolean'),
    ('gooseplus_register', '{bigint,regprocedure,regprocedure,text,text}', 'void'),
    ('gooseplus_unregister', '{bigint,text}', 'boolean'),
    ('gooseplus_status', '{text,jsonb}', 'setof record'),
    ('gooseplus_db_version', '{jsonb}', 'bigint'),
    ('gooseplus_versions', '{text,jsonb}', 'setof record'),
    ('gooseplus_has_pending', '{text,jsonb}', 'boolean'),
    ('gooseplus_sources', '{text,jsonb}', 'setof record'),
    ('gooseplus_validate', '{text,jsonb}', 'setof record'),
    ('gooseplus_statements', '{text,text,jsonb}', 'setof record'),
    ('gooseplus_plan', '{text,bigint,jsonb}', 'setof record'),
    ('gooseplus_bundle_put', '{text,text,text}', 'void'),
    ('gooseplus_bundle_load', '{text,text}', 'bigint'),
    ('gooseplus_bundle_files', '{text}', 'setof record'),
    ('gooseplus_bundle_drop', '{text}', 'bigint');

SELECT has_function(name, arguments) FROM wanted;
SELECT function_returns(name, arguments, result) FROM wanted WHERE result IS NOT NULL;
SELECT is_procedure(name, arguments) FROM wanted WHERE result IS NULL;
SELECT volatility_is(name, arguments, 'volatile') FROM wanted;
SELECT isnt_definer(name, arguments) FROM wanted;
SELECT function_privs_are('public', name, arguments, 'pgtap_gooseplus_nobody', '{}'::name[],
    format('a role without rights may not call %s()', name)) FROM wanted;
SELECT function_privs_are('public', name, arguments, current_user, '{EXECUTE}'::name[],
    format('the owner may call %s()', name)) FROM wanted;
SELECT isnt(obj_description(format('%I(%s)', name, array_to_string(arguments, ','))::regprocedure),
    NULL, format('%s() has a comment', name)) FROM wanted;

-- names and types of the columns of the rows
CREATE FUNCTION pg_temp.columns(function regprocedure) RETURNS text LANGUAGE sql AS $$
SELECT string_agg(format('%s %s', name, type::regtype), ', ' ORDER BY position)
FROM pg_proc, unnest(proargnames, proargmodes, proallargtypes) WITH ORDINALITY AS a (name, mode, type, position)
WHERE oid = function AND mode = 'o'
$$;
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum)
           FROM pg_attribute WHERE attrelid = 'gooseplus_result'::regclass),
    'version bigint, source text, environment text, direction text, state text,'
    ' statements integer, rows bigint, duration interval, error text', 'columns of a run');
SELECT is(pg_temp.columns('gooseplus_rehearse(text, bigint, jsonb)'),
    'source text, environment text, line integer, statement text, state text, duration interval,'
    ' rows bigint, wal_bytes bigint, locks jsonb, rewrites text[], indexes text[], danger text,'
    ' error text', 'columns of a rehearsal');
SELECT is(pg_temp.columns('gooseplus_status(text, jsonb)'),
    'version bigint, source text, environment text, state text,'
    ' applied_at timestamp without time zone', 'columns of status');
SELECT is(pg_temp.columns('gooseplus_versions(text, jsonb)'),
    'current bigint, target bigint', 'columns of versions');
SELECT is(pg_temp.columns('gooseplus_sources(text, jsonb)'),
    'type text, path text, environment text, version bigint', 'columns of sources');
SELECT is(pg_temp.columns('gooseplus_validate(text, jsonb)'),
    'source text, line integer, severity text, message text', 'columns of validate');
SELECT is(pg_temp.columns('gooseplus_statements(text, text, jsonb)'),
    'ordinal integer, line integer, statement text, transactional boolean', 'columns of statements');

SELECT is(pg_temp.columns('gooseplus_plan(text, bigint, jsonb)'),
    'version bigint, source text, environment text, ordinal integer, line integer,'
    ' statement text, transactional boolean, reason text, hazard text, advice text', 'columns of plan');

-- the view
SELECT columns_are('public', 'gooseplus_progress', ARRAY['pid', 'database', 'role', 'phase', 'migration',
    'migrations', 'environment', 'source', 'statement', 'started', 'elapsed', 'waiting_for',
    'wait_event_type', 'wait_event'], 'columns of progress');
SELECT table_privs_are('public', 'gooseplus_progress', 'pgtap_gooseplus_nobody', '{}'::name[],
    'a role without rights may not read gooseplus_progress');
SELECT isnt(obj_description('gooseplus_progress'::regclass), NULL, 'gooseplus_progress has a comment');

-- arguments by name, and those that can be left out
SELECT is(pg_get_function_arguments('gooseplus_migrate(text, jsonb)'::regprocedure),
    'env text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb',
    'migrate needs no argument');
SELECT is(pg_get_function_arguments('gooseplus_deploy(text, bigint, jsonb, text)'::regprocedure),
    'IN env text DEFAULT NULL::text, IN version bigint DEFAULT NULL::bigint,'
    ' IN options jsonb DEFAULT ''{}''::jsonb, IN resume text DEFAULT NULL::text',
    'deploy needs no argument');
SELECT is(pg_get_function_arguments('gooseplus_revert(bigint, text, jsonb)'::regprocedure),
    'IN version bigint, IN env text DEFAULT NULL::text, IN options jsonb DEFAULT ''{}''::jsonb',
    'revert needs a version');
SELECT is(pg_get_function_arguments('gooseplus_wait(bigint, interval, jsonb, boolean)'::regprocedure),
    'IN version bigint, IN timeout interval DEFAULT NULL::interval,'
    ' IN options jsonb DEFAULT ''{}''::jsonb, INOUT reached boolean DEFAULT NULL::boolean',
    'wait needs a version');
SELECT is(pg_get_function_arguments('gooseplus_launch(text, bigint, jsonb, text)'::regprocedure),
    'env text DEFAULT NULL::text, version bigint DEFAULT NULL::bigint,'
    ' options jsonb DEFAULT ''{}''::jsonb, resume text DEFAULT NULL::text',
    'launch needs no argument');
SELECT is(pg_get_function_arguments('gooseplus_rehearse(text, bigint, jsonb)'::regprocedure)
    ~ '^env text DEFAULT NULL::text, version bigint DEFAULT NULL::bigint, options jsonb DEFAULT', true,
    'rehearse needs no argument');
SELECT is(pg_get_function_arguments('gooseplus_repair(bigint, text, jsonb)'::regprocedure),
    'version bigint, env text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb',
    'repair needs a version');
SELECT is(pg_get_function_arguments('gooseplus_statements(text, text, jsonb)'::regprocedure)
    ~ '^script text, direction text DEFAULT ''up''::text, options jsonb DEFAULT ''{}''::jsonb, OUT', true,
    'statements needs a script');

SELECT is(pg_get_function_arguments('gooseplus_plan(text, bigint, jsonb)'::regprocedure)
    ~ '^env text DEFAULT NULL::text, version bigint DEFAULT NULL::bigint, options jsonb DEFAULT ''{}''::jsonb, OUT', true,
    'plan needs no argument');

-- every function that the extension has is in the list above
SELECT set_eq(
    $$ SELECT proname FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid
       WHERE classid = 'pg_proc'::regclass AND deptype = 'e'
       AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'gooseplus') $$,
    'SELECT name FROM wanted', 'nothing is missing in this test');

SELECT * FROM finish();
ROLLBACK;
