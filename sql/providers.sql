-- providers: two sets of options in one session, call by call.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_providers'
SET client_min_messages = warning;
CREATE SCHEMA regress_providers;
CREATE SCHEMA regress_providers_audit;
SET search_path = regress_providers, public;
-- who ran, and which advisory locks its transaction held
CREATE TABLE trail (step text, locks text, id int GENERATED ALWAYS AS IDENTITY);
SELECT jsonb_build_object('directory', :'directory' || '/shop',
           'version_table', 'shop_version', 'lock_id', 1001) AS shop,
       jsonb_build_object('directory', :'directory' || '/audit',
           'version_table', 'regress_providers_audit.audit_version', 'lock_id', -4503599627370497) AS audit \gset

SELECT version, state FROM gooseplus_up_by_one(NULL, :'shop');
SELECT gooseplus_db_version(:'shop') AS shop, gooseplus_db_version(:'audit') AS audit;
SELECT to_regclass('regress_providers_audit.audit_version');
SELECT version, state FROM gooseplus_up_to(2, NULL, :'audit');
SELECT version, state FROM gooseplus_migrate(NULL, :'shop');
SELECT gooseplus_db_version(:'shop') AS shop, gooseplus_db_version(:'audit') AS audit;
SELECT gooseplus_has_pending(NULL, :'shop') AS shop, gooseplus_has_pending(NULL, :'audit') AS audit;
SELECT version, state FROM gooseplus_down(NULL, :'audit');
SELECT version, state FROM gooseplus_status(NULL, :'shop');
SELECT version, state FROM gooseplus_status(NULL, :'audit');
SELECT version, direction FROM gooseplus_redo(NULL, :'shop');
SELECT version, state FROM gooseplus_migrate(NULL, :'audit');
SELECT step, locks FROM trail ORDER BY id;
SELECT version_id FROM shop_version ORDER BY id;
SELECT version_id FROM regress_providers_audit.audit_version ORDER BY id;

-- in one query, and in one transaction
SELECT s.version, s.direction AS shop, a.direction AS audit
FROM gooseplus_reset(NULL, :'shop') s JOIN gooseplus_reset(NULL, :'audit') a USING (version)
ORDER BY version;
BEGIN;
SELECT count(*) FROM gooseplus_migrate(NULL, :'shop');
SELECT count(*) FROM gooseplus_migrate(NULL, :'audit');
ROLLBACK;
SELECT gooseplus_db_version(:'shop') AS shop, gooseplus_db_version(:'audit') AS audit;

-- a failing call leaves the other's work, and nothing of its options behind
SELECT count(*) FROM gooseplus_migrate(NULL, :'shop');
\set VERBOSITY sqlstate
SELECT gooseplus_up_to(0, NULL, :'audit');
SELECT gooseplus_apply_version(9, 'up', NULL, :'audit');
\set VERBOSITY default
SELECT gooseplus_db_version(:'shop') AS shop, gooseplus_db_version(:'audit') AS audit;
SELECT current_setting('gooseplus.version_table') AS version_table,
       current_setting('gooseplus.lock_id') AS lock_id;
SELECT to_regclass('goose_db_version');

DROP SCHEMA regress_providers, regress_providers_audit CASCADE;
