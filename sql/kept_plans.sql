-- kept_plans: plans of our own queries are kept for a run, but not when a
-- migration has changed what they know.
SET client_min_messages = warning;
CREATE SCHEMA regress_kept;
SET search_path = regress_kept, public;
SET gooseplus.bundle = 'regress_kept';
CREATE FUNCTION put(version int, body text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    SELECT gooseplus_bundle_put('regress_kept', format('base/0000%s_m.sql', version),
                                       E'-- +goose Up\n' || body);
END;

-- the version table gets columns, a trigger, and loses an index
SELECT put(1, 'SELECT 1;');
SELECT put(2, 'SELECT 2;');
SELECT put(3, $$ALTER TABLE goose_db_version ADD COLUMN note text DEFAULT 'third';$$);
SELECT put(4, $$ALTER TABLE goose_db_version ALTER COLUMN note SET DEFAULT 'fourth';$$);
SELECT put(5, $$ALTER TABLE goose_db_version DROP CONSTRAINT goose_db_version_pkey;$$);
SELECT put(6, $$
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''by '' || TG_TABLE_NAME; RETURN NEW; END';
CREATE TRIGGER mark BEFORE INSERT ON goose_db_version FOR EACH ROW EXECUTE FUNCTION mark();
ALTER TABLE goose_db_version_history ADD COLUMN note text DEFAULT 'history';
$$);
SELECT put(7, 'SELECT 7;');
SELECT version, state FROM gooseplus_migrate();
SELECT version_id, note FROM goose_db_version ORDER BY id;
SELECT event, version, outcome, note FROM goose_db_version_history ORDER BY id;

-- another table that takes its name, and a schema that does
SELECT put(8, 'SELECT 8;');
SELECT put(9, $$ALTER TABLE goose_db_version RENAME TO kept;
CREATE TABLE goose_db_version (LIKE kept INCLUDING ALL);$$);
\set VERBOSITY terse
SELECT version, state FROM gooseplus_migrate();
SELECT put(9, $$ALTER SCHEMA regress_kept RENAME TO regress_moved;
CREATE SCHEMA regress_kept;$$);
SELECT version, state FROM gooseplus_migrate();
SELECT version_id FROM goose_db_version ORDER BY id;

-- a run that is undone, and the next one in the same transaction
SELECT put(8, 'SELECT 8;');
SELECT put(9, 'SELECT 1 / 0;');
DROP TABLE goose_db_version, goose_db_version_history;
BEGIN;
SELECT version, state FROM gooseplus_migrate(NULL, '{"on_error": "return", "exclude_versions": [3, 4, 5, 6]}');
SELECT put(9, 'SELECT 9;');
SELECT version, state FROM gooseplus_migrate(NULL, '{"exclude_versions": [3, 4, 5, 6]}');
COMMIT;
SELECT version_id FROM goose_db_version ORDER BY id;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_kept';
DROP SCHEMA regress_kept CASCADE;
