-- deploy_deferred: what is deferred is checked by the commit of its migration.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_deferred;
SET search_path = regress_deploy_deferred, public;
SET gooseplus.bundle = 'regress_deploy_deferred';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_deferred', 'base/00001_tables.sql', '-- +goose Up
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
-- +goose Down
DROP TABLE child, parent;'),
('regress_deploy_deferred', 'base/00002_good.sql', '-- +goose Up
INSERT INTO child VALUES (1);
INSERT INTO parent VALUES (1);
-- +goose Down
DELETE FROM child;
DELETE FROM parent;'),
-- with checks still pending the server would refuse this one
('regress_deploy_deferred', 'base/00003_alter.sql', '-- +goose Up
ALTER TABLE child ADD COLUMN name text;
-- +goose Down
ALTER TABLE child DROP COLUMN name;'),
('regress_deploy_deferred', 'bad/00004_bad.sql', '-- +goose Up
CREATE TABLE made ();
INSERT INTO child VALUES (7);
SELECT 1;'),
('regress_deploy_deferred', 'plain/00004_plain.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO parent VALUES (2);
INSERT INTO child VALUES (7);
INSERT INTO parent VALUES (7);
-- +goose Down
DELETE FROM parent WHERE id = 2;'),
('regress_deploy_deferred', 'block/00004_block.sql', '-- +goose NO TRANSACTION
-- +goose Up
BEGIN;
INSERT INTO child VALUES (7);
INSERT INTO parent VALUES (7);
COMMIT;
BEGIN;
INSERT INTO child VALUES (8);
COMMIT;
-- +goose Down
DELETE FROM child WHERE id > 1;
DELETE FROM parent WHERE id > 1;');

-- at the end of a migration: undone, as all before it
CALL gooseplus_deploy('bad');
SELECT version_id FROM goose_db_version;
SELECT to_regclass('child'), to_regclass('made');
SELECT version, direction, outcome, statements, sqlstate, file, line FROM goose_db_version_history
WHERE event = 'migration' AND id > 4 ORDER BY id;
-- at the end of a statement, and of a block of the file
CALL gooseplus_deploy();
CALL gooseplus_deploy('plain');
CALL gooseplus_deploy('block');
TABLE child;
TABLE parent;
SELECT version, direction, outcome, statements, sqlstate, line FROM goose_db_version_history
WHERE event = 'migration' AND version = 4 AND id > 9 ORDER BY id;

-- a trigger that fails in the commit, and one that does its work there
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO parent VALUES (new.id + 100); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON parent DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (new.id < 100) EXECUTE FUNCTION late();
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_deferred', 'late/00005_late.sql', '-- +goose Up
INSERT INTO parent VALUES (50);');
CALL gooseplus_deploy('late');
SELECT * FROM parent ORDER BY id;
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_deferred', 'late/00006_late.sql', '-- +goose Up
DELETE FROM parent WHERE id = 50;
INSERT INTO parent VALUES (50);');
CALL gooseplus_deploy('late');
SELECT * FROM parent ORDER BY id;
SELECT version_id FROM goose_db_version ORDER BY id;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_deferred';
DROP SCHEMA regress_deploy_deferred CASCADE;
