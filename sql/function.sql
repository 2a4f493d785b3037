-- function: database functions registered as migrations.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_function'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_function;
SET search_path = regress_function, public;
CREATE FUNCTION attempt(call text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call INTO message;
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;
CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made VALUES ('fill'); END $$;
CREATE FUNCTION empty() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; BEGIN DELETE FROM made; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$;
CREATE PROCEDURE "Call Me"() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made VALUES ('procedure'); END $$;
CREATE PROCEDURE undo() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM made WHERE note = 'procedure'; END $$;

-- up and down; functions and procedures; null parts
SELECT gooseplus_register(2, 'fill()', 'empty()');
SELECT gooseplus_register(4, '"Call Me"()', 'undo()', 'call me');
SELECT gooseplus_register(5, 'fill()');
SELECT gooseplus_register(6, NULL, 'empty()');
SELECT gooseplus_register(7, NULL, NULL, 'nothing');
SELECT gooseplus_register(8, 'fill()', NULL, 'of production', 'production');
-- they merge and sort with the files
SELECT type, path, environment, version FROM gooseplus_sources();
SELECT * FROM gooseplus_validate();
SET client_min_messages = error;
SELECT path FROM gooseplus_sources('production') WHERE type = 'function' AND environment = 'production';
SET client_min_messages = warning;
SELECT version, source, environment, direction, state, statements, error FROM gooseplus_migrate();
TABLE made;
SELECT version, source, environment, state FROM gooseplus_status();
SELECT version, source, direction, state, statements FROM gooseplus_down_to(3);
TABLE made;
SELECT version, state FROM gooseplus_redo(NULL, '{"exclude_versions": [4]}');
SELECT version, state FROM gooseplus_migrate();
SELECT version_id FROM goose_db_version ORDER BY id;
-- with a bundle, too
SELECT gooseplus_bundle_put('regress_function', 'base/00009_file.sql', '-- +goose Up');
SELECT path FROM gooseplus_sources(NULL, '{"bundle": "regress_function"}') WHERE version > 6;
SELECT gooseplus_bundle_drop('regress_function');
SELECT version FROM gooseplus_reset();

-- a failing function undoes the whole run, and has its place
CREATE OR REPLACE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'no %', 'fill'; END $$;
SELECT gooseplus_migrate();
SELECT to_regclass('made'), gooseplus_db_version();
CREATE OR REPLACE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made VALUES ('fill'); END $$;

-- duplicates: of a file, and of another registration; not in another environment
\set VERBOSITY terse
SELECT gooseplus_migrate('clash');
\echo :LAST_ERROR_SQLSTATE
SELECT path FROM gooseplus_sources('clash', '{"exclude_names": "00002_file.sql"}') WHERE version = 2;
\set VERBOSITY default
SELECT gooseplus_register(2, 'empty()');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_register(2, 'empty()', env => 'production');
SET client_min_messages = error;
SELECT gooseplus_migrate('production');
\echo :LAST_ERROR_SQLSTATE
SET client_min_messages = warning;
SELECT gooseplus_unregister(2, 'production'), gooseplus_unregister(8, 'production');
SELECT gooseplus_unregister(2, 'production'), gooseplus_unregister(8);

-- what cannot be registered
CREATE FUNCTION needs(n int) RETURNS void LANGUAGE SQL AS '';
CREATE FUNCTION may_have(n int DEFAULT 1) RETURNS void LANGUAGE SQL AS '';
CREATE FUNCTION returns(OUT n int) LANGUAGE SQL AS 'SELECT 1';
CREATE PROCEDURE both_ways(INOUT n int) LANGUAGE SQL AS 'SELECT n';
CREATE FUNCTION rows() RETURNS SETOF int LANGUAGE SQL AS 'SELECT 1 UNION ALL SELECT 2';
CREATE FUNCTION trigger_function() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE AGGREGATE total(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
\x on
\pset format unaligned
SELECT call, a.* FROM string_to_table($$gooseplus_register(20, 'needs(int)')
gooseplus_register(20, NULL, 'needs(int)')
gooseplus_register(20, 'may_have(int)')
gooseplus_register(20, 'both_ways(int)')
gooseplus_register(20, 'row_number()')
gooseplus_register(20, 'total()')
gooseplus_register(20, 'no_such_function()')
gooseplus_register(20, 4294967295::oid::regprocedure)
gooseplus_register(20, NULL)
gooseplus_register(0, 'fill()')
gooseplus_register(-1, 'fill()')
gooseplus_register(NULL, 'fill()')
gooseplus_register(20, 'fill()', env => 'a/b')
gooseplus_register(20, 'fill()', env => '')$$, E'\n') AS call, attempt(call) AS a;
-- one environment, not several
SELECT state FROM attempt($$gooseplus_register(20, 'fill()', env => 'eu,production')$$);
\pset format aligned
\x off
SELECT count(*) FROM gooseplus_function WHERE version = 20;
DELETE FROM gooseplus_function WHERE version = 20;
-- but these can
SELECT gooseplus_register(20, 'returns()', 'rows()');
SELECT version, statements, rows FROM gooseplus_migrate() WHERE version = 20;
SELECT version, statements, rows FROM gooseplus_down();
SELECT gooseplus_unregister(20);

-- renamed or dropped: found before anything runs, and by validate
SELECT version FROM gooseplus_reset();
ALTER FUNCTION empty() RENAME TO clear;
SELECT source, severity, message FROM gooseplus_validate();
DROP PROCEDURE "Call Me";
SELECT source, severity, message FROM gooseplus_validate();
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('made'), gooseplus_db_version();
SELECT version, source, state FROM gooseplus_status();
SELECT gooseplus_unregister(2), gooseplus_unregister(4), gooseplus_unregister(6);
SELECT gooseplus_register(2, 'fill()', 'clear()');
SELECT count(*) FROM gooseplus_migrate();

-- the search_path of the call does not choose another function
CREATE SCHEMA regress_function_other;
CREATE FUNCTION regress_function_other.fill() RETURNS void LANGUAGE SQL AS 'SELECT 1 / 0';
SET search_path = regress_function_other, regress_function, public;
SELECT count(*) FROM gooseplus_reset(NULL, '{"version_table": "regress_function.goose_db_version"}');
SELECT count(*) FROM gooseplus_migrate(NULL, '{"version_table": "regress_function.goose_db_version"}');
SELECT count(*) FROM gooseplus_reset(NULL, '{"version_table": "regress_function.goose_db_version"}');
SET search_path = regress_function, public;
DROP SCHEMA regress_function_other CASCADE;

-- nobody runs a stranger's function with his own rights
CREATE ROLE regress_gooseplus_stranger;
CREATE ROLE regress_gooseplus_caller;
GRANT ALL ON SCHEMA regress_function TO PUBLIC;
ALTER FUNCTION fill() OWNER TO regress_gooseplus_stranger;
SELECT state, message FROM attempt('gooseplus_migrate()');
SELECT source, message FROM gooseplus_validate();
SELECT to_regclass('made');
ALTER FUNCTION fill() OWNER TO CURRENT_USER;
-- nor one that a stranger put beside the one that was registered
SET ROLE regress_gooseplus_stranger;
CREATE FUNCTION fill(VARIADIC notes text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION SQLSTATE 'TRAP0' USING MESSAGE = 'ran with the rights of the caller';
END $$;
RESET ROLE;
SELECT state <> 'TRAP0' AS safe FROM attempt('count(*) FROM gooseplus_migrate()');
DROP FUNCTION fill(text[]);
SELECT state, message FROM attempt('count(*) FROM gooseplus_migrate()');

-- nothing for PUBLIC: who may register decides what runs
SET ROLE regress_gooseplus_caller;
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_register(30, 'clear()')
gooseplus_unregister(2)
count(*) FROM gooseplus_function$$, E'\n') AS call, attempt(call) AS a;
RESET ROLE;
GRANT EXECUTE ON FUNCTION gooseplus_register, gooseplus_unregister, gooseplus_sources TO regress_gooseplus_caller;
SET ROLE regress_gooseplus_caller;
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_register(30, 'clear()')
gooseplus_unregister(2)$$, E'\n') AS call, attempt(call) AS a;
-- but a run of anybody sees what is registered
SELECT path FROM gooseplus_sources() WHERE type = 'function';
RESET ROLE;
GRANT SELECT, INSERT, DELETE ON gooseplus_function TO regress_gooseplus_caller;
SET ROLE regress_gooseplus_caller;
SELECT call, a.state FROM string_to_table($$gooseplus_register(30, 'clear()')
gooseplus_unregister(30)$$, E'\n') AS call, attempt(call) AS a;
RESET ROLE;

-- the base has no folder: neither have the registered functions
SET gooseplus.base_environment = '';
SELECT gooseplus_register(31, 'clear()');
SELECT path, environment FROM gooseplus_sources() WHERE type = 'function';
SELECT gooseplus_unregister(31);
RESET gooseplus.base_environment;

-- an environment of functions alone needs no folder, neither up nor down
SELECT gooseplus_register(9, 'clear()', 'clear()', env => 'functions');
SELECT version, source, state FROM gooseplus_migrate('functions');
SELECT version, source, direction FROM gooseplus_redo('functions');
SELECT version, source FROM gooseplus_down('functions');

DELETE FROM gooseplus_function;
REVOKE ALL ON gooseplus_function FROM regress_gooseplus_caller;
REVOKE ALL ON FUNCTION gooseplus_register, gooseplus_unregister, gooseplus_sources FROM regress_gooseplus_caller;
DROP SCHEMA regress_function CASCADE;
DROP ROLE regress_gooseplus_stranger, regress_gooseplus_caller;
