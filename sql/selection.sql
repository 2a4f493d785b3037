-- selection: bundles, exclusions, and runs that record nothing.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_selection'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_selection;
SET search_path = regress_selection, public;
CREATE TABLE trail (what text, id int GENERATED ALWAYS AS IDENTITY);

-- left out by name or version, as a list or an array
SELECT path FROM gooseplus_sources('seed', '{"exclude_names": "00002_two.sql", "exclude_versions": [3]}');
SELECT path FROM gooseplus_sources(NULL, '{"exclude_names": ["00001_one.sql", "00003_three.sql"]}');
SELECT path FROM gooseplus_sources(NULL, '{"exclude_versions": "1, 2"}');
SELECT version FROM gooseplus_status(NULL, '{"exclude_versions": 2}');
SELECT gooseplus_sources(NULL, '{"exclude_versions": "two"}');
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM gooseplus_migrate(NULL, '{"exclude_versions": [2]}');
-- it comes later, out of order
SELECT version, state FROM gooseplus_migrate(NULL, '{"allow_out_of_order": true}');
SELECT what FROM trail ORDER BY id;

-- nothing recorded: runs each time, and needs no version table
DROP TABLE goose_db_version;
TRUNCATE trail;
SELECT version, state FROM gooseplus_migrate('seed', '{"base_environment": "seed", "versioning": false}');
SELECT version, state FROM gooseplus_migrate('seed', '{"base_environment": "seed", "versioning": false}');
SELECT what FROM trail ORDER BY id;
SELECT to_regclass('goose_db_version');
SELECT gooseplus_up_by_one(NULL, '{"versioning": false}');
\echo :LAST_ERROR_SQLSTATE

-- a bundle is a snapshot of a directory, or put together file by file
SELECT gooseplus_bundle_load('regress_snapshot', current_setting('gooseplus.directory'));
SELECT path FROM gooseplus_bundle_files('regress_snapshot');
SELECT gooseplus_bundle_put('regress_own', 'base/00001_own.sql', E'-- +goose Up\nINSERT INTO trail VALUES (''first'');');
SELECT gooseplus_bundle_put('regress_own', 'base/00001_own.sql', E'-- +goose Up\nINSERT INTO trail VALUES (''own'');');
SELECT gooseplus_bundle_put('regress_own', 'base/README.sql', 'no number');
SELECT gooseplus_bundle_put('regress_own', 'eu/00002_eu.sql', E'-- +goose Up\nINSERT INTO trail VALUES (''eu'');\nSELECT 1 / 0;');
TRUNCATE trail;
SELECT version, source, environment, state FROM gooseplus_migrate('seed', '{"bundle": "regress_snapshot"}');
SELECT what FROM trail ORDER BY id;
SELECT type, path, version FROM gooseplus_sources(NULL, '{"bundle": "regress_snapshot", "base_environment": ""}');
DROP TABLE goose_db_version;
TRUNCATE trail;
SET gooseplus.bundle = 'regress_own';
SELECT version, source, state FROM gooseplus_migrate();
SELECT what FROM trail ORDER BY id;
-- places and problems as in files
SELECT gooseplus_migrate('eu');
SELECT version, state FROM gooseplus_status('nowhere');
SELECT gooseplus_status(NULL, '{"bundle": "regress_none"}');
\echo :LAST_ERROR_SQLSTATE
-- a path is one folder and a name
\set VERBOSITY sqlstate
SELECT gooseplus_bundle_put('regress_own', '../00001_own.sql', '');
SELECT gooseplus_bundle_put('regress_own', 'a/b/00001_own.sql', '');
SELECT gooseplus_bundle_put('', '00001_own.sql', '');
\set VERBOSITY default
RESET gooseplus.bundle;
SELECT gooseplus_bundle_drop('regress_own'), gooseplus_bundle_drop('regress_snapshot'),
       gooseplus_bundle_drop('regress_none');
SELECT count(*) FROM gooseplus_bundle_files('regress_own');

DROP SCHEMA regress_selection CASCADE;
