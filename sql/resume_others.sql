-- resume_others: what other functions make of a half applied migration.
SET client_min_messages = warning;
CREATE SCHEMA regress_resume_others;
SET search_path = regress_resume_others, public;
SET gooseplus.bundle = 'regress_resume_others';
SET gooseplus.rollback_on_failure = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
INSERT INTO gooseplus_bundle VALUES
('regress_resume_others', 'base/00001_first.sql', '-- +goose Up
INSERT INTO trail VALUES (''first'');'),
('regress_resume_others', 'base/00002_half.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES (''half'');
SELECT 1 / 0;
-- +goose Down
INSERT INTO trail VALUES (''down'');'),
('regress_resume_others', 'base/00003_last.sql', '-- +goose Up
INSERT INTO trail VALUES (''last'');');
CALL gooseplus_deploy();

-- runs that would touch it are refused
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT gooseplus_up_by_one();
SELECT gooseplus_up_to(2);
SELECT gooseplus_apply_version(2, 'up');
-- looking is not
SELECT version, state FROM gooseplus_status();
SELECT gooseplus_has_pending();
-- a deploy to a version below has nothing to do with it, but says so
CALL gooseplus_deploy(version => 1);
-- without its file, and nothing of it in the history
UPDATE goose_db_version_history SET up = NULL, down = NULL;
UPDATE gooseplus_bundle SET path = 'eu/00002_half.sql' WHERE bundle = 'regress_resume_others' AND path ~ '2_half';
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
UPDATE gooseplus_bundle SET path = 'base/00002_half.sql' WHERE bundle = 'regress_resume_others' AND path ~ '2_half';
TABLE trail;
SELECT version_id FROM goose_db_version ORDER BY id;
\set VERBOSITY default

-- a baseline settles it
SELECT version, source, state FROM gooseplus_baseline(2);
CALL gooseplus_deploy();
SELECT step FROM trail ORDER BY id;
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT event, version, outcome, statements FROM goose_db_version_history ORDER BY id;

-- its file is gone: no way on, but one back, by the text in the history
CALL gooseplus_revert(1);
TRUNCATE trail;
CALL gooseplus_deploy();
UPDATE gooseplus_bundle SET path = 'eu/00002_half.sql' WHERE bundle = 'regress_resume_others' AND path ~ '2_half';
CALL gooseplus_revert(1);
SELECT step FROM trail ORDER BY id;
SELECT event, version, direction, outcome FROM goose_db_version_history ORDER BY id DESC LIMIT 2;
UPDATE gooseplus_bundle SET path = 'base/00002_half.sql' WHERE bundle = 'regress_resume_others' AND path ~ '2_half';

-- somebody who records it settles it, too
CALL gooseplus_deploy();
INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true);
SELECT version, state FROM gooseplus_migrate();
SELECT version_id FROM goose_db_version ORDER BY id;

-- what it stands on is not taken away below it
CALL gooseplus_revert(0);
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_resume_others' AND path ~ '3_last';
TRUNCATE trail;
CALL gooseplus_deploy();
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT gooseplus_redo();
SELECT gooseplus_reset();
SELECT gooseplus_apply_version(1, 'down');
\set VERBOSITY default
-- somebody else can do so: to go on behind what is done would leave that out
DELETE FROM goose_db_version WHERE version_id > 0;
CALL gooseplus_deploy();
CALL gooseplus_deploy(resume => 'restart');
SELECT step FROM trail ORDER BY id;
CALL gooseplus_revert(0);

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_resume_others';
DROP SCHEMA regress_resume_others CASCADE;
