-- deferred: constraints are checked at the end of their own migration.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_deferred'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_deferred;
SET search_path = regress_deferred, public;

-- the order of rows is free within a migration; the next can alter the tables
SELECT source, state FROM gooseplus_migrate('good');
TABLE child;
DROP TABLE child, parent, goose_db_version;

-- constraints that a later migration makes are deferred as well
SELECT source, state FROM gooseplus_migrate('later');
DROP TABLE IF EXISTS child, parent, thing, owner, goose_db_version;

-- a violation has its file, although a later one would have mended it
SELECT gooseplus_migrate('violated');
\echo :LAST_ERROR_SQLSTATE
SELECT error ~ 'end of migration violated/00002_violated.sql' AS placed, state, source
FROM gooseplus_migrate('violated', '{"on_error": "return"}');
-- a constraint trigger, too
SELECT gooseplus_migrate('trigger');

-- within one migration the server's own rule holds: under goose as well
SELECT gooseplus_migrate('pending');
\echo :LAST_ERROR_SQLSTATE

-- SET CONSTRAINTS ends with its migration
SELECT gooseplus_migrate('set');
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('child');

-- in the caller's transaction: afterwards each constraint is as it is defined
BEGIN;
SELECT state FROM gooseplus_migrate();
INSERT INTO child VALUES (8, 8, NULL);
INSERT INTO parent VALUES (8);
SAVEPOINT before;
INSERT INTO child VALUES (9, NULL, 9);
ROLLBACK TO before;
CREATE TABLE fresh (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
INSERT INTO fresh VALUES (10);
INSERT INTO parent VALUES (10);
COMMIT;
TABLE child;
TABLE fresh;

DROP SCHEMA regress_deferred CASCADE;
