-- deploy_return: a failed deploy returns to where it started, by the Down parts.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_return;
SET search_path = regress_deploy_return, public;
SET gooseplus.bundle = 'regress_deploy_return';
-- files change here all the time
SET gooseplus.checksum = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
-- what ran, and forget it
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
-- a migration whose name says what it does
CREATE PROCEDURE put(version int, name text, head text DEFAULT '', up text DEFAULT '', down text DEFAULT '') LANGUAGE sql AS $$
    INSERT INTO gooseplus_bundle VALUES ('regress_deploy_return', format('base/%s_%s.sql', lpad(version::text, 5, '0'), name),
        concat(head, E'\n-- +goose Up\n', format(E'INSERT INTO trail VALUES (%L);\n', 'up' || version), up,
            E'\n-- +goose Down\n' || format(E'INSERT INTO trail VALUES (%L);\n', 'down' || version) || down))
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
$$;
CALL put(1, 'old');
CALL gooseplus_deploy();
SELECT look();

-- latest first, down to where the call began, and no further
CALL put(2, 'table', '', 'CREATE TABLE t2 ();', 'DROP TABLE t2;');
CALL put(3, 'plain', '-- +goose NO TRANSACTION', 'CREATE INDEX CONCURRENTLY trail_step ON trail (step);', 'DROP INDEX CONCURRENTLY trail_step;');
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_return', 'base/00004_empty.sql', '-- +goose Up');
CALL put(5, 'fails', '', 'SELECT 1 / 0;');
CALL gooseplus_deploy();
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT to_regclass('t2'), to_regclass('trail_step');
SELECT version, source, environment, direction, outcome, statements, sqlstate, message, file, line
FROM goose_db_version_history WHERE event = 'migration' AND id > 2 ORDER BY id;
SELECT version, direction, outcome, statements, sqlstate, message, file, line
FROM goose_db_version_history WHERE event = 'run' ORDER BY id;

-- what fails half way is taken back by its own Down part
CALL put(5, 'fails', '-- +goose NO TRANSACTION', 'SELECT 1 / 0;');
CALL gooseplus_deploy();
SELECT look();
-- the first statement: nothing of it is there
UPDATE gooseplus_bundle SET body = '-- +goose NO TRANSACTION
-- +goose Up
SELECT 1 / 0;
-- +goose Down
INSERT INTO trail VALUES (''no'');' WHERE bundle = 'regress_deploy_return' AND path ~ '5';
CALL gooseplus_deploy();
SELECT look();
-- a part of it is
UPDATE gooseplus_bundle SET body = replace(body, 'SELECT 1 / 0;', 'DO ''BEGIN COMMIT; PERFORM 1 / 0; END'';')
WHERE bundle = 'regress_deploy_return' AND path ~ '5';
CALL gooseplus_deploy();
SELECT look();

-- a migration that has no Down part stays, and so does all below it
CALL put(5, 'fails', '', 'SELECT 1 / 0;');
CALL put(3, 'plain', '-- +goose NO TRANSACTION', '', NULL);
UPDATE gooseplus_bundle SET body = '-- +goose Up
INSERT INTO trail VALUES (''up4'');
-- +goose Down
INSERT INTO trail VALUES (''down4'');' WHERE bundle = 'regress_deploy_return' AND path ~ '4';
CALL gooseplus_deploy();
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT outcome, version FROM goose_db_version_history WHERE event = 'run' ORDER BY id DESC LIMIT 1;
-- so does one whose Down part fails
CALL gooseplus_deploy(version => 4);
CALL gooseplus_revert(3);
SELECT look();
CALL put(4, 'empty', '', '', 'SELECT 1 / 0;');
CALL gooseplus_deploy();
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT version, direction, outcome, sqlstate, line FROM goose_db_version_history ORDER BY id DESC LIMIT 3;

-- or nothing is taken back, if so asked
CALL put(5, 'fails', '-- +goose NO TRANSACTION', 'SELECT 1 / 0;');
CALL put(4, 'empty');
CALL gooseplus_revert(3);
SELECT look();
CALL gooseplus_deploy(options => '{"rollback_on_failure": "off"}');
SELECT look();
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT version, direction, outcome, statements FROM goose_db_version_history ORDER BY id DESC LIMIT 3;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_return';
DROP SCHEMA regress_deploy_return CASCADE;
