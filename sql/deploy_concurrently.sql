-- deploy_concurrently: what cannot run inside of a transaction runs in place.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_concurrently;
SET search_path = regress_deploy_concurrently, public;
SET gooseplus.bundle = 'regress_deploy_concurrently';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_concurrently', 'base/00001_tables.sql', $$-- +goose Up
CREATE TABLE item (id int PRIMARY KEY, name text, part int);
INSERT INTO item SELECT n, 'item ' || n, n % 7 FROM generate_series(1, 300) n;
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE part2 PARTITION OF parted FOR VALUES IN (2);
CREATE TYPE mood AS ENUM ('sad');
$$),
('regress_deploy_concurrently', 'base/00002_indexes.sql', $$-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY item_name ON item (name);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS item_both ON item (name, part);
CREATE INDEX CONCURRENTLY ON item (part);
REINDEX INDEX CONCURRENTLY item_name;
REINDEX (CONCURRENTLY, VERBOSE off) TABLE item;
REINDEX TABLE CONCURRENTLY item;
DROP INDEX CONCURRENTLY item_both;
DROP INDEX CONCURRENTLY IF EXISTS item_both;
VACUUM item;
VACUUM (ANALYZE, FREEZE) item, part1;
ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY;
CLUSTER item USING item_name;

-- +goose Down
ALTER TABLE parted ATTACH PARTITION part1 FOR VALUES IN (1);
DROP INDEX CONCURRENTLY item_name;
DROP INDEX CONCURRENTLY item_part_idx;
$$),
('regress_deploy_concurrently', 'base/00003_mood.sql', $$-- +goose Up
ALTER TYPE mood ADD VALUE 'happy';
$$),
('regress_deploy_concurrently', 'base/00004_use.sql', $$-- +goose Up
CREATE TABLE felt AS SELECT 'happy'::mood AS mood;
$$),
('regress_deploy_concurrently', 'base/00005_mood.sql', $$-- +goose NO TRANSACTION
-- +goose Up
ALTER TYPE mood ADD VALUE 'glad';
INSERT INTO felt VALUES ('glad');
$$),
('regress_deploy_concurrently', 'base/00006_database.sql', $$-- +goose NO TRANSACTION
-- +goose Up
CREATE DATABASE regress_gooseplus_deploy STRATEGY wal_log;
COMMENT ON DATABASE regress_gooseplus_deploy IS 'made by a migration';
ALTER DATABASE regress_gooseplus_deploy SET work_mem = '5MB';

-- +goose Down
DROP DATABASE regress_gooseplus_deploy WITH (FORCE);
$$);

CALL gooseplus_deploy();
SELECT indexrelid::regclass AS index, indisvalid, indisready FROM pg_index
WHERE indrelid = 'item'::regclass ORDER BY indexrelid::regclass::text;
SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'parted'::regclass;
TABLE felt;
SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'regress_gooseplus_deploy';
SELECT version, outcome, statements, statement, partial, sqlstate FROM goose_db_version_history
WHERE event = 'migration' ORDER BY id;

CALL gooseplus_revert(5);
SELECT count(*) FROM pg_database WHERE datname = 'regress_gooseplus_deploy';
CALL gooseplus_revert(1);
SELECT indexrelid::regclass AS index, indisvalid FROM pg_index
WHERE indrelid = 'item'::regclass ORDER BY indexrelid::regclass::text;
SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'parted'::regclass ORDER BY inhrelid::regclass::text;
SELECT version_id FROM goose_db_version ORDER BY id;

-- in a migration that is a transaction they are refused before anything runs
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_concurrently' AND path !~ '00001';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_concurrently', 'base/00002_good.sql', '-- +goose Up
CREATE TABLE good ();'),
('regress_deploy_concurrently', 'base/00003_bad.sql', '-- +goose Up
CREATE INDEX CONCURRENTLY item_name ON item (name);
REINDEX INDEX item_pkey;
REINDEX (CONCURRENTLY off) TABLE item;
DROP INDEX CONCURRENTLY item_pkey;
VACUUM item;
ANALYZE item;
CREATE DATABASE regress_gooseplus_deploy;
ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY;
ALTER SYSTEM RESET work_mem;'),
('regress_deploy_concurrently', 'base/00004_copy.sql', '-- +goose NO TRANSACTION
-- +goose Up
COPY item TO stdout;');
CALL gooseplus_deploy();
SELECT to_regclass('good'), (SELECT count(*) FROM goose_db_version) AS versions;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_concurrently';
DROP SCHEMA regress_deploy_concurrently CASCADE;
