-- commands: up to, by one, down, down to, redo, reset and one version.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_commands'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_commands;
SET search_path = regress_commands, public;
CREATE TABLE trail (version int, direction text, id int GENERATED ALWAYS AS IDENTITY);

SELECT version, direction, state FROM gooseplus_up_to(1);
SELECT version, direction, state FROM gooseplus_up_by_one();
SELECT version, direction, state FROM gooseplus_up_to(2);
SELECT version, direction, state FROM gooseplus_up_by_one();
-- nothing is left: an error, as with goose
SELECT gooseplus_up_by_one();
\echo :LAST_ERROR_SQLSTATE

-- down takes the last applied, down to leaves its version, the latest first
SELECT source, direction, state FROM gooseplus_down();
SELECT version, direction, state FROM gooseplus_up_to(9);
SELECT version, direction, state FROM gooseplus_down_to(1);
SELECT array_agg(version_id ORDER BY id) FROM goose_db_version;
SELECT version, state FROM gooseplus_status();
SELECT count(*) FROM gooseplus_down_to(1);
SELECT count(*) FROM gooseplus_down_to(7);
SELECT version, direction, state FROM gooseplus_redo();
SELECT version, state FROM gooseplus_migrate();
SELECT version, direction, state FROM gooseplus_reset();
SELECT array_agg(version_id ORDER BY id) FROM goose_db_version;
SELECT gooseplus_down();
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM gooseplus_reset();

-- down follows the order of application, not that of the versions
TRUNCATE trail;
SELECT version FROM gooseplus_migrate();
SELECT version FROM gooseplus_migrate('extra', '{"allow_out_of_order": true}');
SELECT version, state FROM gooseplus_down('extra');
SELECT version, state FROM gooseplus_apply_version(3, 'up', 'extra');
SELECT version, state, statements FROM gooseplus_reset('extra');
SELECT array_agg(version || ' ' || direction ORDER BY id) FROM trail;

-- one version
SELECT version, direction, state FROM gooseplus_apply_version(2, 'up');
SELECT gooseplus_apply_version(2, 'up');
\echo :LAST_ERROR_SQLSTATE
SELECT version, direction, state FROM gooseplus_apply_version(2, 'down');
SELECT gooseplus_apply_version(2, 'down');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_apply_version(2, 'sideways');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_apply_version(7, 'up');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_up_to(0);
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down_to(-1);
\echo :LAST_ERROR_SQLSTATE

-- a failing down undoes the whole call; a version without file stops it before
SELECT version, state FROM gooseplus_migrate('bad');
SELECT gooseplus_reset('bad');
\echo :LAST_ERROR_SQLSTATE
SELECT array_agg(version_id ORDER BY id) FROM goose_db_version;
SELECT gooseplus_reset();
\echo :LAST_ERROR_SQLSTATE
-- going down a missing folder is an error, not a warning
\set VERBOSITY sqlstate
SELECT gooseplus_reset('bad,nowhere');
\set VERBOSITY default
SELECT array_agg(version_id ORDER BY id) FROM goose_db_version;

DROP SCHEMA regress_commands CASCADE;
