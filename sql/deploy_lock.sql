-- deploy_lock: a file that lets go of the migration lock fails.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_lock;
SET search_path = regress_deploy_lock, public;
SET gooseplus.bundle = 'regress_deploy_lock';
CREATE TABLE trail (step text);
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_lock', 'base/00001_held.sql', $$-- +goose Up
INSERT INTO trail SELECT concat_ws(' ', mode, classid, objid, objsubid) FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid();
-- another one is nothing to us
SELECT pg_advisory_lock(1);
SELECT pg_advisory_unlock(1);
-- +goose Down
INSERT INTO trail SELECT concat_ws(' ', 'back', mode, classid, objid, objsubid) FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid();
$$),
('regress_deploy_lock', 'all/00002_all.sql', $$-- +goose Up
INSERT INTO trail VALUES ('undone');
SELECT pg_advisory_unlock_all();
INSERT INTO trail VALUES ('never');
$$),
('regress_deploy_lock', 'one/00002_one.sql', $$-- +goose Up
SELECT pg_advisory_unlock(4097083626);
$$),
('regress_deploy_lock', 'discard/00002_discard.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('before');
DISCARD ALL;
INSERT INTO regress_deploy_lock.trail VALUES ('after');
-- +goose Down
INSERT INTO trail VALUES ('back');
$$),
('regress_deploy_lock', 'discard_plans/00002_discard_plans.sql', $$-- +goose Up
DISCARD PLANS;
DISCARD SEQUENCES;
DISCARD TEMP;
$$);

CALL gooseplus_deploy('all');
CALL gooseplus_deploy('one');
CALL gooseplus_deploy('discard');
TABLE trail;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
-- DISCARD ALL takes the caller's session with it, but not here
SHOW gooseplus.bundle;
SHOW client_min_messages;
SELECT version_id FROM goose_db_version ORDER BY id;

-- fine: without a lock, or without letting go of it
CALL gooseplus_deploy('discard', options => '{"lock": false}');
TABLE trail OFFSET 8;
CALL gooseplus_revert(0, 'discard', '{"lock": false}');
CALL gooseplus_deploy('discard_plans');
CALL gooseplus_revert(0, 'discard_plans');
-- what the session has locked before stays locked, and so often
SELECT pg_advisory_lock(4097083626), pg_advisory_lock(7);
CALL gooseplus_deploy('discard_plans', options => '{"lock_id": "7"}');
SELECT pg_advisory_unlock(7), pg_advisory_unlock(4097083626);
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_lock';
DROP SCHEMA regress_deploy_lock CASCADE;
