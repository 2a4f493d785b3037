-- A role that migrates its own schema, one that may not, and one that tries.

SET client_min_messages = warning;
SET gooseplus.directory = 'fixtures/pgtap_shop';
BEGIN;
SELECT plan(16);
CREATE ROLE pgtap_gooseplus_shop;
CREATE ROLE pgtap_gooseplus_visitor;
CREATE SCHEMA shop AUTHORIZATION pgtap_gooseplus_shop;
GRANT USAGE, CREATE ON SCHEMA shop TO pgtap_gooseplus_visitor;
GRANT EXECUTE ON FUNCTION gooseplus_migrate, gooseplus_status TO pgtap_gooseplus_shop;
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC;
SET LOCAL search_path = shop, public;

-- without EXECUTE
SET ROLE pgtap_gooseplus_visitor;
SELECT throws_ok('SELECT gooseplus_migrate()', '42501', 'permission denied for function gooseplus_migrate');
SELECT throws_ok('SELECT gooseplus_status()', '42501', 'permission denied for function gooseplus_status');
SELECT throws_ok($$ SELECT gooseplus_statements('-- +goose Up') $$, '42501',
    'permission denied for function gooseplus_statements');

-- with it: the tables are the role's own
SET ROLE pgtap_gooseplus_shop;
SELECT throws_ok($$ SELECT gooseplus_migrate(options => '{"directory": "/"}') $$, '42501',
    'permission denied to set parameter "gooseplus.directory"');
SELECT throws_ok($$ SET gooseplus.directory = '/' $$, '42501', NULL, 'nor by SET');
SELECT throws_ok($$ SELECT gooseplus_migrate(options => '{"server_environment": true}') $$, '42501',
    'permission denied to set parameter "gooseplus.server_environment"');
SELECT lives_ok('SELECT gooseplus_migrate()', 'a role migrates its schema');
RESET ROLE;
SELECT table_owner_is('shop', 'product', 'pgtap_gooseplus_shop', 'and owns what it made');
SELECT table_owner_is('shop', 'goose_db_version', 'pgtap_gooseplus_shop',
    'and the version table');
SELECT throws_ok('SELECT gooseplus_status()', '42501', 'table shop.goose_db_version cannot be trusted',
    'a superuser does not run what belongs to the role');
SELECT lives_ok($$ SELECT gooseplus_status(NULL, '{"version_table": "public.nothing"}') $$,
    'a table of another name is no obstacle');

-- a trap of somebody else
CREATE TABLE shop.log (note text);
GRANT ALL ON shop.log TO PUBLIC;
GRANT ALL ON shop.goose_db_version TO pgtap_gooseplus_visitor;
SET ROLE pgtap_gooseplus_visitor;
CREATE FUNCTION shop.trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop.log VALUES ('ran as ' || current_user);
    RETURN NEW;
END;
$$;
CREATE TRIGGER trap BEFORE INSERT ON shop.goose_db_version FOR EACH ROW EXECUTE FUNCTION shop.trap();
SET ROLE pgtap_gooseplus_shop;
SELECT throws_ok($$ SELECT gooseplus_migrate('production') $$, '42501',
    'table shop.goose_db_version cannot be trusted', 'a trigger function of somebody else');
SELECT throws_ok($$ SELECT gooseplus_status() $$, '42501',
    'table shop.goose_db_version cannot be trusted', 'not even looked at');
RESET ROLE;
SELECT is_empty('SELECT note FROM shop.log', 'it did not run');
DROP TRIGGER trap ON shop.goose_db_version;
SET ROLE pgtap_gooseplus_shop;
SELECT lives_ok($$ SELECT gooseplus_migrate('production') $$, 'without it all is well');
RESET ROLE;
SELECT is((SELECT count(*) FROM shop.product), 2::bigint, 'and the rows are there');

SELECT * FROM finish();
ROLLBACK;
