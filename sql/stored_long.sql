-- stored_long: of a long migration the history keeps what takes it back.
SET client_min_messages = warning;
CREATE SCHEMA regress_stored_long;
SET search_path = regress_stored_long, public;
SET gooseplus.bundle = 'regress_stored_long';
SET gooseplus.variables = '{"NAME": "eel"}';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
-- an Up part of that many bytes, and a Down part
CREATE PROCEDURE put(name text, length int, head text, up text, down text) LANGUAGE sql AS $$
    SELECT gooseplus_bundle_put('regress_stored_long', 'base/' || name,
        rpad(concat(head, E'-- +goose Up\n', up, E'\n-- '), length - 1, 'x') || E'\n' || down);
$$;
CALL put('00001_just.sql', 1048576, '', 'SELECT 1;', E'-- +goose Down\nINSERT INTO trail VALUES (''down $NAME'');');
CALL put('00002_long.sql', 1048577, '', 'SELECT 2;', E'-- +goose Down\nINSERT INTO trail VALUES (''down $NAME'');');
-- the annotations above hold for the Down part, too
CALL put('00003_plain.sql', 1100000, E'-- +goose NO TRANSACTION\n', 'CREATE INDEX CONCURRENTLY trail_step ON trail (step);',
    E'-- +goose Down\nINSERT INTO trail VALUES (''plain'');\nDROP INDEX CONCURRENTLY trail_step;');
CALL put('00004_on.sql', 1100000, '', E'-- +goose ENVSUB ON\nSELECT 4;', E'-- +goose Down\nINSERT INTO trail VALUES (''on $NAME'');');
CALL put('00005_off.sql', 1100000, '', E'-- +goose ENVSUB ON\nSELECT 5;\n-- +goose ENVSUB OFF', E'-- +goose Down\nINSERT INTO trail VALUES (''off $NAME'');\n'
    '-- +goose ENVSUB ON\nINSERT INTO trail VALUES (''and on $NAME'');');
CALL put('00006_both.sql', 1100000, E'-- +goose ENVSUB ON\n-- +goose NO TRANSACTION\n', 'CREATE INDEX CONCURRENTLY trail_id ON trail (id);',
    E'-- +goose Down\nINSERT INTO trail VALUES (''both $NAME'');\n-- +goose ENVSUB OFF\nINSERT INTO trail VALUES (''both $NAME'');\nDROP INDEX CONCURRENTLY trail_id;');
CALL put('00007_none.sql', 1100000, '', 'SELECT 7;', '');
CALL put('00008_huge.sql', 100, '', 'SELECT 8;', rpad(E'-- +goose Down\nSELECT 8;\n--', 16 * 1024 * 1024 + 1, 'x'));
CALL gooseplus_deploy();
SELECT version, length(up) AS up, length(down), left(down, 60) AS down FROM goose_db_version_history WHERE event = 'migration' ORDER BY version;
SELECT count(*) FROM gooseplus_status() WHERE state = 'modified';

-- without its text
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_stored_long';
SELECT gooseplus_bundle_put('regress_stored_long', 'base/00099_other.sql', '-- +goose Up');
\set VERBOSITY terse
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
DELETE FROM goose_db_version WHERE version_id = 8;
CALL gooseplus_revert(5);
SELECT version, direction FROM gooseplus_down_to(3);
CALL gooseplus_revert(0);
SELECT step FROM trail ORDER BY id;
SELECT version_id FROM goose_db_version;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'trail'::regclass;

SELECT gooseplus_bundle_drop('regress_stored_long');
DROP SCHEMA regress_stored_long CASCADE;
