-- out_of_order: versions below the highest applied, with and without permission.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_out_of_order'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_out_of_order;
SET search_path = regress_out_of_order, public;
CREATE TABLE trail (version int, id int GENERATED ALWAYS AS IDENTITY);

SELECT version, state FROM gooseplus_migrate();

-- refused: with one, with several; nothing of the rest is run
SELECT gooseplus_migrate('one');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_migrate('late');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_has_pending('late');
\echo :LAST_ERROR_SQLSTATE
SELECT version FROM trail ORDER BY id;
-- looking goes on
SELECT version, source, state FROM gooseplus_status('late');
SELECT * FROM gooseplus_versions('late');

-- allowed: the late ones first, in their order, as goose does
SELECT gooseplus_has_pending('late', '{"allow_out_of_order": true}');
SELECT version, source, state FROM gooseplus_migrate('late', '{"allow_out_of_order": true}');
SELECT version FROM trail ORDER BY id;
SELECT version_id FROM goose_db_version ORDER BY id;
-- the version is the highest, not the last
SELECT gooseplus_db_version();
SELECT version, state FROM gooseplus_status('late');

-- done: no permission needed any more
SELECT gooseplus_has_pending('late');
SELECT count(*) FROM gooseplus_migrate('late');

-- the permission is a setting, too
DELETE FROM goose_db_version WHERE version_id = 2;
SELECT gooseplus_has_pending('late');
SET gooseplus.allow_out_of_order = on;
SELECT gooseplus_has_pending('late');
SELECT version, state FROM gooseplus_migrate('late');
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT gooseplus_db_version();

-- a version that is recorded twice, or as not applied, counts as goose counts it
INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true), (4, false);
SELECT gooseplus_has_pending('late');
SELECT version, state FROM gooseplus_status('late');

DROP SCHEMA regress_out_of_order CASCADE;
