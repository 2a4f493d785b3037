-- resume: a deploy goes on behind the last finished statement of a half applied migration.
SET client_min_messages = warning;
CREATE SCHEMA regress_resume;
SET search_path = regress_resume, public;
SET gooseplus.bundle = 'regress_resume';
-- files change here all the time
SET gooseplus.checksum = off;
SET gooseplus.rollback_on_failure = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE gate (divisor int);
INSERT INTO gate VALUES (0);
-- what ran, and forget it
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
CREATE PROCEDURE put(up text, down text DEFAULT 'INSERT INTO trail VALUES (''down'');') LANGUAGE sql AS $$
    INSERT INTO gooseplus_bundle VALUES ('regress_resume', 'base/00002_half.sql',
        concat(E'-- +goose NO TRANSACTION\n-- +goose Up\n', up, E'\n-- +goose Down\n', down))
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
    UPDATE gate SET divisor = 0;
$$;
INSERT INTO gooseplus_bundle VALUES ('regress_resume', 'base/00001_first.sql', '-- +goose Up'),
('regress_resume', 'base/00003_last.sql', '-- +goose Up
INSERT INTO trail VALUES (''last'');');

-- a statement that fails has done nothing: it is tried again
CALL put('INSERT INTO trail VALUES (''one'');
INSERT INTO trail VALUES (''two'');
INSERT INTO trail SELECT ''three'' FROM gate WHERE 1 / divisor = 1;
INSERT INTO trail VALUES (''four'');');
CALL gooseplus_deploy();
SELECT look();
SELECT version, source, state FROM gooseplus_status();
CALL gooseplus_deploy();
SELECT look();
-- resume => 'retry' says no more than that
CALL gooseplus_deploy(resume => 'retry');
SELECT look();
UPDATE gate SET divisor = 1;
CALL gooseplus_deploy();
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT version, outcome, statements, statement, partial FROM goose_db_version_history WHERE event = 'migration' ORDER BY id;
-- finished is finished
CALL gooseplus_revert(1);
CALL gooseplus_deploy();
SELECT look();

-- skip: on behind it
CALL gooseplus_revert(1);
CALL put('INSERT INTO trail VALUES (''one'');
INSERT INTO trail SELECT ''two'' FROM gate WHERE 1 / divisor = 1;
INSERT INTO trail VALUES (''three'');');
CALL gooseplus_deploy();
CALL gooseplus_deploy(options => '{"resume": "skip"}');
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;

-- a BEGIN block that fails begins again with BEGIN; what its COMMIT has committed does not
CALL gooseplus_revert(1);
CALL put('BEGIN;
INSERT INTO trail VALUES (''one'');
COMMIT;
BEGIN;
INSERT INTO trail VALUES (''two'');
INSERT INTO trail SELECT ''three'' FROM gate WHERE 1 / divisor = 1;
COMMIT;');
CALL gooseplus_deploy();
SELECT look();
SELECT statements, statement, partial, line FROM goose_db_version_history WHERE event = 'migration' ORDER BY id DESC LIMIT 1;
UPDATE gate SET divisor = 1;
CALL gooseplus_deploy();
SELECT look();

-- a transaction that the file has ended goes on without one
CALL gooseplus_revert(1);
UPDATE gooseplus_bundle SET body = '-- +goose Up
INSERT INTO trail VALUES (''one'');
COMMIT;
INSERT INTO trail SELECT ''two'' FROM gate WHERE 1 / divisor = 1;
INSERT INTO trail VALUES (''three'');' WHERE bundle = 'regress_resume' AND path ~ '2';
UPDATE gate SET divisor = 0;
SELECT look();
CALL gooseplus_deploy();
SELECT look();
UPDATE gate SET divisor = 1;
CALL gooseplus_deploy();
SELECT look();

-- on the way down, too
CALL put('SELECT 2;', 'INSERT INTO trail VALUES (''down one'');
INSERT INTO trail SELECT ''down two'' FROM gate WHERE 1 / divisor = 1;');
CALL gooseplus_revert(1);
SELECT look();
UPDATE gate SET divisor = 1;
CALL gooseplus_revert(1);
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;

-- taking a half applied migration back runs its Down part
CALL put('INSERT INTO trail VALUES (''one'');
SELECT 1 / 0;');
CALL gooseplus_deploy();
CALL gooseplus_revert(1);
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
CALL put('INSERT INTO trail VALUES (''anew'');');
CALL gooseplus_deploy();
SELECT look();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_resume';
DROP SCHEMA regress_resume CASCADE;
