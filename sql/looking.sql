-- looking: status, versions, pending, sources and validate change nothing.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_looking'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_looking;
SET search_path = regress_looking, public;

-- before the first run: all pending, and no version table appears
SELECT * FROM gooseplus_status();
SELECT gooseplus_db_version(), gooseplus_has_pending(), gooseplus_has_pending('late');
SELECT * FROM gooseplus_versions();
SELECT * FROM gooseplus_versions('late');
SELECT type, path, environment, version FROM gooseplus_sources('late');
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_looking'::regnamespace;

-- after it: the time is the version table's
SELECT version FROM gooseplus_migrate();
UPDATE goose_db_version SET tstamp = timestamp '2024-02-29 12:00:00' + version_id * interval '1 day';
SELECT * FROM gooseplus_status('late');
SELECT gooseplus_db_version(), gooseplus_has_pending(), gooseplus_has_pending('late');
SELECT * FROM gooseplus_versions('late');

-- recorded, and no file; recorded twice: the last time counts
INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES
    (2, true, '2024-03-02 12:00:00'), (99, true, '2024-06-07 12:00:00'),
    (3, true, '2024-07-01 12:00:00');
SELECT * FROM gooseplus_status();
SELECT gooseplus_db_version(), gooseplus_has_pending();
SELECT * FROM gooseplus_versions();
-- as tables in a larger query
SELECT s.version, s.state, x.path
FROM gooseplus_status() AS s LEFT JOIN gooseplus_sources() AS x USING (version)
WHERE s.applied_at > '2024-03-03' ORDER BY 1;

-- a folder without files, and a database without rows
SELECT * FROM gooseplus_versions(NULL, '{"base_environment": "", "version_table": "nothing"}');
SELECT count(*) FROM gooseplus_status(NULL, '{"base_environment": "", "version_table": "nothing"}');

-- what is wrong, applied or not, up and down; no row where nothing is
SELECT * FROM gooseplus_validate();
SELECT * FROM gooseplus_validate('broken');
SELECT * FROM gooseplus_validate('warnings');
-- broken files do not keep others from looking
SELECT version, state FROM gooseplus_status('broken') WHERE version BETWEEN 5 AND 9;
SELECT path FROM gooseplus_sources('broken,warnings') WHERE version > 5;

DROP SCHEMA regress_looking CASCADE;
