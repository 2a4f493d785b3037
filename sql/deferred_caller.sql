-- deferred_caller: what the caller has deferred before the run.
SET client_min_messages = warning;
CREATE SCHEMA regress_deferred_caller;
SET search_path = regress_deferred_caller, public;
SET gooseplus.bundle = 'regress_deferred_caller';
SELECT gooseplus_bundle_put('regress_deferred_caller', 'base/00001_item.sql',
    E'-- +goose Up\nINSERT INTO item VALUES (1);');

CREATE TABLE item (id int);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (
    late int CONSTRAINT late REFERENCES parent DEFERRABLE INITIALLY DEFERRED,
    early int CONSTRAINT early REFERENCES parent DEFERRABLE INITIALLY IMMEDIATE);

-- a violation of the caller's is not that of a migration
BEGIN;
INSERT INTO child (late) VALUES (1);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
-- with nothing to run it is the caller's own business
BEGIN;
INSERT INTO child (late) VALUES (1);
SELECT count(*) FROM gooseplus_migrate(NULL, '{"exclude_versions": 1}');
INSERT INTO parent VALUES (1);
COMMIT;

-- SET CONSTRAINTS of the caller stays as it was where nothing waits
BEGIN;
SET CONSTRAINTS early DEFERRED;
SET CONSTRAINTS late IMMEDIATE;
SELECT version, state FROM gooseplus_migrate();
INSERT INTO child (early) VALUES (2);
INSERT INTO parent VALUES (2);
SAVEPOINT before;
INSERT INTO child (late) VALUES (3);
ROLLBACK TO before;
COMMIT;
SELECT late, early FROM child ORDER BY 1, 2;

-- an error of a trigger is raised, once, whatever its SQLSTATE
TRUNCATE goose_db_version, item;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true);
CREATE SEQUENCE calls;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('calls');
    RAISE EXCEPTION SQLSTATE '42704' USING MESSAGE = 'refused by a trigger';
END;
$$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse();
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT last_value, is_called FROM calls;

SELECT gooseplus_bundle_drop('regress_deferred_caller');
DROP SCHEMA regress_deferred_caller CASCADE;
