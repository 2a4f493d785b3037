-- deploy_settings: settings of a deploy, and of the session that calls it.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_settings;
SET search_path = regress_deploy_settings, public;
SET gooseplus.bundle = 'regress_deploy_settings';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_settings', 'base/00001_one.sql', '-- +goose Up
INSERT INTO trail SELECT current_setting(''transaction_isolation'');
-- +goose Down
INSERT INTO trail VALUES (''back'');'),
('regress_deploy_settings', 'base/00002_two.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail SELECT current_setting(''transaction_isolation'');
CREATE INDEX CONCURRENTLY IF NOT EXISTS trail_step ON trail (step);');

-- whatever the isolation level
SET default_transaction_isolation = 'repeatable read';
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
SET default_transaction_isolation = 'serializable';
CALL gooseplus_deploy();
RESET default_transaction_isolation;
SELECT string_agg(step, ', ' ORDER BY id) FROM trail;
SELECT version_id FROM goose_db_version ORDER BY id;
CALL gooseplus_revert(0);
DROP TABLE goose_db_version, goose_db_version_history;
TRUNCATE trail;

-- without versions all files run, and nothing is recorded
CALL gooseplus_deploy(options => '{"versioning": false}');
CALL gooseplus_deploy(options => '{"versioning": false}');
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_settings', 'bad/00003_bad.sql', '-- +goose Up
SELECT 1 / 0;');
CALL gooseplus_deploy('bad', options => '{"versioning": false}');
SELECT string_agg(step, ', ' ORDER BY id) FROM trail;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_deploy_settings'::regnamespace AND relname ~ 'goose' ORDER BY 1;
CALL gooseplus_revert(0, options => '{"versioning": false}');

-- options are read once: a migration does not change them under way
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_settings', 'once/00003_once.sql', '-- +goose NO TRANSACTION
-- +goose Up
SET gooseplus.version_table = ''another'';
SET gooseplus.rollback_on_failure = off;
SET gooseplus.bundle = ''none'';
SET search_path = public;
SELECT 1;'),
('regress_deploy_settings', 'once/00004_schema.sql', '-- +goose Up
INSERT INTO trail VALUES (current_setting(''gooseplus.version_table''));
-- a schema that would be searched first
CREATE SCHEMA regress_deploy_settings_user;
ALTER TABLE trail SET SCHEMA regress_deploy_settings_user;
ALTER TABLE regress_deploy_settings_user.trail SET SCHEMA regress_deploy_settings;');
TRUNCATE trail;
SET search_path = regress_deploy_settings_user, regress_deploy_settings, public;
CALL gooseplus_deploy('once');
SELECT string_agg(step, ', ' ORDER BY id) FROM trail;
SELECT version_id, tableoid::regclass FROM goose_db_version ORDER BY id;
SELECT relnamespace::regnamespace, relname FROM pg_class WHERE relname IN ('another', 'goose_db_version')
AND relnamespace::regnamespace::text ~ '^(public|regress_deploy_settings)';
DROP SCHEMA regress_deploy_settings_user;
SET search_path = regress_deploy_settings, public;

-- exclusions
CALL gooseplus_revert(0, 'once');
CALL gooseplus_deploy('once', options => '{"exclude_versions": "2, 4", "exclude_names": "00003_once.sql"}');
SELECT version_id FROM goose_db_version ORDER BY id;
-- no lock: side by side with whoever holds it
SELECT pg_advisory_lock(4097083626);
CALL gooseplus_deploy(options => '{"lock": false}');
SELECT pg_advisory_unlock(4097083626);
SELECT version_id FROM goose_db_version ORDER BY id;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_settings';
DROP SCHEMA regress_deploy_settings CASCADE;
