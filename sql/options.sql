-- options: each acts as its setting for one call, and nothing stays changed.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_options'
SET client_min_messages = warning;
CREATE SCHEMA regress_options;
SET search_path = regress_options, public;
LOAD 'gooseplus';
-- the settings there are, with their defaults, and who may set them
SELECT name, setting, unit, vartype, context FROM pg_settings
WHERE name LIKE 'gooseplus.%' ORDER BY name;
CREATE TEMP TABLE before AS SELECT name, setting, source FROM pg_settings;

CREATE TABLE seen (region text);
SELECT gooseplus_has_pending(NULL, jsonb_build_object('directory', :'directory'));
SELECT path FROM gooseplus_sources('other',
    jsonb_build_object('directory', :'directory', 'base_environment', 'other'));
SET gooseplus.directory = :'directory';
UPDATE before SET setting = :'directory', source = 'session' WHERE name = 'gooseplus.directory';

-- several at once, of every type
SELECT version, state FROM gooseplus_migrate('other', '{
    "timeout": "10s", "migration_timeout": 2000, "lock": "off", "lock_id": 17,
    "lock_table": true, "allow_out_of_order": true, "on_error": "return",
    "drop_concurrently": "always", "verbose": false, "server_environment": false,
    "version_table": "regress_options.versions", "variables": {"REGION": "eu"},
    "history": true, "notify_channel": "regress_options", "rollback_on_failure": false,
    "ddl_lock_timeout": "2s", "ddl_lock_retries": 3}');
TABLE seen;
SELECT version_id FROM versions ORDER BY id;
SELECT status FROM versions_lock;
SELECT event, version, outcome FROM versions_history ORDER BY id;
SELECT to_regclass('goose_db_version');

-- variables as an object, and as its text
SELECT state FROM gooseplus_migrate('other', '{"base_environment": "other", "variables": "{\"REGION\": 7}"}');
SELECT region FROM seen;

-- options win over settings, and only for their call
SET gooseplus.version_table = 'versions';
SELECT gooseplus_db_version(), gooseplus_db_version('{"version_table": "nothing"}');
RESET gooseplus.version_table;

-- without a history
SELECT state FROM gooseplus_migrate('other', '{"base_environment": "other", "history": false, "version_table": "second"}');
SELECT relname FROM pg_class WHERE relname ~ '^second' AND relkind = 'r';

-- nothing stayed changed, after errors neither
SELECT gooseplus_migrate(NULL, '{"timeout": "1s", "lock_id": "x"}');
SELECT gooseplus_migrate('other', '{"timeout": "1s", "version_table": "third", "base_environment": "base"}');
SELECT name, setting, source FROM pg_settings
EXCEPT SELECT * FROM before;

-- a role that is no superuser: what it may set, and what it may not
CREATE ROLE regress_gooseplus_options;
GRANT USAGE ON SCHEMA regress_options TO regress_gooseplus_options;
GRANT EXECUTE ON FUNCTION gooseplus_db_version(jsonb) TO regress_gooseplus_options;
SET ROLE regress_gooseplus_options;
SELECT gooseplus_db_version('{"timeout": "1s", "version_table": "nothing", "variables": {}}');
SELECT gooseplus_db_version('{"directory": "/etc"}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_db_version('{"server_environment": true}');
\echo :LAST_ERROR_SQLSTATE
SET gooseplus.directory = '/etc';
\echo :LAST_ERROR_SQLSTATE
-- not by a name that is no option, neither
\set VERBOSITY terse
SELECT gooseplus_db_version('{"search_path": "x"}');
SET gooseplus.tiemout = 1;
\set VERBOSITY default
RESET ROLE;
DROP SCHEMA regress_options CASCADE;
REVOKE EXECUTE ON FUNCTION gooseplus_db_version(jsonb) FROM regress_gooseplus_options;
DROP ROLE regress_gooseplus_options;
