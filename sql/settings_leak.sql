-- settings_leak: what a migration sets ends with it.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_leak'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
LOAD 'gooseplus';
CREATE SCHEMA regress_leak;
CREATE SCHEMA regress_leak_other;
CREATE ROLE regress_gooseplus_leak;
SET search_path = regress_leak, public;
SET application_name = 'regress_leak';
SET work_mem = '4MB';
SET TIME ZONE 'UTC';
SET regress_leak.custom = 'own';

CREATE TABLE before AS SELECT name, setting, source FROM pg_settings;
SELECT version, state FROM gooseplus_migrate();

-- in the migration that came next
SELECT * FROM seen ORDER BY version, what COLLATE "C";
-- in the caller's session
SELECT name, setting, source FROM pg_settings EXCEPT TABLE before;
SHOW regress_leak.custom;
SELECT current_user = session_user AS same_user, current_user <> 'regress_gooseplus_leak' AS own_user;
-- the version table is where the caller looks, not where a migration does
SELECT to_regclass('regress_leak.goose_db_version') AS here,
       to_regclass('regress_leak_other.goose_db_version') AS there,
       to_regclass('regress_leak_other.elsewhere') AS elsewhere;
SELECT version_id FROM goose_db_version ORDER BY id;

-- after a failure, and after one that is returned
SELECT gooseplus_migrate('failing');
SELECT version, state FROM gooseplus_migrate('failing', '{"on_error": "return"}');
SELECT name, setting, source FROM pg_settings EXCEPT TABLE before;
SELECT current_user = session_user AS same_user;

-- SET LOCAL of the caller's transaction stays as it is
BEGIN;
SET LOCAL work_mem = '5MB';
SELECT version, state FROM gooseplus_migrate('failing', '{"on_error": "return"}');
SHOW work_mem;
COMMIT;
SHOW work_mem;

DROP TABLE IF EXISTS public.default_path;
DROP SCHEMA regress_leak, regress_leak_other CASCADE;
DROP ROLE regress_gooseplus_leak;
