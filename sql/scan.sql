-- scan: what a version table can be besides a plain table is read by a query.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_store'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_scan;
SET search_path = regress_scan, public;
SELECT version, state FROM gooseplus_migrate();
\set status 'SELECT version, state, applied_at IS NOT NULL AS timed FROM gooseplus_status();'
:status

-- other types are converted
ALTER TABLE goose_db_version ALTER id DROP IDENTITY, ALTER id TYPE smallint,
    ALTER version_id TYPE numeric, ALTER tstamp TYPE date;
:status
ALTER TABLE goose_db_version ALTER id TYPE integer, ALTER version_id TYPE bigint,
    ALTER tstamp TYPE timestamp;

-- a role sees what policies and rights let it see
CREATE ROLE regress_scan_reader;
GRANT USAGE ON SCHEMA regress_scan TO regress_scan_reader;
GRANT EXECUTE ON FUNCTION gooseplus_status(text, jsonb) TO regress_scan_reader;
SET ROLE regress_scan_reader;
:status
RESET ROLE;
GRANT SELECT (id, version_id, tstamp) ON goose_db_version TO regress_scan_reader;
SET ROLE regress_scan_reader;
:status
RESET ROLE;
GRANT SELECT ON goose_db_version TO regress_scan_reader;
ALTER TABLE goose_db_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY first ON goose_db_version USING (version_id < 2);
SET ROLE regress_scan_reader;
:status
RESET ROLE;
ALTER TABLE goose_db_version DISABLE ROW LEVEL SECURITY;

-- rows of a child count
CREATE TABLE child () INHERITS (goose_db_version);
WITH moved AS (DELETE FROM ONLY goose_db_version WHERE version_id = 2 RETURNING *)
INSERT INTO child SELECT * FROM moved;
:status

REVOKE ALL ON FUNCTION gooseplus_status(text, jsonb) FROM regress_scan_reader;
DROP SCHEMA regress_scan CASCADE;
DROP ROLE regress_scan_reader;
