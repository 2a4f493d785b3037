-- versioning_off: files run in order; nothing is recorded, nothing required.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_versioning_off'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_versioning_off;
SET search_path = regress_versioning_off, public;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION look(OUT ran text, OUT version_table boolean) LANGUAGE plpgsql AS $$
BEGIN
    SELECT string_agg(step, ', ' ORDER BY id) INTO ran FROM trail;
    DELETE FROM trail;
    version_table := to_regclass('goose_db_version') IS NOT NULL;
END;
$$;
SET gooseplus.versioning = off;

-- all of them, each time
SELECT version, source, environment, direction, state, statements, rows, error
FROM gooseplus_migrate('production');
SELECT version, state FROM gooseplus_migrate('production');
SELECT * FROM look();
-- a target means nothing to goose then
SELECT version FROM gooseplus_up_to(1);
SELECT * FROM look();

-- down: the last one; to a version: all, in the order of going up, as goose does
SELECT version, direction, state FROM gooseplus_down('production');
SELECT version, direction, state FROM gooseplus_down_to(1, 'production');
SELECT * FROM look();
SELECT version, direction FROM gooseplus_reset('production');
SELECT version, direction FROM gooseplus_redo('production');
SELECT * FROM look();

-- one version, again and again
SELECT version, direction, state FROM gooseplus_apply_version(2, 'up', 'production');
SELECT version, direction, state FROM gooseplus_apply_version(2, 'up', 'production');
SELECT version, direction, state FROM gooseplus_apply_version(2, 'down', 'production');
SELECT version, direction, state FROM gooseplus_apply_version(2, 'down', 'production');
SELECT gooseplus_apply_version(2, 'up');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM look();

-- what needs the records is refused
SELECT gooseplus_up_by_one();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_baseline(1);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_db_version();
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM look();

-- all are pending, always
SELECT version, state, applied_at FROM gooseplus_status('production');
SELECT gooseplus_has_pending('production');
SELECT target FROM gooseplus_versions('production');

-- still all or nothing, and the error knows no version
SELECT gooseplus_migrate('failing');
SELECT version, state FROM gooseplus_migrate('failing', '{"on_error": "return"}');
SELECT * FROM look();
-- no file, nothing to do
SELECT count(*) FROM gooseplus_down(NULL, '{"exclude_versions": [1, 3]}');
SELECT count(*) FROM gooseplus_migrate(NULL, '{"exclude_versions": [1, 3]}');

-- records that are there are left alone, and their table is not even looked at
SELECT version, state FROM gooseplus_migrate('production', '{"versioning": true}');
SELECT version FROM gooseplus_migrate('production');
SELECT version FROM gooseplus_reset('production');
SELECT version, state, applied_at FROM gooseplus_status('production');
SELECT version_id FROM goose_db_version ORDER BY id;
DROP TABLE goose_db_version;
CREATE TABLE goose_db_version (unusable text);
SELECT count(*) FROM gooseplus_migrate('production');
SELECT count(*) FROM gooseplus_down('production');
SELECT count(*) FROM gooseplus_status('production');
SET gooseplus.version_table = 'regress_no_such_schema.versions';
SELECT count(*) FROM gooseplus_migrate();

RESET gooseplus.version_table;
DROP SCHEMA regress_versioning_off CASCADE;
