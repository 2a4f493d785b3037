-- store: any relation with goose's columns keeps the versions.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_store'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_store;
SET search_path = regress_store, public;

-- a schema of its own, names in mixed case and with blanks
CREATE SCHEMA "regress Store";
SELECT version, state FROM gooseplus_migrate(NULL, '{"version_table": "\"regress Store\".\"The \"\"Versions\"\"\""}');
SELECT version_id FROM "regress Store"."The ""Versions""" ORDER BY id;
SELECT version, state FROM gooseplus_status(NULL, '{"version_table": "\"regress Store\".\"The \"\"Versions\"\"\""}');
DROP TABLE one, two;
-- without quotes letters are folded, as SQL does it
SELECT state FROM gooseplus_migrate(NULL, '{"version_table": "Regress_Store.Versions"}');
SELECT gooseplus_db_version('{"version_table": "versions"}') AS folded,
       gooseplus_db_version('{"version_table": "\"Versions\""}') AS quoted;
DROP TABLE one, two, versions;
-- the first schema of the search_path, if it names none, and only that
SET search_path = "regress Store", regress_store, public;
SELECT gooseplus_db_version();
SELECT state FROM gooseplus_migrate();
SET search_path = regress_store, "regress Store", public;
SELECT gooseplus_db_version();
SELECT to_regclass('"regress Store".goose_db_version');
DROP SCHEMA "regress Store" CASCADE;

-- a table as older versions of goose made it, with more columns
CREATE TABLE goose_db_version (
    note text DEFAULT 'by goose',
    id serial PRIMARY KEY,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp DEFAULT now()
);
INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true);
SELECT version, state FROM gooseplus_migrate();
SELECT id, version_id, is_applied, tstamp IS NOT NULL AS timed, note FROM goose_db_version ORDER BY id;
DROP TABLE one, two;

-- a view that the server writes through
ALTER TABLE goose_db_version RENAME TO kept;
DELETE FROM kept WHERE version_id > 0;
CREATE VIEW goose_db_version AS SELECT id, version_id, is_applied, tstamp FROM kept;
SELECT version, state FROM gooseplus_migrate();
SELECT version_id, is_applied FROM kept ORDER BY id;
SELECT version, state FROM gooseplus_status('more');
DROP TABLE one, two;
DROP VIEW goose_db_version;

-- a store of one's own: a view with INSTEAD OF triggers
CREATE TABLE release (number bigint, app text, at timestamptz DEFAULT now(),
    seq int GENERATED ALWAYS AS IDENTITY);
INSERT INTO release VALUES (0, 'shop'), (0, 'blog'), (1, 'blog');
CREATE VIEW goose_db_version AS
SELECT seq AS id, number AS version_id, true AS is_applied, at::timestamp AS tstamp
FROM release WHERE app = 'shop';
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO release VALUES (NEW.version_id, 'shop');
    RETURN NEW;
END;
$$;
CREATE TRIGGER keep INSTEAD OF INSERT ON goose_db_version FOR EACH ROW EXECUTE FUNCTION keep();
SELECT version, state FROM gooseplus_migrate();
SELECT number, app FROM release ORDER BY seq;
SELECT version, state FROM gooseplus_migrate('more');
SELECT gooseplus_db_version();
SELECT version, state, applied_at IS NOT NULL AS timed FROM gooseplus_status('more');
-- a store that cannot be written stops the run
DROP TRIGGER keep ON goose_db_version;
DELETE FROM release WHERE app = 'shop' AND number > 0;
DROP TABLE one, two, three;
\set VERBOSITY sqlstate
SELECT gooseplus_migrate();
\set VERBOSITY default
SELECT to_regclass('one');

DROP SCHEMA regress_store CASCADE;
