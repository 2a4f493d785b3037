-- environments: the base folder and those asked for, merged into one sequence.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_environments'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_environments;
SET search_path = regress_environments, public;

-- base only
SELECT type, path, environment, version FROM gooseplus_sources();
SELECT path FROM gooseplus_sources(NULL);
-- one name, several, blanks around them, names twice, the base by name
SELECT path FROM gooseplus_sources('eu');
SELECT path, environment FROM gooseplus_sources('production,eu');
SELECT path FROM gooseplus_sources(E' eu ,\tproduction, base,eu ');
-- blanks and letters of any language within a name
SELECT path, environment FROM gooseplus_sources('two words,größe');
-- a folder without migrations is fine
SELECT path FROM gooseplus_sources('nothing');
-- one that is not there is a warning, and letters are not folded
-- (the warning has the path of the directory, which differs)
\set VERBOSITY sqlstate
SELECT path FROM gooseplus_sources('nowhere, Eu');
SET gooseplus.base_environment = 'nowhere';
SELECT path FROM gooseplus_sources('production');
SELECT gooseplus_has_pending(), gooseplus_db_version();
RESET gooseplus.base_environment;
\set VERBOSITY default

-- another base, and none: then the root itself is the base
SET gooseplus.base_environment = 'eu';
SELECT path FROM gooseplus_sources('production');
SET gooseplus.base_environment = '';
SELECT path, environment FROM gooseplus_sources();
SELECT path, environment FROM gooseplus_sources('eu');
RESET gooseplus.base_environment;

-- the run is in the order of the versions, whatever the order of the names
CREATE TABLE trail (version int, id int GENERATED ALWAYS AS IDENTITY);
SELECT version, source, environment, state FROM gooseplus_migrate('production,eu');
SELECT version FROM trail ORDER BY id;
SELECT version_id FROM goose_db_version ORDER BY id;
-- what another environment recorded is missing here, and no reason to stop
SELECT version, source, state FROM gooseplus_status();
SELECT version, source, environment, state FROM gooseplus_migrate('größe');

-- what is not a file has a version, and cannot be run
SELECT version, state FROM gooseplus_status('special') WHERE state = 'pending';
\set VERBOSITY sqlstate
SELECT gooseplus_migrate('special');
\set VERBOSITY default

DROP SCHEMA regress_environments CASCADE;
