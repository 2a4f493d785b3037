-- deploy_timeouts: statement_timeout of the session and of a file; limits of a migration and a run.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_timeouts;
SET search_path = regress_deploy_timeouts, public;
SET gooseplus.bundle = 'regress_deploy_timeouts';
CREATE TABLE trail (step text);
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_timeouts', 'base/00001_long.sql', $$-- +goose Up
SET statement_timeout = 0;
SELECT pg_sleep(1.2);
INSERT INTO trail VALUES ('long');
$$),
('regress_deploy_timeouts', 'base/00002_local.sql', $$-- +goose Up
SET LOCAL statement_timeout = '1min';
SELECT pg_sleep(1.2);
INSERT INTO trail VALUES ('local');
$$),
('regress_deploy_timeouts', 'base/00003_plain.sql', $$-- +goose NO TRANSACTION
-- +goose Up
SET statement_timeout = 0;
SELECT pg_sleep(1.2);
INSERT INTO trail VALUES ('plain');
$$),
('regress_deploy_timeouts', 'session/00004_session.sql', $$-- +goose Up
INSERT INTO trail VALUES ('undone');
SELECT pg_sleep(60);
$$),
('regress_deploy_timeouts', 'own/00004_own.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('first');
SET statement_timeout = '200ms';
SELECT pg_sleep(60);
-- +goose Down
INSERT INTO trail VALUES ('back');
SELECT pg_sleep(0.3);
$$),
('regress_deploy_timeouts', 'sum/00004_sum.sql', $$-- +goose Up
SELECT pg_sleep(0.6);
SELECT pg_sleep(0.6);
$$),
('regress_deploy_timeouts', 'swallow/00005_swallow.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('swallow');
DO $do$
BEGIN
    PERFORM pg_sleep(60);
EXCEPTION WHEN query_canceled THEN
    INSERT INTO trail VALUES ('swallowed');
END $do$;
INSERT INTO trail VALUES ('never');
-- +goose Down
INSERT INTO trail VALUES ('back');
$$);

-- a session that is in a hurry, and files that need more
SET statement_timeout = '1s';
CALL gooseplus_deploy();
TABLE trail;
SHOW statement_timeout;
-- the session's limit is for each statement, and for one that sets none
CALL gooseplus_deploy('session');
CALL gooseplus_deploy('sum');
CALL gooseplus_revert(3, 'sum');
SELECT version_id FROM goose_db_version ORDER BY id;
RESET statement_timeout;

-- a file's own limit; the way back does not have it
TRUNCATE trail;
CALL gooseplus_deploy('own');
TABLE trail;
SHOW statement_timeout;
-- after a call nothing is left that could cancel the next statement
SELECT pg_sleep(0.3);

-- a limit of ours, also if it is caught
TRUNCATE trail;
CALL gooseplus_deploy('session', options => '{"migration_timeout": "300ms"}');
CALL gooseplus_deploy('swallow', options => '{"migration_timeout": "300ms"}');
CALL gooseplus_deploy('swallow', options => '{"timeout": "300ms"}');
TABLE trail;
SELECT outcome, sqlstate, message, version FROM goose_db_version_history
WHERE event = 'run' AND outcome <> 'done' ORDER BY id;
SELECT source, direction, outcome, statements, sqlstate, line FROM goose_db_version_history
WHERE event = 'migration' AND version > 3 ORDER BY id;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_timeouts';
DROP SCHEMA regress_deploy_timeouts CASCADE;
