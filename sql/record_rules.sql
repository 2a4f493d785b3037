-- record_rules: rules and triggers that keep a version from being recorded.
SET client_min_messages = warning;
CREATE SCHEMA regress_record_rules;
SET search_path = regress_record_rules, public;
SET gooseplus.bundle = 'regress_record_rules';
SELECT gooseplus_bundle_put('regress_record_rules', 'base/00001_one.sql',
    E'-- +goose Up\nCREATE TABLE one (id int);\n-- +goose Down\nDROP TABLE one;');
-- makes the version table
SELECT state FROM gooseplus_migrate();
SELECT state FROM gooseplus_reset();

-- rules
CREATE RULE nothing AS ON INSERT TO goose_db_version DO INSTEAD NOTHING;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('one');
CREATE OR REPLACE RULE nothing AS ON INSERT TO goose_db_version DO INSTEAD SELECT 1;
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
DROP RULE nothing ON goose_db_version;

-- a trigger that drops the row
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER drop_row BEFORE INSERT ON goose_db_version FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT to_regclass('one'), gooseplus_db_version();
DROP TRIGGER drop_row ON goose_db_version;

-- going down, too
SELECT state FROM gooseplus_migrate();
CREATE RULE nothing AS ON DELETE TO goose_db_version DO INSTEAD NOTHING;
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
DROP RULE nothing ON goose_db_version;
CREATE TRIGGER drop_row BEFORE DELETE ON goose_db_version FOR EACH ROW EXECUTE FUNCTION drop_row();
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('one'), gooseplus_db_version();

SELECT gooseplus_bundle_drop('regress_record_rules');
DROP SCHEMA regress_record_rules CASCADE;
