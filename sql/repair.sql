-- repair: the file of an applied migration is accepted as it now is.
SET client_min_messages = warning;
CREATE SCHEMA regress_repair;
SET search_path = regress_repair, public;
SET gooseplus.bundle = 'regress_repair';
SET gooseplus.checksum = error;
CREATE PROCEDURE put(path text, body text) LANGUAGE sql AS $$ SELECT gooseplus_bundle_put('regress_repair', path, body) $$;
CREATE FUNCTION states() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat(version, ' ', state), ', ') FROM gooseplus_status('eu') $$;
CREATE TABLE trail (step text);
CALL put('base/00001_one.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nINSERT INTO trail VALUES (''first'');');
CALL put('eu/00002_two.sql', E'-- +goose Up\nSELECT 2;');
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT 3;');
-- before the first run
SELECT gooseplus_repair(1);
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('goose_db_version'), to_regclass('goose_db_version_history');
SELECT version, state FROM gooseplus_up_to(2, 'eu');

-- nothing to accept, but it is noted
SELECT gooseplus_repair(1);
-- a change
CALL put('base/00001_one.sql', E'-- +goose Up\nSELECT 11;\n-- +goose Down\nINSERT INTO trail VALUES (''mended'');');
CALL put('eu/00002_two.sql', E'-- +goose Up\nSELECT 22;');
SELECT states();
SELECT gooseplus_repair(1), states();
SELECT gooseplus_repair(version => 2, env => 'eu', options => '{"checksum": "warn"}');
SELECT gooseplus_repair(1, 'eu');
SELECT states();
SELECT count(*) FROM gooseplus_migrate('eu', '{"exclude_versions": [3]}');
-- comments
CALL put('base/00001_one.sql', E'-- +goose Up\nSELECT 11; -- one\n-- +goose Down\nINSERT INTO trail VALUES (''mended'');');
SELECT gooseplus_repair(1);
SELECT id, event, version, source, environment, direction, statements, rows, outcome, role = current_user AS role,
    ended >= started AS ended, left(up, 25) AS up, down FROM goose_db_version_history WHERE id > 3 ORDER BY id;
SELECT version, count(*), count(DISTINCT checksum), count(DISTINCT version_row) FROM goose_db_version_history
WHERE version < 3 AND event <> 'run' GROUP BY 1 ORDER BY 1;
-- the version table is as it was
SELECT version_id FROM goose_db_version ORDER BY id;
-- the text that was accepted is the one that counts
BEGIN;
DELETE FROM gooseplus_bundle WHERE path = 'base/00001_one.sql';
SELECT version, direction FROM gooseplus_apply_version(1, 'down');
TABLE trail;
ROLLBACK;

-- what goose has applied is not known, and then it is
INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true);
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT 33;');
SELECT states();
SELECT gooseplus_repair(3);
SELECT gooseplus_repair(3);
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT 333;');
SELECT states();

-- a part of the caller's transaction, with the lock to its end
BEGIN;
SELECT gooseplus_repair(3);
SELECT states();
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;
SELECT states();
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- what cannot be
\set VERBOSITY terse
SELECT gooseplus_repair(4);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(0);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(1, options => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(2);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(1, options => '{"exclude_versions": [1]}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(1, options => '{"history": false}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_repair(1, options => '{"versioning": false}');
\echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT gooseplus_repair(1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT gooseplus_repair(1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CALL put('base/00003_three.sql', E'-- +goose Down\nSELECT 3;\n-- +goose Up\nSELECT 3;\n-- +goose Up\nSELECT 4;');
SELECT gooseplus_repair(3);
\echo :LAST_ERROR_SQLSTATE
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT 333;');
CALL put('eu/00003_three.sql', E'-- +goose Up\nSELECT 333;');
SELECT gooseplus_repair(3, 'eu');
\echo :LAST_ERROR_SQLSTATE
CALL put('base/00005_calls.sql', E'-- +goose Up\nSELECT gooseplus_repair(3);');
SELECT gooseplus_migrate(options => '{"checksum": "off"}');
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION six() RETURNS void LANGUAGE sql AS '';
SELECT gooseplus_register(6, 'six()');
INSERT INTO goose_db_version (version_id, is_applied) VALUES (6, true);
SELECT gooseplus_repair(6);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_unregister(6);

-- rights: to call it, and to write to the history
CREATE ROLE regress_gooseplus_repair;
GRANT ALL ON SCHEMA regress_repair TO regress_gooseplus_repair;
GRANT SELECT ON gooseplus_bundle, goose_db_version, goose_db_version_history TO regress_gooseplus_repair;
SET ROLE regress_gooseplus_repair;
SELECT gooseplus_repair(3);
RESET ROLE;
GRANT EXECUTE ON FUNCTION gooseplus_repair TO regress_gooseplus_repair;
SET ROLE regress_gooseplus_repair;
SELECT gooseplus_repair(3);
RESET ROLE;
GRANT INSERT, UPDATE ON goose_db_version_history TO regress_gooseplus_repair;
SET ROLE regress_gooseplus_repair;
SELECT gooseplus_repair(3);
RESET ROLE;
SELECT event, version, role FROM goose_db_version_history ORDER BY id DESC LIMIT 1;
ALTER TABLE goose_db_version_history OWNER TO regress_gooseplus_repair;
SELECT gooseplus_repair(3);
\echo :LAST_ERROR_SQLSTATE

\set VERBOSITY default
SELECT gooseplus_bundle_drop('regress_repair');
REVOKE ALL ON gooseplus_bundle FROM regress_gooseplus_repair;
REVOKE ALL ON FUNCTION gooseplus_repair FROM regress_gooseplus_repair;
DROP SCHEMA regress_repair CASCADE;
DROP ROLE regress_gooseplus_repair;
