-- command_errors: the errors of goose's Provider, by SQLSTATE and message.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_command_errors'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_command_errors;
SET search_path = regress_command_errors, public;

CREATE FUNCTION attempt(call text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call INTO message;
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := replace(message, current_setting('gooseplus.directory'), '...');
END;
$$;
\pset format unaligned
\x on

-- no next version
SELECT call, a.* FROM string_to_table($$gooseplus_down()
gooseplus_redo()$$, E'\n') AS call, attempt(call) a;
\x off
-- nothing to do is no error where several could be taken back
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_down_to(0)
gooseplus_down_to(3)
gooseplus_reset()$$, E'\n') AS call, attempt(call) a;
\x on
SELECT version FROM gooseplus_migrate();
SELECT call, a.* FROM string_to_table($$gooseplus_up_by_one()$$, E'\n') AS call, attempt(call) a;
\x off
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_migrate()
gooseplus_up_to(5)
gooseplus_up_to(99)$$, E'\n') AS call, attempt(call) a;
\x on

-- already applied, not applied
SELECT call, a.* FROM string_to_table($$gooseplus_apply_version(3, 'up')
gooseplus_apply_version(6, 'down', 'new')
gooseplus_apply_version(2, 'down', 'late')$$, E'\n') AS call, attempt(call) a;

-- version not found: not at hand, in another environment, or its file is gone
SELECT call, a.* FROM string_to_table($$gooseplus_apply_version(9, 'up')$$, E'\n') AS call, attempt(call) a;
\x off
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_apply_version(9, 'down')
gooseplus_apply_version(6, 'up')
gooseplus_baseline(9)
gooseplus_baseline(6)$$, E'\n') AS call, attempt(call) a;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, true);
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_down()
gooseplus_redo()
gooseplus_down_to(3)
gooseplus_down_to(6)
gooseplus_reset()
gooseplus_apply_version(7, 'down')
gooseplus_apply_version(7, 'up')$$, E'\n') AS call, attempt(call) a;
-- any file that is gone above the target stops all of it, also of the last one
UPDATE goose_db_version SET version_id = 2 WHERE version_id = 3;
DELETE FROM goose_db_version WHERE version_id = 7;
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_down()
gooseplus_redo()
gooseplus_down_to(0)
gooseplus_down_to(1)
gooseplus_reset()$$, E'\n') AS call, attempt(call) a;
SELECT a.state, a.message FROM attempt('gooseplus_down_to(2)') a;
SELECT version_id FROM goose_db_version ORDER BY id;
DELETE FROM goose_db_version WHERE version_id = 2;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true), (5, true);

-- missing (out-of-order) versions: whatever the target
\x on
SELECT call, a.* FROM string_to_table($$gooseplus_migrate('late')$$, E'\n') AS call, attempt(call) a;
\x off
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_up_to(2, 'late')
gooseplus_up_to(1, 'late')
gooseplus_up_to(9, 'late,new')
gooseplus_up_by_one('late')
gooseplus_up_by_one('late,new')
gooseplus_has_pending('late')$$, E'\n') AS call, attempt(call) a;
-- none of the others minds
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_baseline(1, 'late')
gooseplus_apply_version(2, 'up', 'late')
gooseplus_apply_version(2, 'down', 'late')$$, E'\n') AS call, attempt(call) a;

-- invalid version
\x on
SELECT call, a.* FROM string_to_table($$gooseplus_up_to(0)
gooseplus_down_to(-1)$$, E'\n') AS call, attempt(call) a;
\x off
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_up_to(-1)
gooseplus_up_to(-9223372036854775808)
gooseplus_apply_version(0, 'up')
gooseplus_apply_version(0, 'down')
gooseplus_apply_version(-3, 'down')
gooseplus_baseline(0)
gooseplus_baseline(-3)
gooseplus_up_to(0, NULL, '{"versioning": false}')
gooseplus_down_to(-1, NULL, '{"versioning": false}')$$, E'\n') AS call, attempt(call) a;
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_up_to(NULL)
gooseplus_down_to(NULL)
gooseplus_apply_version(NULL, 'up')
gooseplus_baseline(NULL)$$, E'\n') AS call, attempt(call) a;
-- invalid direction
SELECT call, a.* FROM string_to_table($$gooseplus_apply_version(6, 'sideways', 'new')
gooseplus_apply_version(6, 'UP', 'new')
gooseplus_apply_version(6, '', 'new')
gooseplus_apply_version(6, NULL, 'new')$$, E'\n') AS call, attempt(call) a;

-- a missing environment: an error for what takes back
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_down('nowhere')
gooseplus_redo('nowhere')
gooseplus_reset('nowhere')
gooseplus_down_to(3, 'new,nowhere')$$, E'\n') AS call, attempt(call) a;
-- and a warning for the rest
SET client_min_messages = error;
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_migrate('nowhere')
gooseplus_up_to(5, 'nowhere')
gooseplus_up_by_one('nowhere,new')
gooseplus_baseline(6, 'nowhere,new')$$, E'\n') AS call, attempt(call) a;
SET client_min_messages = warning;

-- no row for version 0
CREATE TABLE nothing_recorded (LIKE goose_db_version INCLUDING ALL);
SELECT call, a.state, a.message FROM string_to_table($$gooseplus_down(NULL, '{"version_table": "nothing_recorded"}')
gooseplus_reset(NULL, '{"version_table": "nothing_recorded"}')
gooseplus_up_by_one(NULL, '{"version_table": "nothing_recorded"}')$$, E'\n') AS call, attempt(call) a;

-- all of these left everything alone
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_command_errors'::regnamespace
    AND relkind = 'r' ORDER BY relname;
\pset format aligned
DROP SCHEMA regress_command_errors CASCADE;
