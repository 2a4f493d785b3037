-- checksum: migrations that have changed since they were applied.
SET client_min_messages = warning;
CREATE SCHEMA regress_checksum;
SET search_path = regress_checksum, public;
SET gooseplus.bundle = 'regress_checksum';
SET gooseplus.rollback_on_failure = off;
CREATE PROCEDURE put(path text, body text) LANGUAGE sql AS $$ SELECT gooseplus_bundle_put('regress_checksum', path, body) $$;
CREATE FUNCTION states(options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat(version, ' ', state), ', ') FROM gooseplus_status('eu', options) $$;
CALL put('base/00001_one.sql', E'-- +goose Up\nCREATE TABLE one ();\n-- +goose Down\nDROP TABLE one;');
CALL put('eu/00002_two.sql', E'-- +goose Up\nCREATE TABLE two ();\n-- +goose Down\nDROP TABLE two;');
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT ''three'';\n-- +goose Down\nSELECT ''down'';');
CALL put('eu/00004_four.sql', E'-- +goose Up\nSELECT 4;');
SELECT version, state FROM gooseplus_up_to(3, 'eu');
SHOW gooseplus.checksum;

-- comments, blanks and line ends are no change
CALL put('base/00001_one.sql', E'-- one, two /* three */\r\n-- +goose Up\r\n\r\nCREATE\tTABLE  one /* here */ ();\r\n-- gone\r\n-- +goose Down\r\nDROP TABLE\r\n    one;\r\n');
SELECT states();
SELECT version, state FROM gooseplus_migrate('eu');
-- a token is, wherever it is
CALL put('eu/00002_two.sql', E'-- +goose Up\nCREATE TABLE two ();\n-- +goose Down\nDROP TABLE IF EXISTS two;');
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT ''three '';\n-- +goose Down\nSELECT ''down'';');
CALL put('eu/00005_five.sql', E'-- +goose Up\nSELECT 5;\n-- +goose Down\nSELECT 5;');
SELECT states();
-- one that is not asked for is not looked at
SELECT version, state FROM gooseplus_status();
SELECT states('{"checksum": "off"}'), states('{"exclude_versions": [2]}'), states('{"history": false}');
SELECT * FROM gooseplus_validate('eu');
SELECT severity, count(*) FROM gooseplus_validate('eu', '{"checksum": "error"}') GROUP BY 1;
SELECT count(*) FROM gooseplus_validate('eu', '{"checksum": "off"}');

-- warn: and go on
SELECT version, state FROM gooseplus_migrate('eu');
CALL gooseplus_revert(4, 'eu');
CALL gooseplus_deploy('eu');
SELECT version, direction FROM gooseplus_redo('eu');
SELECT count(*) FROM gooseplus_rehearse('eu');
-- off: not a word
SET gooseplus.checksum = off;
SELECT version, state FROM gooseplus_down('eu');
CALL gooseplus_deploy('eu');
-- error: nothing is run, in any direction
SET gooseplus.checksum = error;
SELECT gooseplus_migrate('eu');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SELECT gooseplus_up_to(5, 'eu');
SELECT gooseplus_up_by_one('eu');
SELECT gooseplus_down('eu');
SELECT gooseplus_down_to(0, 'eu');
SELECT gooseplus_redo('eu');
SELECT gooseplus_reset('eu');
SELECT gooseplus_apply_version(5, 'down', 'eu');
SELECT gooseplus_rehearse('eu');
\set VERBOSITY default
CALL gooseplus_deploy('eu');
CALL gooseplus_revert(0, 'eu');
SELECT error FROM gooseplus_migrate('eu', '{"on_error": "return"}');
SELECT states(), to_regclass('two');
-- not for the others
SELECT version, state FROM gooseplus_migrate('eu', '{"exclude_versions": [2, 3]}');
SELECT gooseplus_migrate('eu', '{"checksum": "warn"}');
RESET gooseplus.checksum;

-- the old text again is the old checksum again
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT ''three'';\n-- +goose Down\nSELECT ''down'';');
SELECT states();
-- a migration that cannot be read any more
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT ''three;');
SELECT states();
CALL put('base/00003_three.sql', E'SELECT ''three'';');
SELECT gooseplus_migrate('eu');
CALL put('base/00003_three.sql', E'-- +goose Up\nSELECT ''three'';\n-- +goose Down\nSELECT ''down'';');

-- when goose takes a version back and applies it, it can be from another file
SELECT states();
BEGIN;
DELETE FROM goose_db_version WHERE version_id = 2;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true);
SELECT states();
ROLLBACK;
-- what we apply anew is known, by a deploy, too
CALL put('eu/00005_five.sql', E'-- +goose Up\nSELECT 55;\n-- +goose Down\nSELECT 5;');
SELECT states();
CALL gooseplus_revert(4, 'eu', '{"checksum": false}');
CALL gooseplus_deploy('eu', options => '{"checksum": "off"}');
SELECT states();
SELECT version, direction FROM gooseplus_apply_version(2, 'down', 'eu');
SELECT version, direction FROM gooseplus_apply_version(2, 'up', 'eu');
SELECT states();
-- so is a baseline
CALL put('base/00006_six.sql', E'-- +goose Up\nSELECT 6;');
SELECT version, state FROM gooseplus_baseline(6, 'eu');
CALL put('base/00006_six.sql', E'-- +goose Up\nSELECT 7;');
SELECT states();
-- a registered function is not: what it does is not in its call
CREATE FUNCTION seven() RETURNS void LANGUAGE sql AS '';
SELECT gooseplus_register(7, 'seven()');
SELECT version FROM gooseplus_migrate('eu', '{"checksum": "off"}');
SELECT gooseplus_unregister(7);
CREATE FUNCTION another() RETURNS void LANGUAGE sql AS '';
SELECT gooseplus_register(7, 'another()');
SELECT states();
SELECT gooseplus_unregister(7);

-- a message names no more than 50 of them
INSERT INTO gooseplus_bundle SELECT 'regress_checksum', format('many/%s_x.sql', n), E'-- +goose Up\nSELECT 1;'
FROM generate_series(100, 159) n;
SELECT count(*) FROM gooseplus_migrate('many', '{"checksum": "off"}');
UPDATE gooseplus_bundle SET body = body || 'SELECT 2;' WHERE bundle = 'regress_checksum' AND path ~ 'many';
DO $$
DECLARE detail text;
BEGIN
    PERFORM gooseplus_migrate('many', '{"checksum": "error"}');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE WARNING '% names: %', cardinality(string_to_array(detail, '.sql')) - 1, right(detail, 52);
END;
$$;

SET gooseplus.checksum = 'on';
SELECT gooseplus_migrate('eu', '{"checksum": "on"}');
SELECT gooseplus_migrate('eu', '{"checksum": true}');
SELECT gooseplus_bundle_drop('regress_checksum');
DROP SCHEMA regress_checksum CASCADE;
