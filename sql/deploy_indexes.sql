-- deploy_indexes: indexes end valid, whatever fails.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_indexes;
CREATE SCHEMA regress_deploy_indexes2;
SET search_path = regress_deploy_indexes, public;
SET gooseplus.bundle = 'regress_deploy_indexes';
CREATE TABLE item (id int, name text);
INSERT INTO item VALUES (1, 'a'), (1, 'b');
CREATE TABLE "Other" (id int);
INSERT INTO "Other" VALUES (1), (1);
CREATE TABLE regress_deploy_indexes2.item (id int);
CREATE VIEW indexes AS SELECT indexrelid::regclass AS index, indisunique AS uniq, indisvalid AS valid
FROM pg_index WHERE indrelid IN ('item'::regclass, '"Other"'::regclass, 'regress_deploy_indexes2.item'::regclass) ORDER BY indexrelid::regclass::text;
CREATE PROCEDURE put(up text) LANGUAGE sql AS $$
    INSERT INTO gooseplus_bundle VALUES ('regress_deploy_indexes', 'base/00001_index.sql',
        concat(E'-- +goose NO TRANSACTION\n-- +goose Up\n', up))
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
$$;

-- one that fails leaves no invalid index behind; those of others stay
CREATE UNIQUE INDEX CONCURRENTLY others ON item (id);
CREATE INDEX good ON item (name);
CALL put('CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);');
CALL gooseplus_deploy();
TABLE indexes;
-- without a name, and with one in need of quotes
CALL put('CREATE UNIQUE INDEX CONCURRENTLY ON item (id);');
CALL gooseplus_deploy();
CALL put('CREATE UNIQUE INDEX CONCURRENTLY "The ""Id""" ON "Other" (id);');
CALL gooseplus_deploy();
-- in another schema
INSERT INTO regress_deploy_indexes2.item VALUES (1), (1);
CALL put('CREATE UNIQUE INDEX CONCURRENTLY item_id ON regress_deploy_indexes2.item (id);');
CALL gooseplus_deploy();
-- with settings of the file
CALL put('SET search_path = regress_deploy_indexes2;
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);');
CALL gooseplus_deploy(options => '{"rollback_on_failure": "off"}');
TABLE indexes;
-- the failure that is told is the statement's
SELECT outcome, statements, statement, partial, sqlstate, message, line FROM goose_db_version_history
WHERE event = 'migration' ORDER BY id DESC LIMIT 1;
CALL gooseplus_revert(0);
DROP TABLE goose_db_version, goose_db_version_history;

-- REINDEX
CALL put('REINDEX INDEX CONCURRENTLY others;');
CALL gooseplus_deploy();
TABLE indexes;
-- of what others have left, REINDEX TABLE makes no more than a warning
SET client_min_messages = error;
CALL put('REINDEX TABLE CONCURRENTLY item;');
CALL gooseplus_deploy();
SET client_min_messages = warning;
TABLE indexes;
DELETE FROM goose_db_version WHERE version_id = 1;

-- IF NOT EXISTS takes no invalid index for good
CALL put('CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS others ON item (id);');
CALL gooseplus_deploy();
TABLE indexes;
UPDATE item SET id = 2 WHERE name = 'b';
CALL gooseplus_deploy();
TABLE indexes;
-- a valid one is left as it is
DELETE FROM goose_db_version WHERE version_id = 1;
SELECT 'others'::regclass::oid AS before, pg_relation_filenode('others') AS node \gset
CALL gooseplus_deploy();
SELECT 'others'::regclass::oid = :before AND pg_relation_filenode('others') = :node AS same;

-- a migration that ends with an invalid index of its own is an error
DELETE FROM goose_db_version WHERE version_id = 1;
CALL put('CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
CREATE INDEX ON ONLY parted (id);
CREATE INDEX to_be_marked ON item (name);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''to_be_marked''::regclass;
-- +goose Down
DROP TABLE parted;
DROP INDEX to_be_marked;');
CALL gooseplus_deploy();
TABLE indexes;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_indexes';
DROP SCHEMA regress_deploy_indexes, regress_deploy_indexes2 CASCADE;
