-- migration_end: cursors and temporary tables end with their migration, as at goose's commit.
SET client_min_messages = warning;
CREATE SCHEMA regress_migration_end;
SET search_path = regress_migration_end, public;
SET gooseplus.bundle = 'regress_migration_end';
SELECT gooseplus_bundle_put('regress_migration_end', 'base/00001_leave.sql', $$-- +goose Up
CREATE TEMP TABLE scratch (id int) ON COMMIT DROP;
CREATE TEMP TABLE "Scratch 2" ON COMMIT DROP AS SELECT 1 AS id;
CREATE TEMP TABLE gone (id int) ON COMMIT DROP;
DROP TABLE gone;
CREATE TEMP TABLE kept (id int);
DECLARE numbers CURSOR FOR SELECT generate_series(1, 3);
DECLARE closed CURSOR FOR SELECT 1;
CLOSE closed;
DECLARE held CURSOR WITH HOLD FOR SELECT 7;
FETCH 1 FROM numbers;
SELECT 1 / count(*) FROM pg_cursors WHERE name IN ('numbers', 'held') HAVING count(*) = 2;
$$);
SELECT gooseplus_bundle_put('regress_migration_end', 'base/00002_look.sql', $$-- +goose Up
CREATE TABLE seen AS
SELECT to_regclass('pg_temp.scratch') AS scratch, to_regclass('pg_temp."Scratch 2"') AS scratch2,
    to_regclass('pg_temp.kept') IS NOT NULL AS kept,
    (SELECT string_agg(name, ' ' ORDER BY name) FROM pg_cursors
     WHERE name IN ('numbers', 'closed', 'held')) AS cursors;
-- the names are free again
CREATE TEMP TABLE scratch (id int) ON COMMIT DROP;
DECLARE numbers CURSOR FOR SELECT 1;
$$);
SELECT version, state FROM gooseplus_migrate();
TABLE seen;
FETCH ALL FROM held;
CLOSE held;
DROP TABLE pg_temp.kept;

SELECT gooseplus_bundle_drop('regress_migration_end');
DROP SCHEMA regress_migration_end CASCADE;
