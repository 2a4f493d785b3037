-- What can be asked before and after a migration.

SET client_min_messages = warning;
SET gooseplus.directory = 'fixtures/pgtap_shop';
BEGIN;
SELECT plan(26);

SELECT results_eq('SELECT * FROM gooseplus_status()',
    $$ VALUES (1::bigint, 'base/00001_products.sql', 'base', 'pending', NULL::timestamp),
              (2, 'base/00002_orders.sql', 'base', 'pending', NULL) $$, 'all is pending');
SELECT is(gooseplus_db_version(), 0::bigint, 'version 0');
SELECT is(gooseplus_has_pending(), true, 'something to do');
SELECT results_eq($$ SELECT * FROM gooseplus_versions('production') $$, 'VALUES (0::bigint, 3::bigint)',
    'from 0 to 3');
SELECT hasnt_table('goose_db_version', 'looking makes no version table');

SELECT lives_ok('SELECT gooseplus_migrate()', 'the base is applied');
SELECT results_eq($$ SELECT version, source, environment, state, applied_at = now()::timestamp
                     FROM gooseplus_status('production') $$,
    $$ VALUES (1::bigint, 'base/00001_products.sql', 'base', 'applied', true),
              (2, 'base/00002_orders.sql', 'base', 'applied', true),
              (3, 'production/00003_products.sql', 'production', 'pending', NULL) $$, 'some is pending');
SELECT is(gooseplus_db_version(), 2::bigint, 'version 2');
SELECT is(gooseplus_has_pending(), false, 'nothing to do for the base');
SELECT is(gooseplus_has_pending('production'), true, 'but for production');
SELECT results_eq($$ SELECT * FROM gooseplus_versions('production') $$, 'VALUES (2::bigint, 3::bigint)',
    'from 2 to 3');

INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (20, true, '2024-02-29 12:00');
SELECT results_eq('SELECT * FROM gooseplus_status() WHERE version > 2',
    $$ VALUES (20::bigint, NULL::text, NULL::text, 'missing', timestamp '2024-02-29 12:00') $$,
    'a version without file is missing');
SELECT is(gooseplus_db_version(), 20::bigint, 'it counts');
SELECT throws_ok($$ SELECT gooseplus_has_pending('production') $$, '55000', NULL,
    'and makes others out of order');
SELECT is(gooseplus_has_pending('production', '{"allow_out_of_order": true}'), true, 'unless allowed');

SELECT results_eq($$ SELECT * FROM gooseplus_sources('production') $$,
    $$ VALUES ('sql', 'base/00001_products.sql', 'base', 1::bigint),
              ('sql', 'base/00002_orders.sql', 'base', 2),
              ('sql', 'production/00003_products.sql', 'production', 3) $$, 'sources, in order');
SELECT throws_ok($$ SELECT gooseplus_sources(options => '{"directory": "fixtures/nowhere"}') $$, '58P01',
    NULL, 'a directory that is not there');
SELECT throws_ok($$ SELECT gooseplus_sources('../production') $$, '22023', NULL, 'an environment that is a path');
SELECT throws_ok($$ SELECT gooseplus_status(NULL, NULL) $$, '22004', 'options must not be null', 'no options at all');

SELECT is_empty($$ SELECT * FROM gooseplus_validate('production') WHERE severity = 'error' $$,
    'nothing wrong with production');
SELECT results_eq($$ SELECT * FROM gooseplus_validate('broken') WHERE severity = 'error' $$,
    $$ VALUES ('broken/00006_broken.sql', 2, 'error', 'syntax error at or near "TABEL"') $$, 'what is broken');
SELECT results_eq($$ SELECT source, line FROM gooseplus_validate() WHERE severity = 'warning' $$,
    $$ VALUES ('base/00002_orders.sql', 10) $$, 'what the goose command would cut: the body of a function');

SELECT results_eq($$ SELECT * FROM gooseplus_statements(E'-- +goose Up\nSELECT 1; SELECT 2;\n\nSELECT '';\n'';\n') $$,
    $$ VALUES (1, 2, 'SELECT 1; SELECT 2;', true), (2, 4, E'SELECT '';\n'';', true) $$, 'statements');
SELECT results_eq($$ SELECT * FROM gooseplus_statements(
        E'-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n', 'down') $$,
    $$ VALUES (1, 5, 'SELECT 2;', false) $$, 'of the other direction, without a transaction');
SELECT throws_ok($$ SELECT gooseplus_statements('SELECT 1;') $$, '42601', NULL, 'a script without annotation');
SELECT is_empty('SELECT gooseplus_statements(NULL)', 'a null script has no statement');

SELECT * FROM finish();
ROLLBACK;
