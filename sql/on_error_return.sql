-- on_error_return: a failed run is undone and reported in its rows.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_on_error'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_on_error;
SET search_path = regress_on_error, public;

CREATE TEMP TABLE result AS SELECT * FROM gooseplus_migrate(NULL, '{"on_error": "return"}');
SELECT version, source, environment, direction, state, statements, rows, duration >= '0' AS timed
FROM result;
SELECT error FROM result WHERE error IS NOT NULL;
SELECT to_regclass('good') AS good, to_regclass('goose_db_version') AS versions;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- as a setting, inside of a transaction, which goes on
SET gooseplus.on_error = 'return';
BEGIN;
CREATE TABLE mine ();
SELECT version, state, statements, rows, error IS NULL AS fine FROM gooseplus_migrate();
COMMIT;
SELECT to_regclass('mine') AS mine, to_regclass('good') AS good;

-- what is wrong before the first migration runs is in the row of its file
TRUNCATE result;
INSERT INTO result SELECT * FROM gooseplus_migrate('broken');
SELECT version, source, environment, direction, state, statements, rows FROM result;
SELECT version, error FROM result WHERE error IS NOT NULL;

-- a call that cannot begin is an error all the same
BEGIN READ ONLY;
SELECT * FROM gooseplus_migrate();
ROLLBACK;
SELECT * FROM gooseplus_migrate('no/name');

-- a good run has the same rows as ever
SELECT version, state, error FROM gooseplus_migrate(NULL, '{"base_environment": "good"}');
-- the default is to raise
RESET gooseplus.on_error;
SELECT version FROM gooseplus_migrate(NULL, '{"allow_out_of_order": true}');

DROP SCHEMA regress_on_error CASCADE;
