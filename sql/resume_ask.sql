-- resume_ask: where a deploy cannot know, it stops and asks.
SET client_min_messages = warning;
CREATE SCHEMA regress_resume_ask;
SET search_path = regress_resume_ask, public;
SET gooseplus.bundle = 'regress_resume_ask';
SET gooseplus.rollback_on_failure = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE gate (divisor int);
INSERT INTO gate VALUES (0);
-- what ran, and forget it
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
CREATE PROCEDURE put(up text) LANGUAGE sql AS $$
    INSERT INTO gooseplus_bundle VALUES ('regress_resume_ask', 'base/00001_half.sql',
        concat(E'-- +goose NO TRANSACTION\n-- +goose Up\n', up, E'\n-- +goose Down\nINSERT INTO trail VALUES (''down'');'))
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
$$;

-- code that has committed a part of itself
CALL put('INSERT INTO trail VALUES (''one'');
DO ''BEGIN
    FOR i IN 1 .. 2 LOOP
        INSERT INTO trail VALUES (''''batch '''' || i);
        COMMIT;
        PERFORM 1 / divisor FROM gate;
    END LOOP;
END'';
INSERT INTO trail VALUES (''three'');');
CALL gooseplus_deploy();
SELECT look();
SELECT outcome, statements, statement, partial, line FROM goose_db_version_history WHERE event = 'migration';
UPDATE gate SET divisor = 1;
CALL gooseplus_deploy();
\echo :LAST_ERROR_SQLSTATE
CALL gooseplus_deploy(options => '{"rollback_on_failure": "on"}');
SELECT look();
CALL gooseplus_deploy(resume => 'retry');
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
CALL gooseplus_revert(0);
UPDATE gate SET divisor = 0;
CALL gooseplus_deploy();
SELECT look();
CALL gooseplus_deploy(resume => 'skip');
SELECT look();
-- that has not: it is as good as any other
CALL gooseplus_revert(0);
CALL put('INSERT INTO trail VALUES (''one'');
DO ''BEGIN PERFORM 1 / divisor FROM gate; INSERT INTO trail VALUES (''''do''''); COMMIT; END'';');
CALL gooseplus_deploy();
UPDATE gate SET divisor = 1;
SELECT look();
CALL gooseplus_deploy();
SELECT look();

-- a file that was edited since
CALL gooseplus_revert(0);
UPDATE gate SET divisor = 0;
CALL put('INSERT INTO trail VALUES (''one'');
SELECT 1 / divisor FROM gate;');
CALL gooseplus_deploy();
SELECT look();
CALL put('INSERT INTO trail VALUES (''new'');
INSERT INTO trail VALUES (''two'');
INSERT INTO trail VALUES (''three'');');
CALL gooseplus_deploy();
\echo :LAST_ERROR_SQLSTATE
SELECT look();
CALL gooseplus_deploy(resume => 'skip');
SELECT look();
-- or all of it, as it is now, from the beginning
CALL gooseplus_revert(0);
CALL put('INSERT INTO trail VALUES (''one'');
SELECT 1 / divisor FROM gate;');
CALL gooseplus_deploy();
SELECT look();
CALL put('INSERT INTO trail VALUES (''anew'');
INSERT INTO trail VALUES (''two'');');
CALL gooseplus_deploy(resume => 'restart');
SELECT look();
SELECT outcome, statements FROM goose_db_version_history WHERE event = 'migration' ORDER BY id DESC LIMIT 1;
-- comments and blanks do not count
CALL gooseplus_revert(0);
CALL put('INSERT INTO trail VALUES (''one'');
SELECT 1 / divisor FROM gate;');
CALL gooseplus_deploy();
UPDATE gate SET divisor = 1;
CALL put('
-- a word about it
INSERT INTO trail   VALUES (''one'');

SELECT 1 / divisor /* mended */ FROM gate;');
CALL gooseplus_deploy();
SELECT look();

-- somebody else has recorded versions since
CALL gooseplus_revert(0);
UPDATE gate SET divisor = 0;
CALL gooseplus_deploy();
SELECT look();
UPDATE gate SET divisor = 1;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, true);
DELETE FROM goose_db_version WHERE version_id = 1;
CALL gooseplus_deploy();
CALL gooseplus_deploy(resume => 'retry');
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_resume_ask';
DROP SCHEMA regress_resume_ask CASCADE;
