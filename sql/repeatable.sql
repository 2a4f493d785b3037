-- repeatable: migrations without a version run whenever they have changed.
SET client_min_messages = warning;
CREATE SCHEMA regress_repeatable;
SET search_path = regress_repeatable, public;
SET gooseplus.bundle = 'regress_repeatable';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION look() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM trail RETURNING step, id) SELECT string_agg(step, ', ' ORDER BY id) FROM gone;
$$;
-- a migration that says that it runs
CREATE PROCEDURE put(path text, more text DEFAULT '') LANGUAGE sql AS $$
    SELECT gooseplus_bundle_put('regress_repeatable', path, format(E'-- +goose Up\nINSERT INTO trail VALUES (%L);\n%s\n', path, more));
$$;
CREATE FUNCTION states(env text DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', version, split_part(source, '/', 2), state), ', ') FROM gooseplus_status(env, options) $$;

-- which files are
INSERT INTO gooseplus_bundle SELECT 'regress_repeatable', 'names/' || name, E'-- +goose Up\nSELECT 1;'
FROM unnest('{R_.sql,r_x.sql,R_x.SQL,R__x.sql,R-x.sql,Rx.sql,R_ä ö.sql,R_1.sql,1_R_x.sql,R_x.sql.bak,XR_x.sql,R_x.y.sql,R_x}'::text[]) name
WHERE name ~ 'sql$';
SELECT version, source FROM gooseplus_status(NULL, '{"base_environment": "names"}');

-- after the numbered ones, in the order of their names, of all folders
CALL put('base/R_b.sql');
CALL put('base/00002_two.sql');
CALL put('eu/R_a.sql');
CALL put('base/R_C.sql');
CALL put('eu/00003_three.sql');
CALL put('us/R_us.sql');
CALL put('base/00001_one.sql');
SELECT * FROM gooseplus_sources('eu');
SELECT version, source, environment, state, applied_at FROM gooseplus_status('eu');
SELECT * FROM gooseplus_versions('eu');
SELECT version, source, ordinal, line, statement FROM gooseplus_plan('eu') WHERE version IS NULL OR version = 3;
SELECT source, line, state FROM gooseplus_rehearse('eu') WHERE source ~ 'R_|3';
SELECT look();
SELECT version, source, environment, direction, state, statements, rows FROM gooseplus_migrate('eu');
SELECT look();
SELECT event, version, version_row, source, environment, direction, statements, rows, outcome, up || down = body AS same
FROM goose_db_version_history JOIN gooseplus_bundle ON path = source WHERE event <> 'migration' OR version = 3 ORDER BY id;
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT source, state, applied_at BETWEEN localtimestamp - interval '1 min' AND clock_timestamp()::timestamp AS now
FROM gooseplus_status('eu') WHERE version IS NULL;

-- again: only what has changed, and comments are no change
SELECT count(*) FROM gooseplus_migrate('eu');
CALL put('base/R_b.sql', '-- a comment');
SELECT gooseplus_has_pending('eu');
CALL put('base/R_b.sql', 'SELECT 1;');
CALL put('eu/R_new.sql');
SELECT gooseplus_has_pending('eu'), gooseplus_has_pending(), states('eu');
SELECT source, ordinal FROM gooseplus_plan('eu');
SELECT source, line FROM gooseplus_rehearse('eu');
SELECT source FROM gooseplus_migrate('eu');
-- those of an environment only with it
CALL put('eu/R_a.sql', 'SELECT 1;');
SELECT source FROM gooseplus_migrate();
SELECT source FROM gooseplus_migrate('eu,us');
SELECT look();
-- as it was before is a change, too
CALL put('base/R_b.sql');
SELECT source FROM gooseplus_migrate();
-- and one that is gone is nothing
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_repeatable' AND path = 'base/R_b.sql';
SELECT source FROM gooseplus_migrate();
CALL put('base/R_b.sql', 'SELECT 3;');
SELECT source FROM gooseplus_up_to(2);
SELECT look();

-- they go with the last version at hand
CALL put('base/00004_four.sql');
CALL put('base/R_b.sql', 'SELECT 2;');
SELECT source FROM gooseplus_up_to(3);
SELECT source FROM gooseplus_plan(NULL, 3);
SELECT source FROM gooseplus_rehearse(NULL, 3);
SELECT source FROM gooseplus_up_by_one();
SELECT gooseplus_up_by_one();
\echo :LAST_ERROR_SQLSTATE
SELECT source FROM gooseplus_plan(NULL, 4);
SELECT source, line FROM gooseplus_rehearse(NULL, 5);
SELECT source FROM gooseplus_up_to(4);
-- down and redo have nothing to do with them
CALL put('base/R_b.sql', 'SELECT 4;');
SELECT source, direction FROM gooseplus_redo('eu');
SELECT source, direction FROM gooseplus_down('eu');
SELECT source, direction FROM gooseplus_apply_version(4, 'up');
SELECT states();
SELECT look();

-- what is left out
SELECT states(NULL, '{"exclude_names": "R_b.sql"}'), gooseplus_has_pending(NULL, '{"exclude_names": "R_b.sql"}');
SELECT source FROM gooseplus_migrate(NULL, '{"exclude_names": ["R_b.sql"]}');
-- without a history nobody knows
SELECT source FROM gooseplus_migrate(NULL, '{"history": false}');
SELECT gooseplus_has_pending(NULL, '{"history": false}');
-- without versions all of them run
SELECT source FROM gooseplus_migrate(NULL, '{"versioning": false}');
SELECT gooseplus_has_pending(NULL, '{"versioning": false}');
SELECT source FROM gooseplus_migrate();
SELECT look();
-- the checksum is asked for, whatever the setting makes of others
CALL put('base/R_b.sql', 'SELECT 5;');
SELECT source FROM gooseplus_migrate(NULL, '{"checksum": "off"}');
CALL put('base/R_b.sql', 'SELECT 6;');
SELECT source FROM gooseplus_migrate(NULL, '{"checksum": "error"}');
SELECT look();

SELECT gooseplus_bundle_drop('regress_repeatable');
DROP SCHEMA regress_repeatable CASCADE;
