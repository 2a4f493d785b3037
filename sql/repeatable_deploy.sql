-- repeatable_deploy: deploys run migrations without a version, too, and take them back.
SET client_min_messages = warning;
CREATE SCHEMA regress_repeatable_deploy;
SET search_path = regress_repeatable_deploy, public;
SET gooseplus.bundle = 'regress_repeatable_deploy';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
-- a migration that says what it does; and what the history says since the last look
CREATE PROCEDURE put(path text, step text, up text DEFAULT '', down boolean DEFAULT true, head text DEFAULT '') LANGUAGE sql AS $$
    SELECT gooseplus_bundle_put('regress_repeatable_deploy', 'base/' || path || '.sql',
        concat(head, E'-- +goose Up\n', format(E'INSERT INTO trail VALUES (%L);\n', step), up,
            CASE WHEN down THEN E'\n-- +goose Down\n' || format(E'INSERT INTO trail VALUES (%L);\n', 'not ' || step) END));
$$;
CREATE FUNCTION pending() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(substr(source, 6), ', ') FROM gooseplus_status() WHERE state = 'pending' $$;

CALL put('00001_one', 'one');
CALL put('00002_two', 'two');
CALL put('R_a', 'a');
CALL put('R_b', 'b', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS trail_step ON trail (step);', head => E'-- +goose NO TRANSACTION\n');
-- only with the last version at hand
CALL gooseplus_deploy(version => 1);
SELECT look(), pending();
-- what the history says of the last run
CREATE VIEW told AS SELECT event, version AS v, substr(source, 6) AS source, direction AS way, outcome, statements AS n, sqlstate
FROM goose_db_version_history WHERE run = (SELECT run FROM goose_db_version_history ORDER BY id DESC LIMIT 1) ORDER BY id;
CALL gooseplus_deploy(version => 2);
SELECT look(), pending();
TABLE told;
CALL gooseplus_deploy();
SELECT look();
TABLE told;
CALL put('R_a', 'a again');
CALL gooseplus_deploy(version => 1);
SELECT pending();
CALL gooseplus_deploy(version => 99);
SELECT look();
-- a revert has nothing to do with them
CALL put('R_a', 'a third time');
CALL gooseplus_revert(1);
SELECT look(), pending();
CALL gooseplus_deploy();
SELECT look(), pending();

-- a failure: what has been run before gets its earlier text, and what is new its Down part
CALL put('00003_three', 'three');
CALL put('R_a', 'a of this time', down => false);
CALL put('R_new', 'new');
CALL put('R_z', 'z', 'SELECT 1 / 0;');
CALL gooseplus_deploy();
SELECT look(), pending();
TABLE told;
SELECT gooseplus_db_version();
SELECT direction, count(*), count(DISTINCT checksum) FROM goose_db_version_history WHERE source ~ 'R_a' GROUP BY 1;
-- what the return has run is the last word
CALL put('R_z', 'z', 'SELECT 1;');
CALL put('R_a', 'a third time');
SELECT pending();
CALL gooseplus_deploy();
SELECT look(), pending();

-- neither: the return stops there
CALL put('R_a', 'a for the last time');
CALL put('R_none', 'none', down => false);
CALL put('R_none2', 'none2');
CALL put('R_zz', 'zz', 'SELECT 1 / 0;');
CALL gooseplus_deploy();
SELECT look(), pending();
TABLE told;
-- the text that the history has not kept, or that fails
CALL put('R_a', 'a and a');
UPDATE goose_db_version_history SET up = NULL WHERE source ~ 'R_a';
CALL gooseplus_deploy();
SELECT look(), pending();
CALL put('R_a', 'a and b');
UPDATE goose_db_version_history SET up = E'-- +goose Up\nSELECT nonsense;\n' WHERE source ~ 'R_a';
CALL gooseplus_deploy();
SELECT look(), pending();
-- or that others may have written
CALL put('R_a', 'a and c');
CREATE ROLE regress_gooseplus_repeatable;
GRANT INSERT ON goose_db_version_history TO regress_gooseplus_repeatable;
CALL gooseplus_deploy();
DROP OWNED BY regress_gooseplus_repeatable;
DROP ROLE regress_gooseplus_repeatable;
SELECT look(), pending();
-- a return that is not wanted
CALL put('R_a', 'a stays');
CALL gooseplus_deploy(options => '{"rollback_on_failure": false}');
SELECT look(), pending();

-- half done: taken back by its earlier text
CALL put('R_b', 'b again', 'SELECT 1 / 0;', head => E'-- +goose NO TRANSACTION\n');
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_repeatable_deploy' AND path ~ 'R_zz';
CALL gooseplus_deploy();
SELECT look(), pending();
TABLE told;
-- or it stays, and all of it runs again
CALL gooseplus_deploy(options => '{"rollback_on_failure": false}');
SELECT look(), pending();
TABLE told;
-- with the file as it was, too
CALL put('R_b', 'b', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS trail_step ON trail (step);', head => E'-- +goose NO TRANSACTION\n');
SELECT pending();
CALL gooseplus_deploy();
SELECT look(), pending();
CALL put('00004_four', 'four');
CALL put('R_b', 'b once more', 'SELECT 1;', head => E'-- +goose NO TRANSACTION\n');
CALL gooseplus_deploy();
SELECT look(), pending();
-- new ones by their Down part
CALL put('R_half', 'half', 'SELECT 1 / 0;', head => E'-- +goose NO TRANSACTION\n');
CALL gooseplus_deploy();
SELECT look(), pending();
TABLE told;
CALL put('R_half', 'half', 'SELECT 1 / 0;', false, E'-- +goose NO TRANSACTION\n');
CALL gooseplus_deploy();
SELECT look(), pending();
-- a run of one transaction can go on, too: it is run from its beginning
CALL put('R_half', 'half', 'SELECT 1;');
SELECT source, state, statements FROM gooseplus_migrate();
SELECT look(), pending();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_repeatable_deploy';
DROP SCHEMA regress_repeatable_deploy CASCADE;
