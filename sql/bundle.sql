-- bundle: migrations kept in the database.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_bundle'
SET gooseplus.directory = '/nowhere';
SET client_min_messages = warning;
CREATE SCHEMA regress_bundle;
SET search_path = regress_bundle, public;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION look(OUT ran text, OUT recorded text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT string_agg(step, ', ' ORDER BY id) INTO ran FROM trail;
    DELETE FROM trail;
    SELECT string_agg(version_id::text, ' ' ORDER BY id) INTO recorded FROM goose_db_version;
END;
$$;
CREATE FUNCTION attempt(call text, OUT state text, OUT message text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call INTO message;
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END;
$$;

-- load: all SQL files of the directory and its folders, byte for byte
SELECT gooseplus_bundle_load('app', :'directory');
SELECT path, length(body) FROM gooseplus_bundle_files('app');
SELECT bool_and(body = pg_read_file(:'directory' || '/' || path)) FROM gooseplus_bundle_files('app');
-- again: a snapshot, so that what is not there goes
SELECT gooseplus_bundle_put('app', 'base/00099_gone.sql', '-- +goose Up');
SELECT gooseplus_bundle_put('app', 'base/00001_first.sql', 'changed');
SELECT gooseplus_bundle_put('other', 'base/00099_stays.sql', '-- +goose Up');
SELECT gooseplus_bundle_load('app', :'directory');
SELECT count(*), bool_and(body = pg_read_file(:'directory' || '/' || path)) FROM gooseplus_bundle_files('app');
SELECT path FROM gooseplus_bundle_files('other');
\set VERBOSITY sqlstate
SELECT gooseplus_bundle_load('app', :'directory' || '/nowhere');
\set VERBOSITY default
SELECT count(*) FROM gooseplus_bundle_files('app');

-- run: as from the directory, environments and all
SELECT type, path, environment, version FROM gooseplus_sources('production', '{"bundle": "app"}');
SELECT version, source, environment, direction, state, statements, rows, error
FROM gooseplus_migrate('production', '{"bundle": "app"}');
SELECT * FROM look();
SELECT version, source, state FROM gooseplus_status('production', '{"bundle": "app"}');
SELECT * FROM gooseplus_versions('production', '{"bundle": "app"}');
SELECT * FROM gooseplus_validate('production', '{"bundle": "app"}');
SELECT version, direction, state FROM gooseplus_reset('production', '{"bundle": "app"}');
SELECT * FROM look();
SELECT version, source, environment, state
FROM gooseplus_migrate(NULL, '{"bundle": "app", "base_environment": "", "version_table": "root_version"}');
SELECT ran FROM look();
-- a folder without files of the bundle
SELECT count(*) FROM gooseplus_sources(NULL, '{"bundle": "app", "base_environment": "common"}');
SELECT version FROM gooseplus_migrate('nowhere', '{"bundle": "app", "version_table": "nowhere_version"}');
SELECT gooseplus_reset('nowhere', '{"bundle": "app", "version_table": "nowhere_version"}');
\echo :LAST_ERROR_SQLSTATE
SELECT ran FROM look();

-- the setting, and a bundle for one call in its place
SET gooseplus.bundle = 'app';
SELECT count(*) FROM gooseplus_migrate('production');
SELECT path FROM gooseplus_sources(NULL, '{"bundle": "other"}');
SELECT * FROM attempt($$ count(*) FROM gooseplus_sources(NULL, '{"bundle": ""}') $$);
RESET gooseplus.bundle;
SELECT * FROM look();

-- put: a new file, and one in the place of another
SELECT gooseplus_bundle_put('app', 'base/00004_fourth.sql', E'-- +goose Up\nINSERT INTO trail VALUES (''first try'');\nSELECT 1 / 0;');
SELECT gooseplus_migrate(NULL, '{"bundle": "app"}');
SELECT gooseplus_bundle_put('app', 'base/00004_fourth.sql', E'-- +goose Up\nINSERT INTO trail VALUES (''second try'');');
SELECT version, state FROM gooseplus_migrate(NULL, '{"bundle": "app"}');
SELECT * FROM look();
SELECT count(*) FROM gooseplus_bundle_files('app') WHERE path = 'base/00004_fourth.sql';
-- the problems of its files have their places
SELECT gooseplus_bundle_put('bad', 'base/00005_fifth.sql', E'-- +goose Up\nSELECT 5;\nSELEC 5;');
SELECT gooseplus_bundle_put('bad', 'base/00006_sixth.sql', E'SELECT 6;');
SELECT gooseplus_bundle_put('bad', 'eu/00006_same.sql', E'-- +goose Up');
SELECT gooseplus_migrate(NULL, '{"bundle": "bad"}');
SELECT * FROM gooseplus_validate(NULL, '{"bundle": "bad"}');
SELECT gooseplus_migrate('eu', '{"bundle": "bad"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM look();

-- what is no path, no bundle, no file
SELECT path, a.* FROM unnest(ARRAY['00001_a.sql', 'a/00001_a.sql', 'a/seed.sql', 'größe/00001_ä.sql',
    'a/b/00001_a.sql', '/00001_a.sql', '/etc/00001_a.sql', '../00001_a.sql', 'a/../00001_a.sql',
    './00001_a.sql', '.a/00001_a.sql', 'a/.sql', '.sql', 'a/', '', 'a.txt', 'a/00001_a.SQL',
    'a/00001_a.sql/', NULL]) AS path,
    attempt(format('gooseplus_bundle_put(%L, %L, %L)', 'paths', path, '')) AS a;
SELECT call, a.* FROM string_to_table($$gooseplus_bundle_put('', 'a.sql', '')
gooseplus_bundle_put(NULL, 'a.sql', '')
gooseplus_bundle_put('paths', 'a.sql', NULL)
gooseplus_bundle_load(NULL, '/nowhere')
count(*) FROM gooseplus_bundle_files('none')
gooseplus_bundle_drop('none')
count(*) FROM gooseplus_migrate(NULL, '{"bundle": "none"}')
count(*) FROM gooseplus_status(NULL, '{"bundle": "none"}')
count(*) FROM gooseplus_validate(NULL, '{"bundle": "none"}')
gooseplus_create('a name', options => '{"bundle": "app"}')
count(*) FROM gooseplus_fix(options => '{"bundle": "app"}')$$, E'\n') AS call, attempt(call) AS a;

-- drop
SELECT gooseplus_bundle_drop('paths'), gooseplus_bundle_drop('bad'), gooseplus_bundle_drop('other');
SELECT gooseplus_bundle_drop('bad');
SELECT count(*) FROM gooseplus_bundle_files('app');

-- nothing for PUBLIC: neither the functions nor the table
CREATE ROLE regress_gooseplus_bundle;
GRANT USAGE, CREATE ON SCHEMA regress_bundle TO regress_gooseplus_bundle;
GRANT SELECT ON trail TO regress_gooseplus_bundle;
CREATE VIEW calls AS SELECT n, call FROM string_to_table($$gooseplus_bundle_put('mine', '00001_a.sql', '-- +goose Up')
gooseplus_bundle_load('mine', '/nowhere')
count(*) FROM gooseplus_bundle_files('app')
gooseplus_bundle_drop('app')
count(*) FROM gooseplus_bundle
count(*) FROM gooseplus_status(NULL, '{"bundle": "app", "version_table": "role_version"}')
count(*) FROM gooseplus_migrate(NULL, '{"bundle": "app", "version_table": "role_version"}')$$, E'\n')
WITH ORDINALITY AS t(call, n);
GRANT SELECT ON calls TO regress_gooseplus_bundle;
SET ROLE regress_gooseplus_bundle;
SELECT n, a.* FROM calls, attempt(call) AS a ORDER BY n;
RESET ROLE;
-- the functions alone give no right to the table
GRANT EXECUTE ON FUNCTION gooseplus_bundle_put, gooseplus_bundle_load, gooseplus_bundle_files,
    gooseplus_bundle_drop, gooseplus_status, gooseplus_migrate TO regress_gooseplus_bundle;
SET ROLE regress_gooseplus_bundle;
SELECT n, a.* FROM calls, attempt(call) AS a ORDER BY n;
RESET ROLE;
-- reading is for the runs
GRANT SELECT ON gooseplus_bundle TO regress_gooseplus_bundle;
GRANT INSERT ON trail TO regress_gooseplus_bundle;
SET ROLE regress_gooseplus_bundle;
SELECT n, a.* FROM calls, attempt(call) AS a ORDER BY n;
RESET ROLE;
-- and loading needs the right to read server files, too
GRANT INSERT, UPDATE, DELETE ON gooseplus_bundle TO regress_gooseplus_bundle;
SET ROLE regress_gooseplus_bundle;
SELECT n, a.* FROM calls, attempt(call) AS a WHERE n < 3 ORDER BY n;
RESET ROLE;
GRANT pg_read_server_files TO regress_gooseplus_bundle;
SELECT format('gooseplus_bundle_load(%L, %L)', 'mine', :'directory') AS call \gset
SET ROLE regress_gooseplus_bundle;
SELECT a.* FROM attempt(:'call') AS a;
RESET ROLE;

SELECT gooseplus_bundle_drop('app'), gooseplus_bundle_drop('mine');
SELECT count(*) FROM gooseplus_bundle;
REVOKE ALL ON gooseplus_bundle FROM regress_gooseplus_bundle;
REVOKE ALL ON FUNCTION gooseplus_bundle_put, gooseplus_bundle_load, gooseplus_bundle_files,
    gooseplus_bundle_drop, gooseplus_status, gooseplus_migrate FROM regress_gooseplus_bundle;
DROP SCHEMA regress_bundle CASCADE;
DROP ROLE regress_gooseplus_bundle;
