-- Deploys of a shop's schema: by its owner, by a visitor, from files, functions and a bundle.

SET client_min_messages = error;
SET gooseplus.directory = 'fixtures/pgtap_shop';
\set VERBOSITY sqlstate
SELECT plan(43);

-- up, each migration in a transaction of its own
CALL gooseplus_deploy('production', options => '{"variables": {"TEA_PRICE": 2.50}}');
SELECT is(total('tea'), 5.00, 'the shop is there, and open');
SELECT results_eq('SELECT version_id, is_applied FROM goose_db_version ORDER BY id',
    'VALUES (0::bigint, true), (1, true), (2, true), (3, true)', 'row 0 and one row a version');
SELECT is((SELECT count(DISTINCT tstamp) FROM goose_db_version), 4::bigint, 'each of another time');
SELECT is((SELECT count(DISTINCT xmin::text) FROM goose_db_version), 4::bigint, 'and of another transaction');

-- the history
SELECT columns_are('goose_db_version_history', ARRAY['id', 'event', 'run', 'version', 'source', 'environment',
    'direction', 'checksum', 'up', 'down', 'file_size', 'file_changed', 'version_row', 'started', 'ended',
    'duration', 'statements', 'rows', 'role', 'outcome', 'sqlstate', 'message', 'file', 'line', 'statement',
    'partial', 'doubtful', 'invalid_indexes', 'version_sequence']);
SELECT col_is_null('goose_db_version_history', 'version', 'a repeatable migration has no version');
SELECT is_empty($$ SELECT source FROM goose_db_version_history WHERE event = 'migration'
    AND (up || down) IS DISTINCT FROM pg_read_file('fixtures/pgtap_shop/' || source) $$,
    'the history has the text of each file');
SELECT results_eq($$ SELECT version_row FROM goose_db_version_history WHERE event = 'migration' ORDER BY id $$,
    'SELECT id::bigint FROM goose_db_version WHERE version_id > 0 ORDER BY id', 'and the row of the version');
SELECT col_is_pk('goose_db_version_history', 'id');
SELECT col_type_is('goose_db_version_history', 'id', 'bigint');
SELECT col_type_is('goose_db_version_history', 'started', 'timestamp with time zone');
SELECT col_type_is('goose_db_version_history', 'duration', 'interval');
SELECT results_eq(
    $$ SELECT event, version, source, environment, direction, statements, rows, outcome
       FROM goose_db_version_history ORDER BY id $$,
    $$ VALUES ('run', 3::bigint, NULL::text, 'production', 'up', 6, 3::bigint, 'done'),
       ('migration', 1, 'base/00001_products.sql', 'base', 'up', 1, 0, 'applied'),
       ('migration', 2, 'base/00002_orders.sql', 'base', 'up', 3, 0, 'applied'),
       ('migration', 3, 'production/00003_products.sql', 'production', 'up', 2, 3, 'applied') $$,
    'a row of the run, and one of each migration');

-- a failure: back to where it began
\set ON_ERROR_STOP 0
CALL gooseplus_deploy('production,failing');
\set ON_ERROR_STOP 1
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '23514', 'the error is the migration''s');
SELECT is(:'LAST_ERROR_MESSAGE'::text, 'new row for relation "product" violates check constraint "product_price_check"');
SELECT is_empty($$ SELECT FROM product WHERE name = 'water' $$, 'which is undone');
SELECT has_table('gift', 'the one before it has no Down part: it stays');
SELECT is(gooseplus_db_version(), 4::bigint, 'and so does its version');
SELECT results_eq($$ SELECT outcome, version, sqlstate, file, line FROM goose_db_version_history
    WHERE event = 'run' ORDER BY id DESC LIMIT 1 $$,
    $$ VALUES ('failed', 4::bigint, '23514', 'failing/00005_free.sql', 3) $$, 'the run says where it ended');
DROP TABLE gift;
CALL gooseplus_revert(3, 'production,failing');
SELECT is(gooseplus_db_version(), 3::bigint, 'a revert takes it back');

-- functions
CREATE TABLE trail (step text, version_rows bigint);
CREATE FUNCTION add_step() RETURNS void LANGUAGE sql AS
    $$ INSERT INTO trail SELECT 'up', count(*) FROM goose_db_version $$;
CREATE FUNCTION remove_steps() RETURNS void LANGUAGE sql AS $$ DELETE FROM trail $$;
SELECT lives_ok($$ SELECT gooseplus_register(7, 'add_step()', 'remove_steps()') $$, 'version 7 is registered');
CALL gooseplus_deploy('production');
SELECT results_eq('TABLE trail', $$ VALUES ('up', 4::bigint) $$, 'a function is a migration of a deploy');
SELECT results_eq($$ SELECT source, outcome, statements FROM goose_db_version_history ORDER BY id DESC LIMIT 1 $$,
    $$ VALUES ('base/00007_add_step', 'applied', 1) $$, 'and of the history');
