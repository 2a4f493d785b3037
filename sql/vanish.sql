-- vanish: a table that has just been created, and whose schema has been given
-- another name meanwhile.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_store'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_vanish;
CREATE FUNCTION public.regress_vanish() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    ALTER SCHEMA regress_vanish RENAME TO regress_vanished;
    CREATE SCHEMA regress_vanish;
END $$;
CREATE EVENT TRIGGER regress_vanish ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
    EXECUTE FUNCTION public.regress_vanish();
SELECT gooseplus_migrate(NULL, '{"version_table": "regress_vanish.goose_db_version"}');
-- the history's
ALTER EVENT TRIGGER regress_vanish DISABLE;
SELECT count(*) FROM gooseplus_up_to(1, NULL, '{"version_table": "regress_vanish.goose_db_version", "history": "off"}');
ALTER EVENT TRIGGER regress_vanish ENABLE;
SELECT gooseplus_migrate(NULL, '{"version_table": "regress_vanish.goose_db_version"}');
DROP EVENT TRIGGER regress_vanish;
DROP FUNCTION public.regress_vanish();
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'regress_vanish%';
DROP SCHEMA regress_vanish CASCADE;
DROP TABLE one;
