-- A shop's schema as its user migrates it.

SET client_min_messages = warning;
SET gooseplus.directory = 'fixtures/pgtap_shop';
BEGIN;
SELECT plan(27);

-- the first run
SELECT hasnt_table('goose_db_version', 'a database without version table');
SELECT results_eq(
    $$ SELECT version, source, environment, direction, state, statements, rows, error FROM gooseplus_migrate() $$,
    $$ VALUES (1::bigint, 'base/00001_products.sql', 'base', 'up', 'applied', 1, 0::bigint, NULL::text),
              (2, 'base/00002_orders.sql', 'base', 'up', 'applied', 3, 0, NULL) $$,
    'the base is applied');
SELECT has_table('product');
SELECT has_index('purchase', 'purchase_product', 'product_id');
SELECT has_function('total', ARRAY['text']);
SELECT is(total('tea'), 0::numeric, 'a function that was made without StatementBegin runs');

-- the version table, for goose
SELECT columns_are('goose_db_version', ARRAY['id', 'version_id', 'is_applied', 'tstamp']);
SELECT col_is_pk('goose_db_version', 'id');
SELECT col_type_is('goose_db_version', 'id', 'integer');
SELECT col_type_is('goose_db_version', 'tstamp', 'timestamp without time zone');
SELECT results_eq('SELECT version_id, is_applied FROM goose_db_version ORDER BY id',
    'VALUES (0::bigint, true), (1, true), (2, true)', 'row 0 and one row a version');

-- again, and with an environment
SELECT is_empty('SELECT * FROM gooseplus_migrate()', 'a second run has nothing to do');
SELECT results_eq(
    $$ SELECT source, state, rows FROM gooseplus_migrate('production', '{"variables": {"TEA_PRICE": 2.50}}') $$,
    $$ VALUES ('production/00003_products.sql', 'applied', 3::bigint) $$, 'production has rows of its own');
SELECT is(total('tea'), 5.00, 'the variable of the call was used');

-- a failure
SELECT throws_ok($$ SELECT gooseplus_migrate('failing') $$, '23514',
    'new row for relation "product" violates check constraint "product_price_check"',
    'the error is the migration''s');
SELECT hasnt_table('gift', 'the migration before it is undone');
SELECT is_empty($$ SELECT FROM product WHERE name = 'water' $$, 'the statement before it is undone');
SELECT is(gooseplus_db_version(), 3::bigint, 'the version is as before');
SELECT results_eq(
    $$ SELECT version, state, error IS NULL FROM gooseplus_migrate('failing', '{"on_error": "return"}') $$,
    $$ VALUES (4::bigint, 'undone', true), (5, 'failed', false) $$, 'or its rows tell, if so asked');
SELECT matches(
    (SELECT error FROM gooseplus_migrate('failing', '{"on_error": "return"}') WHERE state = 'failed'),
    'statement 2 at failing/00005_free\.sql:3:1', 'with file and line');
SELECT is(gooseplus_db_version(), 3::bigint, 'and the version is as before');

-- refused before anything runs
SELECT throws_ok($$ SELECT gooseplus_migrate('broken') $$, '42601', NULL, 'a file that does not parse');
SELECT throws_ok($$ SELECT gooseplus_migrate('late,failing') $$, '58P02', NULL, 'a version twice');
SELECT throws_ok($$ SELECT gooseplus_migrate('{"lock": false}') $$, '22023', NULL, 'options in the place of an environment');
SELECT throws_ok($$ SELECT gooseplus_migrate(options => '{"lcok": false}') $$, '22023',
    'unrecognized option "lcok"', 'an option that is none');
DELETE FROM goose_db_version WHERE version_id = 2;
SELECT throws_ok('SELECT gooseplus_migrate()', '55000',
    '1 missing (out-of-order) migration lower than the database''s version 3', 'a version out of order');
SELECT throws_ok($$ SELECT gooseplus_migrate(options => '{"allow_out_of_order": true}') $$, '42P07',
    NULL, 'which runs if that is allowed');

SELECT * FROM finish();
ROLLBACK;
