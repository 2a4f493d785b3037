-- history: what ran, when, by whom, and how it ended.
SET client_min_messages = warning;
CREATE SCHEMA regress_history;
SET search_path = regress_history, public;
SET gooseplus.bundle = 'regress_history';
INSERT INTO gooseplus_bundle VALUES
('regress_history', 'base/00001_one.sql', '-- +goose Up
CREATE TABLE item AS SELECT generate_series(1, 5) AS id;
UPDATE item SET id = id + 10;
DELETE FROM item WHERE id > 12;
-- +goose Down
DROP TABLE item;'),
('regress_history', 'eu/00002_two.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO item VALUES (1), (2), (3);
CREATE INDEX CONCURRENTLY item_id ON item (id);
-- +goose Down
DROP INDEX CONCURRENTLY item_id;
DELETE FROM item WHERE id < 10;'),
('regress_history', 'base/00003_three.sql', '-- +goose Up'),
('regress_history', 'bad/00004_bad.sql', '-- +goose Up
CREATE TABLE bad ();
DO ''BEGIN
    RAISE ''''not today'''' USING ERRCODE = ''''R0001'''';
END'';');

CALL gooseplus_deploy('eu');
SELECT column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_schema = 'regress_history' AND table_name = 'goose_db_version_history' ORDER BY ordinal_position;
SELECT id, event, version, source, environment, direction, statements, rows, outcome FROM goose_db_version_history ORDER BY id;
-- what holds of each row
CREATE VIEW flaws AS SELECT id, event FROM goose_db_version_history h
WHERE role <> current_user OR ended IS NULL OR started > ended OR ended > clock_timestamp() OR duration < '0' OR duration IS NULL
    OR ended - started < duration - interval '1 s'
    OR run !~ '^[0-9a-f]{16}$' OR (outcome NOT IN ('failed', 'returned') AND num_nonnulls(sqlstate, message, file, line) > 0)
    OR (event = 'migration') <> (checksum IS NOT NULL) OR checksum !~ '^[0-9a-f]{64}$';
TABLE flaws;
SELECT count(*), count(DISTINCT run), count(DISTINCT checksum) FROM goose_db_version_history;

-- a role that is not the session's
CREATE ROLE regress_history_role;
GRANT ALL ON SCHEMA regress_history TO regress_history_role;
GRANT EXECUTE ON PROCEDURE gooseplus_deploy, gooseplus_revert TO regress_history_role;
GRANT SELECT ON gooseplus_bundle TO regress_history_role;
SET ROLE regress_history_role;
CALL gooseplus_revert(2, 'eu');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON goose_db_version, goose_db_version_history TO regress_history_role;
GRANT ALL ON ALL SEQUENCES IN SCHEMA regress_history TO regress_history_role;
SET ROLE regress_history_role;
CALL gooseplus_revert(2, 'eu');
RESET ROLE;
SELECT event, version, direction, outcome, role FROM goose_db_version_history WHERE id > 4 ORDER BY id;
TRUNCATE goose_db_version_history;

-- failures
CALL gooseplus_deploy('eu,bad');
SELECT event, version, source, environment, direction, statements, outcome, sqlstate, message, file, line
FROM goose_db_version_history ORDER BY id;
CALL gooseplus_deploy('eu');
CALL gooseplus_revert(0, 'eu');
TABLE flaws;
SELECT event, version, source, direction, statements, rows, outcome FROM goose_db_version_history ORDER BY id DESC LIMIT 4;

-- off; and it need not be there for looking
DROP VIEW flaws;
DROP TABLE goose_db_version_history;
CALL gooseplus_deploy('eu', options => '{"history": false}');
CALL gooseplus_revert(0, 'eu', '{"history": false}');
SELECT to_regclass('goose_db_version_history');
SELECT count(*) FROM gooseplus_status('eu');
-- with the name of the version table
CALL gooseplus_deploy('eu', options => '{"version_table": "regress_history.\"My Versions\""}');
SELECT count(*) FROM "My Versions_history";
-- a table of that name that is none
CREATE TABLE goose_db_version_history (id int);
CALL gooseplus_deploy('eu');
SELECT version_id FROM goose_db_version;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_history';
DROP SCHEMA regress_history CASCADE;
DROP OWNED BY regress_history_role;
DROP ROLE regress_history_role;