CREATE FUNCTION fails() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; END $$;
SELECT lives_ok($$ SELECT gooseplus_register(8, 'add_step()', 'remove_steps()') $$, 'version 8 is registered');
SELECT lives_ok($$ SELECT gooseplus_register(9, 'fails()') $$, 'version 9 is registered');
\set ON_ERROR_STOP 0
CALL gooseplus_deploy('production');
\set ON_ERROR_STOP 1
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '22012', 'one that fails');
SELECT is_empty('TABLE trail', 'has others taken back by their functions');
SELECT is(gooseplus_db_version(), 7::bigint, 'to the start');
SELECT ok(gooseplus_unregister(9) AND gooseplus_unregister(8), 'unregistered');
CALL gooseplus_revert(3, 'production');
SELECT ok(gooseplus_unregister(7), 'and the last one');
SELECT is(gooseplus_db_version(), 3::bigint, 'after it was taken back');

-- by whom
CREATE ROLE pgtap_gooseplus_owner;
CREATE ROLE pgtap_gooseplus_visitor;
CREATE SCHEMA shop AUTHORIZATION pgtap_gooseplus_owner;
GRANT ALL ON SCHEMA shop TO pgtap_gooseplus_visitor;
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
SET search_path = shop, public;
SET ROLE pgtap_gooseplus_visitor;
\set ON_ERROR_STOP 0
CALL gooseplus_deploy();
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'not by everybody');
RESET ROLE;
GRANT EXECUTE ON PROCEDURE gooseplus_deploy, gooseplus_revert TO pgtap_gooseplus_owner, pgtap_gooseplus_visitor;
GRANT EXECUTE ON FUNCTION gooseplus_bundle_put TO pgtap_gooseplus_visitor;
SET ROLE pgtap_gooseplus_owner;
CALL gooseplus_deploy(options => '{"directory": "/"}');
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'not from everywhere');
\set ON_ERROR_STOP 1
CALL gooseplus_deploy();
SELECT table_owner_is('shop', 'product', 'pgtap_gooseplus_owner', 'a role owns what it deploys');
SELECT table_owner_is('shop', 'goose_db_version', 'pgtap_gooseplus_owner', 'the version table');
SELECT table_owner_is('shop', 'goose_db_version_history', 'pgtap_gooseplus_owner', 'and the history');
SELECT results_eq('SELECT DISTINCT role FROM goose_db_version_history', $$ VALUES ('pgtap_gooseplus_owner') $$,
    'which says who it was');
GRANT ALL ON ALL TABLES IN SCHEMA shop TO pgtap_gooseplus_visitor;
SET ROLE pgtap_gooseplus_visitor;
\set ON_ERROR_STOP 0
CALL gooseplus_revert(0);
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'the tables of another role are not trusted');
RESET ROLE;
CALL gooseplus_revert(0);
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'not even by a superuser');
SELECT is((SELECT count(*) FROM goose_db_version), 3::bigint, 'nothing was taken back');

-- a trap: a trigger of somebody else, added between two migrations
SET ROLE pgtap_gooseplus_owner;
CALL gooseplus_revert(0);
RESET ROLE;
CREATE FUNCTION shop.trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.trail VALUES (current_user);
    RETURN NULL;
END $$;
ALTER FUNCTION shop.trap() OWNER TO pgtap_gooseplus_visitor;
INSERT INTO gooseplus_bundle VALUES
('trap', 'base/00001_trap.sql', '-- +goose Up
CREATE TRIGGER trap AFTER INSERT OR UPDATE ON goose_db_version_history FOR EACH ROW EXECUTE FUNCTION shop.trap();'),
('trap', 'base/00002_next.sql', '-- +goose Up
CREATE TABLE next ();');
GRANT SELECT ON gooseplus_bundle TO pgtap_gooseplus_owner;
SET ROLE pgtap_gooseplus_owner;
CALL gooseplus_deploy(options => '{"bundle": "trap"}');
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'a table is trusted no longer than it can be');
RESET ROLE;
SELECT is_empty('TABLE trail', 'the trap does not snap');
SELECT hasnt_table('shop', 'next', 'and nothing goes on');

\set ON_ERROR_STOP 1
DROP SCHEMA shop CASCADE;
DROP OWNED BY pgtap_gooseplus_owner, pgtap_gooseplus_visitor;
DROP ROLE pgtap_gooseplus_owner, pgtap_gooseplus_visitor;
SELECT * FROM finish();
