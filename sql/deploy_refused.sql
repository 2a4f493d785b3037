-- deploy_refused: where and how a deploy cannot be called.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_refused;
SET search_path = regress_deploy_refused, public;
SET gooseplus.bundle = 'regress_deploy_refused';
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_refused', 'base/00001_a.sql', '-- +goose Up
CREATE TABLE made ();');

-- inside of a transaction
BEGIN;
CALL gooseplus_deploy();
ROLLBACK;
BEGIN;
SAVEPOINT a;
CALL gooseplus_revert(0);
ROLLBACK TO a;
SELECT 'goes on';
COMMIT;
\set VERBOSITY terse
-- in one request with others
SELECT 1 \; CALL gooseplus_deploy();
CALL gooseplus_deploy() \; SELECT 1;
-- called by code
DO 'BEGIN CALL gooseplus_deploy(); END';
DO 'BEGIN CALL gooseplus_revert(0); EXCEPTION WHEN OTHERS THEN RAISE; END';
DO $$ BEGIN EXECUTE 'CALL gooseplus_deploy()'; END $$;
CREATE PROCEDURE wrap() LANGUAGE plpgsql AS 'BEGIN CALL gooseplus_deploy(); END';
CALL wrap();
CREATE PROCEDURE wrap_sql() LANGUAGE sql AS 'CALL gooseplus_deploy()';
CALL wrap_sql();
CREATE FUNCTION wrapped() RETURNS int LANGUAGE plpgsql AS 'BEGIN CALL gooseplus_deploy(); RETURN 1; END';
SELECT wrapped();
CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; CALL gooseplus_revert(0); END';
CALL commits();
CREATE PROCEDURE definer() LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN CALL gooseplus_deploy(); END';
CALL definer();
\set VERBOSITY default
-- one that cannot commit
ALTER PROCEDURE gooseplus_deploy SECURITY DEFINER;
CALL gooseplus_deploy();
ALTER PROCEDURE gooseplus_deploy SECURITY INVOKER SET work_mem = '1MB';
CALL gooseplus_deploy();
ALTER PROCEDURE gooseplus_deploy RESET work_mem;
SELECT gooseplus_deploy();

-- by a session that may not write
SET default_transaction_read_only = on;
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
SET default_transaction_read_only = off;

-- arguments
CALL gooseplus_deploy(options => '{"lock_table": true}');
\set VERBOSITY terse
CALL gooseplus_deploy(options => '{"lokc": true}');
\set VERBOSITY default
CALL gooseplus_deploy(options => '[]');
CALL gooseplus_deploy(options => '{"rollback_on_failure": "maybe"}');
CALL gooseplus_deploy(resume => 'again');
CALL gooseplus_deploy(options => '{"resume": "RETRY"}');
CALL gooseplus_deploy('{"bundle": "b"}');
CALL gooseplus_deploy('20240101');
CALL gooseplus_deploy(version => 0);
CALL gooseplus_deploy(version => -1);
CALL gooseplus_revert(NULL);
CALL gooseplus_revert(-1);

-- none of these has done anything
SELECT relname FROM pg_class WHERE relnamespace = 'regress_deploy_refused'::regnamespace AND relkind = 'r';

-- by a migration
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_refused';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_refused', 'deploy/00001_deploy.sql', $$-- +goose NO TRANSACTION
-- +goose Up
CALL gooseplus_deploy(options => '{"lock": false}');$$),
('regress_deploy_refused', 'revert/00001_revert.sql', $$-- +goose Up
CALL gooseplus_revert(0);$$),
('regress_deploy_refused', 'migrate/00001_migrate.sql', $$-- +goose Up
SELECT gooseplus_migrate(options => '{"lock": false}');$$),
('regress_deploy_refused', 'plain/00001_plain.sql', $$-- +goose NO TRANSACTION
-- +goose Up
SELECT gooseplus_down();$$),
('regress_deploy_refused', 'do/00001_do.sql', $$-- +goose NO TRANSACTION
-- +goose Up
DO 'BEGIN COMMIT; PERFORM gooseplus_baseline(1); END';
-- +goose Down
SELECT 1;$$),
('regress_deploy_refused', 'look/00001_look.sql', $$-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE looked AS
SELECT state FROM gooseplus_status(options => '{"base_environment": "look", "bundle": "regress_deploy_refused"}');$$);
CALL gooseplus_deploy(options => '{"base_environment": "deploy"}');
CALL gooseplus_deploy(options => '{"base_environment": "revert"}');
CALL gooseplus_deploy(options => '{"base_environment": "migrate"}');
CALL gooseplus_deploy(options => '{"base_environment": "plain"}');
CALL gooseplus_deploy(options => '{"base_environment": "do"}');
SELECT gooseplus_migrate(options => '{"base_environment": "deploy"}');
SELECT version_id FROM goose_db_version;
-- looking is allowed; and after all of this the session can run
CALL gooseplus_deploy(options => '{"base_environment": "look"}');
TABLE looked;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_refused';
DROP SCHEMA regress_deploy_refused CASCADE;
