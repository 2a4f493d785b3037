-- migration_end_more: at its end a migration takes back what is its own, and nothing else.
SET client_min_messages = warning;
CREATE SCHEMA regress_migration_end_more;
SET search_path = regress_migration_end_more, public;
SET gooseplus.bundle = 'regress_migration_end_more';
CREATE ROLE regress_gooseplus_end;
GRANT EXECUTE ON FUNCTION gooseplus_migrate TO regress_gooseplus_end;

-- a temporary table of the caller's is not the migration's, whatever it says
CREATE TEMP TABLE mine AS SELECT 1 AS id;
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00001_tables.sql', $$-- +goose Up
CREATE TEMP TABLE IF NOT EXISTS mine (id int) ON COMMIT DROP;
CREATE TEMP TABLE IF NOT EXISTS mine ON COMMIT DROP AS SELECT 2 AS id;
CREATE TEMP TABLE IF NOT EXISTS its_own (id int) ON COMMIT DROP;
CREATE TEMP TABLE renamed (id int) ON COMMIT DROP;
ALTER TABLE renamed RENAME TO "New name";
CREATE TABLE "renamed" AS SELECT 3 AS id;
$$);
SELECT version, state FROM gooseplus_migrate();
TABLE mine;
TABLE renamed;
SELECT to_regclass('pg_temp.its_own'), to_regclass('pg_temp."New name"');
DROP TABLE mine;

-- what depends on a table goes with it, and a role is no obstacle
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00002_view.sql', $$-- +goose Up
CREATE TEMP TABLE below (id int) ON COMMIT DROP;
CREATE TEMP VIEW above AS SELECT id FROM below;
CREATE TEMP TABLE of_the_owner (id int) ON COMMIT DROP;
SET ROLE regress_gooseplus_end;
$$);
SELECT version, state FROM gooseplus_migrate();
SELECT current_user = session_user AS same_user, to_regclass('pg_temp.below') AS below,
    to_regclass('pg_temp.above') AS above, to_regclass('pg_temp.of_the_owner') AS of_the_owner;

-- a cursor is what its last declaration says
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00003_cursors.sql', $$-- +goose Up
DECLARE stays CURSOR FOR SELECT 1;
CLOSE stays;
DECLARE stays CURSOR WITH HOLD FOR SELECT 2 AS id;
DECLARE goes CURSOR WITH HOLD FOR SELECT 3;
CLOSE goes;
DECLARE goes CURSOR FOR SELECT 4;
$$);
BEGIN;
SELECT version, state FROM gooseplus_migrate();
SELECT name FROM pg_cursors WHERE name IN ('stays', 'goes');
COMMIT;
FETCH ALL FROM stays;
CLOSE stays;

-- a violation is reported at its migration, though its role may not see the table
CREATE SCHEMA regress_migration_end_closed;
SET search_path = regress_migration_end_more, regress_migration_end_closed, public;
CREATE TABLE regress_migration_end_closed.parent (id int PRIMARY KEY);
CREATE TABLE regress_migration_end_closed.child (id int CONSTRAINT late
    REFERENCES regress_migration_end_closed.parent DEFERRABLE INITIALLY DEFERRED);
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00004_closed.sql', $$-- +goose Up
INSERT INTO child VALUES (1);
SET ROLE regress_gooseplus_end;
$$);
-- under goose it is too late for this
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00005_mend.sql', $$-- +goose Up
INSERT INTO parent VALUES (1);
$$);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT source, state FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT gooseplus_bundle_put('regress_migration_end_more', 'base/00004_closed.sql', $$-- +goose Up
INSERT INTO child VALUES (2);
INSERT INTO parent VALUES (2);
SET ROLE regress_gooseplus_end;
$$);
SELECT version, state FROM gooseplus_migrate();
TABLE child;

-- a version with two rows is taken back, and both rows go
INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true), (5, true);
SELECT version, direction FROM gooseplus_reset();
SELECT version_id FROM goose_db_version;
SELECT gooseplus_db_version();

SELECT gooseplus_bundle_drop('regress_migration_end_more');
DROP SCHEMA regress_migration_end_closed CASCADE;
DROP SCHEMA regress_migration_end_more CASCADE;
REVOKE EXECUTE ON FUNCTION gooseplus_migrate FROM regress_gooseplus_end;
DROP ROLE regress_gooseplus_end;
