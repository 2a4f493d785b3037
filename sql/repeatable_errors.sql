-- repeatable_errors: what is wrong with migrations without a version, and what becomes of it.
SET client_min_messages = warning;
CREATE SCHEMA regress_repeatable_errors;
SET search_path = regress_repeatable_errors, public;
SET gooseplus.bundle = 'regress_repeatable_errors';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE PROCEDURE put(path text, body text) LANGUAGE sql AS $$ SELECT gooseplus_bundle_put('regress_repeatable_errors', path, body) $$;
CALL put('base/00001_one.sql', E'-- +goose Up\nCREATE TABLE one (a int);\n-- +goose Down\nDROP TABLE one;');
CALL put('base/R_a.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW a AS SELECT a FROM one;');
CALL put('base/R_b.sql', E'-- +goose Up\n\n\nCREATE OR REPLACE VIEW b AS\n    SELECT b FROM one;');

-- all or nothing
SELECT gooseplus_migrate();
SELECT to_regclass('one'), to_regclass('a'), to_regclass('goose_db_version_history');
SELECT version, source, direction, state, statements, error FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT to_regclass('one'), to_regclass('a');
SELECT source, line, state, split_part(error, E'\n', 1) AS error FROM gooseplus_rehearse();
CALL put('base/R_b.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW b AS SELECT a FROM one;\n-- +goose Down\nDROP VIEW b;');
SELECT version, source, state FROM gooseplus_migrate();
-- the ones that were run before stay as they were
CALL put('base/R_a.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW a AS SELECT a, a AS x FROM one;');
CALL put('base/R_b.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW b AS SELECT x FROM one;');
SELECT source, state, statements FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'a'::regclass;
SELECT source, state FROM gooseplus_status();
SELECT event, source, outcome, sqlstate FROM goose_db_version_history ORDER BY id DESC LIMIT 2;
CALL put('base/R_b.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW b AS SELECT a FROM one;');
SELECT source FROM gooseplus_migrate();

-- what is found before anything runs
CALL put('base/R_c.sql', E'CREATE OR REPLACE VIEW c AS SELECT 1;');
CALL put('base/R_d.sql', E'-- +goose Up\nCREATE OR REPLACE VIEW;\n-- +goose Down\nDROP WIEV c;');
CALL put('base/R_e.sql', E'-- +goose Up\n-- +goose NO TRANSACTION\nVACUUM one;');
SELECT gooseplus_migrate();
SELECT * FROM gooseplus_validate() WHERE line IS NOT NULL;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_repeatable_errors' AND path ~ 'R_[cde]';
-- a hazard, as long as it is to run
CALL put('base/R_c.sql', E'-- +goose Up\nCREATE INDEX IF NOT EXISTS one_a ON one (a);');
SELECT source, line, severity, left(message, 50) AS message FROM gooseplus_validate() WHERE line IS NOT NULL;
SELECT count(*) FROM gooseplus_migrate();
SELECT count(*) FROM gooseplus_validate() WHERE line IS NOT NULL;
-- the goose command wants numbers: it stumbles over those that are beside numbered ones
SELECT source, line, severity, message FROM gooseplus_validate() WHERE source ~ 'R_a';
CALL put('own/R_own.sql', E'-- +goose Up\nSELECT 1;');
SELECT source, message FROM gooseplus_validate('own', '{"exclude_names": "R_a.sql,R_b.sql,R_c.sql"}');

-- one name in two folders
CALL put('eu/R_a.sql', E'-- +goose Up\nSELECT 1;');
CALL put('us/R_a.sql', E'-- +goose Up\nSELECT 1;');
SELECT gooseplus_migrate('eu');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse
SELECT gooseplus_status('eu,us');
SELECT gooseplus_down('eu');
CALL gooseplus_deploy('eu');
SELECT source, line, severity, message FROM gooseplus_validate('eu') WHERE severity = 'error';
SELECT source FROM gooseplus_migrate('eu', '{"base_environment": "us", "exclude_names": "R_a.sql"}');
-- but not in two that do not meet
SELECT source FROM gooseplus_migrate('eu', '{"base_environment": "none"}');
SELECT source FROM gooseplus_migrate('us', '{"base_environment": "none"}');
\set VERBOSITY default

-- variables: the text of the file counts, not what they stand for
CALL put('base/R_v.sql', E'-- +goose Up\n-- +goose ENVSUB ON\nINSERT INTO trail VALUES (''$NAME'');');
SELECT source FROM gooseplus_migrate(NULL, '{"variables": {"NAME": "eel"}}');
SELECT source FROM gooseplus_migrate(NULL, '{"variables": {"NAME": "cod"}}');
SELECT count(*) FROM goose_db_version_history WHERE source ~ 'R_v' AND up ~ E'\\$NAME' AND up !~ 'eel';
-- what cannot be part of the run
CALL put('base/R_v.sql', E'-- +goose Up\nCOMMIT;\nINSERT INTO trail VALUES (''after'');');
SELECT source, statements FROM gooseplus_migrate();
CALL put('base/R_v.sql', E'-- +goose Up\n-- +goose NO TRANSACTION\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one_b ON one (a);');
SELECT gooseplus_migrate();
CALL gooseplus_deploy();
SELECT source, outcome, statements, partial FROM goose_db_version_history WHERE event = 'repeatable' ORDER BY id DESC LIMIT 1;
CALL gooseplus_deploy();
-- a caller who cannot see the history does not know
CREATE ROLE regress_gooseplus_repeatable;
GRANT USAGE ON SCHEMA regress_repeatable_errors TO regress_gooseplus_repeatable;
GRANT SELECT ON gooseplus_bundle, goose_db_version TO regress_gooseplus_repeatable;
GRANT EXECUTE ON FUNCTION gooseplus_has_pending, gooseplus_status TO regress_gooseplus_repeatable;
SET ROLE regress_gooseplus_repeatable;
SELECT gooseplus_has_pending();
SELECT source, state FROM gooseplus_status();
RESET ROLE;
REVOKE ALL ON gooseplus_bundle FROM regress_gooseplus_repeatable;
REVOKE ALL ON FUNCTION gooseplus_has_pending, gooseplus_status FROM regress_gooseplus_repeatable;
-- no statements at all
CALL put('base/R_v.sql', '-- +goose Up');
SELECT source, state, statements FROM gooseplus_migrate();
SELECT source, state, statements FROM gooseplus_migrate();

SELECT gooseplus_bundle_drop('regress_repeatable_errors');
DROP SCHEMA regress_repeatable_errors CASCADE;
DROP ROLE regress_gooseplus_repeatable;
