-- stored: the history keeps the text of a migration, to take it back when its file is gone.
SET client_min_messages = warning;
CREATE SCHEMA regress_stored;
SET search_path = regress_stored, public;
SET gooseplus.bundle = 'regress_stored';
SET gooseplus.variables = '{"SECRET": "swordfish", "NAME": "eel"}';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
-- what ran, and forget it; what is recorded
CREATE FUNCTION look(OUT ran text, OUT recorded text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT string_agg(step, ', ' ORDER BY id) INTO ran FROM trail;
    DELETE FROM trail;
    SELECT string_agg(version_id::text, ' ' ORDER BY id) INTO recorded FROM goose_db_version;
END;
$$;
-- a migration that says what it does
CREATE PROCEDURE put(path text, down text DEFAULT '', head text DEFAULT '') LANGUAGE sql AS $$
    SELECT gooseplus_bundle_put('regress_stored', path, concat(head, E'-- +goose Up\nINSERT INTO trail VALUES (''up ', path,
        E''');\n-- +goose Down\nINSERT INTO trail VALUES (''down ', path, E''');\n', down));
$$;
CREATE PROCEDURE lose(pattern text) LANGUAGE sql AS
$$ UPDATE gooseplus_bundle SET bundle = 'regress_lost' WHERE bundle = 'regress_stored' AND path ~ pattern $$;
CREATE PROCEDURE find() LANGUAGE sql AS
$$ UPDATE gooseplus_bundle SET bundle = 'regress_stored' WHERE bundle = 'regress_lost' $$;

-- both parts together are the file, to the byte
CALL put('base/00001_first.sql');
INSERT INTO gooseplus_bundle SELECT 'regress_stored', 'base/' || path, body FROM (VALUES
('00002_lines.sql', E'-- 2 + 3 = 5 größer\r\n\r\n--  +goose  up\r\nSELECT ''-- +goose Down'';\r\n-- +goose Down  \r\nSELECT 2;\r\n'),
('00003_empty.sql', E'-- +goose Up\n-- +goose Down'),
('00004_none.sql', E'-- +goose Up\nSELECT 4;'),
('00005_plain.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nSELECT 5;\n-- +goose StatementEnd\n-- +goose Down\n-- +goose StatementBegin\nSELECT 5\n-- +goose StatementEnd\n'),
('00006_secret.sql', E'-- +goose Up\n-- +goose ENVSUB ON\nINSERT INTO trail VALUES (''$NAME'');\nSELECT ''${SECRET}'';\n-- +goose Down\nINSERT INTO trail VALUES (''not $NAME'');\n')) AS t (path, body);
SELECT count(*) FROM gooseplus_up_to(3);
CALL gooseplus_deploy();
SELECT version, up || down = body AS same, down FROM goose_db_version_history h JOIN gooseplus_bundle b ON path = source
WHERE event = 'migration' ORDER BY version;
-- as it stands there, before variables are expanded
SELECT count(*) FILTER (WHERE h::text ~ 'SECRET'), count(*) FILTER (WHERE h::text ~ 'swordfish') FROM goose_db_version_history h;
SELECT * FROM look();

-- with all files gone
CALL lose('.');
CALL put('base/00099_other.sql');
SELECT version, state, source FROM gooseplus_status();
SELECT version, source, environment, direction, state, statements FROM gooseplus_down();
SELECT version, direction FROM gooseplus_down_to(4);
CALL gooseplus_revert(2);
SELECT version, source, direction, outcome, up || down = body AS same FROM goose_db_version_history h JOIN gooseplus_bundle b ON path = source
WHERE event = 'migration' AND direction = 'down' ORDER BY id;
SELECT version, direction FROM gooseplus_apply_version(1, 'down');
SELECT version, direction FROM gooseplus_reset();
SELECT * FROM look();

-- some of them gone, and of two environments
CALL lose('99');
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_lost';
CALL put('base/00001_first.sql');
CALL put('eu/00002_second.sql');
CALL put('base/00003_third.sql', E'SELECT 1 / 0;');
CALL put('eu/00004_fourth.sql', E'DELETE FROM trail;\nSELECT nonsense;');
CALL put('eu/00005_fifth.sql');
SELECT count(*) FROM gooseplus_migrate('eu');
CALL lose('2|4');
-- what goes wrong there has its place in the file
SELECT count(*) FROM gooseplus_apply_version(5, 'down', 'eu');
SET client_min_messages = notice;
SELECT gooseplus_down('eu');
SET client_min_messages = warning;
UPDATE goose_db_version_history SET down = E'-- +goose Down\nSELEC;' WHERE version = 4 AND event = 'migration';
SELECT gooseplus_down('eu');
UPDATE goose_db_version_history SET down = '-- +goose Gown' WHERE version = 4 AND event = 'migration';
SELECT gooseplus_down('eu');
UPDATE goose_db_version_history SET down = '' WHERE version = 4 AND event = 'migration';
SELECT version, statements FROM gooseplus_down('eu');
-- the files at hand go before
CALL put('base/00003_third.sql', E'INSERT INTO trail VALUES (''from the file'');\n');
TRUNCATE trail;
SELECT version FROM gooseplus_reset('eu', '{"checksum": "off"}');
SELECT * FROM look();

-- refused
CALL find();
SELECT count(*) FROM gooseplus_up_to(2, 'eu');
CALL lose('2');
\set VERBOSITY terse
SELECT gooseplus_redo('eu');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down('eu', '{"exclude_versions": [2]}');
\echo :LAST_ERROR_SQLSTATE
CALL gooseplus_revert(0, 'eu', '{"exclude_names": "00002_second.sql"}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down('eu', '{"history": false}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_apply_version(2, 'up', 'eu');
\echo :LAST_ERROR_SQLSTATE
-- goose has applied it since, who knows from what
BEGIN;
DELETE FROM goose_db_version WHERE version_id = 2;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true);
SELECT gooseplus_down('eu');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
\set VERBOSITY default

-- an environment can be gone as a whole, as long as the history knows it
CALL find();
CALL lose('eu');
SELECT version, direction FROM gooseplus_down('eu');
CALL find();
SELECT count(*) FROM gooseplus_up_to(2, 'eu');
CALL lose('eu');
SELECT gooseplus_redo('eu');
CALL gooseplus_revert(1, 'eu');
SELECT gooseplus_down('us');
SELECT gooseplus_down('us,eu');
SELECT gooseplus_down('eu', '{"history": false}');

-- what a baseline has recorded can be taken back
CALL find();
SELECT count(*) FROM gooseplus_reset('eu');
TRUNCATE trail;
SELECT count(*) FROM gooseplus_baseline(2, 'eu');
CALL lose('2');
CALL gooseplus_revert(0, 'eu');
SELECT * FROM look();

DELETE FROM gooseplus_bundle WHERE bundle IN ('regress_stored', 'regress_lost');
DROP SCHEMA regress_stored CASCADE;
