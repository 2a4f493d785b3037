-- resume_interrupted: what the next deploy makes of the statement in progress when a session was lost.
SET client_min_messages = warning;
CREATE SCHEMA regress_resume_interrupted;
CREATE SCHEMA regress_resume_interrupted2;
SET search_path = regress_resume_interrupted, public;
SET gooseplus.bundle = 'regress_resume_interrupted';
SET gooseplus.rollback_on_failure = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE item (id int, name text);
INSERT INTO item VALUES (1, 'a'), (1, 'b');
CREATE TABLE regress_resume_interrupted2.item (id int);
INSERT INTO regress_resume_interrupted2.item VALUES (1), (1);
-- what ran, and forget it
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
CREATE VIEW indexes AS SELECT indexrelid::regclass AS index, indisunique AS uniq, indisvalid AS valid
FROM pg_index WHERE indrelid IN ('item'::regclass, 'regress_resume_interrupted2.item'::regclass) ORDER BY indexrelid::regclass::text;
CREATE PROCEDURE put(up text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gooseplus_bundle VALUES ('regress_resume_interrupted', 'base/00001_half.sql',
        concat(E'-- +goose NO TRANSACTION\n-- +goose Up\n', up))
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
    DROP TABLE IF EXISTS goose_db_version, goose_db_version_history;
END;
$$;
-- a failed run becomes one whose session ended in the middle of a statement
CREATE PROCEDURE interrupt(at int, may_be_done boolean DEFAULT false) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE goose_db_version_history SET outcome = 'running', ended = NULL, duration = NULL,
        sqlstate = NULL, message = NULL, file = NULL, line = NULL,
        statement = CASE event WHEN 'migration' THEN at END, doubtful = CASE event WHEN 'migration' THEN may_be_done END
    WHERE outcome = 'failed';
END;
$$;
\set VERBOSITY terse

-- an ordinary statement is not done unless it is said to be
CALL put('INSERT INTO trail VALUES (''one'');
SET regress.divisor = 1;
INSERT INTO trail SELECT ''three'' WHERE 1 / current_setting(''regress.divided'')::int = 1;
INSERT INTO trail SELECT ''four '' || current_setting(''regress.divisor'');');
CALL gooseplus_deploy();
SELECT look();
CALL interrupt(3);
SET regress.divided = 1;
CALL gooseplus_deploy();
-- with what the file has set before
SELECT look();
SELECT event, version, outcome, statements, ended IS NULL AS open FROM goose_db_version_history ORDER BY id;
RESET regress.divided;

-- COMMIT is: what says so was committed by it
CALL put('BEGIN;
INSERT INTO trail VALUES (''one'');
COMMIT;
SELECT 1 / current_setting(''regress.divided'')::int;
INSERT INTO trail VALUES (''two'');');
CALL gooseplus_deploy();
SELECT look();
CALL interrupt(3, true);
UPDATE goose_db_version_history SET statements = 0 WHERE event = 'migration';
SET regress.divided = 1;
CALL gooseplus_deploy();
SELECT look();
RESET regress.divided;

-- an index: not there, invalid, or valid
CALL put('INSERT INTO trail VALUES (''one'');
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);
INSERT INTO trail VALUES (''three'');');
CALL gooseplus_deploy();
CALL interrupt(2, true);
UPDATE item SET id = 2 WHERE name = 'b';
CALL gooseplus_deploy();
TABLE indexes;
SELECT look();
DROP INDEX item_id;
UPDATE item SET id = 1;
DROP TABLE goose_db_version, goose_db_version_history;
CALL gooseplus_deploy();
CALL interrupt(2, true);
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);
TABLE indexes;
UPDATE item SET id = 2 WHERE name = 'b';
CALL gooseplus_deploy();
TABLE indexes;
SELECT look();
DROP INDEX item_id;
UPDATE item SET id = 1;
DROP TABLE goose_db_version, goose_db_version_history;
CALL gooseplus_deploy();
CALL interrupt(2, true);
UPDATE item SET id = 2 WHERE name = 'b';
CREATE UNIQUE INDEX item_id ON item (id);
CALL gooseplus_deploy();
TABLE indexes;
SELECT look();
-- valid, but another one
DROP INDEX item_id;
UPDATE item SET id = 1;
DROP TABLE goose_db_version, goose_db_version_history;
CALL gooseplus_deploy();
CALL interrupt(2, true);
UPDATE item SET id = 2 WHERE name = 'b';
CREATE INDEX item_id ON item (name);
CALL gooseplus_deploy();
TABLE indexes;
SELECT look();
DROP INDEX item_id;

-- in a schema that the file has named before
CALL put('SET search_path = regress_resume_interrupted2;
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);');
CALL gooseplus_deploy();
CALL interrupt(2, true);
CREATE UNIQUE INDEX CONCURRENTLY item_id ON regress_resume_interrupted2.item (id);
DELETE FROM regress_resume_interrupted2.item;
CALL gooseplus_deploy();
TABLE indexes;

-- what ends with a session cannot be had again
CALL put('CREATE TEMP TABLE scratch AS SELECT ''two'' AS step;
INSERT INTO trail SELECT ''one'' WHERE 1 / current_setting(''regress.divided'')::int = 1;
INSERT INTO trail SELECT step FROM scratch;');
CALL gooseplus_deploy();
CALL interrupt(2);
DROP TABLE pg_temp.scratch;
SET regress.divided = 1;
CALL gooseplus_deploy();
CALL gooseplus_deploy(resume => 'retry');
SELECT look();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_resume_interrupted';
DROP SCHEMA regress_resume_interrupted, regress_resume_interrupted2 CASCADE;
