-- revert: CALL gooseplus_revert takes migrations back, each committed by itself.
SET client_min_messages = warning;
CREATE SCHEMA regress_revert;
SET search_path = regress_revert, public;
SET gooseplus.bundle = 'regress_revert';
-- files change here all the time
SET gooseplus.checksum = off;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY, xact xid8 DEFAULT pg_current_xact_id(), versions text);
CREATE VIEW steps AS SELECT step, versions, count(*) OVER (PARTITION BY xact) AS together FROM trail ORDER BY id;
INSERT INTO gooseplus_bundle
SELECT 'regress_revert', env || format('/0000%s_%s.sql', version, env), concat(head, E'\n-- +goose Up\n-- +goose Down\n', down)
FROM (VALUES ('base', 1, '', 'one'), ('base', 2, '-- +goose NO TRANSACTION', 'two'), ('eu', 3, '', 'three'),
    ('base', 4, '', 'four'), ('base', 5, '-- +goose NO TRANSACTION', 'five')) AS v (env, version, head, step),
    LATERAL (SELECT repeat(format($$INSERT INTO trail (step, versions) SELECT %L, string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version;
$$, step), 2) AS down) AS d;
CALL gooseplus_deploy('eu');

-- latest first; NO TRANSACTION statement by statement; the version row goes last
CALL gooseplus_revert(2, 'eu');
TABLE steps;
SELECT version_id FROM goose_db_version ORDER BY id;
CALL gooseplus_revert(2, 'eu');
SELECT version, environment, direction, outcome, statements, rows FROM goose_db_version_history
WHERE direction = 'down' ORDER BY id;
-- the files must be there
CALL gooseplus_deploy('eu');
CALL gooseplus_revert(0);
SELECT version_id FROM goose_db_version ORDER BY id;
-- the order is that in which they were applied
TRUNCATE trail;
CALL gooseplus_revert(2, 'eu');
DELETE FROM goose_db_version WHERE version_id = 1;
CALL gooseplus_deploy('eu', 1, '{"allow_out_of_order": true}');
CALL gooseplus_deploy('eu', 4);
TRUNCATE trail;
CALL gooseplus_revert(0, 'eu');
SELECT DISTINCT ON (step) * FROM steps ORDER BY step, versions;
SELECT step FROM trail GROUP BY step ORDER BY min(id);

-- a Down part that fails stops there; nothing is applied again
CALL gooseplus_deploy('eu');
TRUNCATE trail;
UPDATE gooseplus_bundle SET body = body || 'SELECT 1 / 0;' WHERE bundle = 'regress_revert' AND path ~ '3_eu';
CALL gooseplus_revert(0, 'eu');
TABLE steps;
SELECT version_id FROM goose_db_version ORDER BY id;
-- by half
UPDATE gooseplus_bundle SET body = replace(body, 'SELECT 1 / 0;', '') WHERE bundle = 'regress_revert' AND path ~ '3_eu';
UPDATE gooseplus_bundle SET body = body || 'SELECT 1 / count(*) FROM mended;
INSERT INTO trail VALUES (''rest'');' WHERE bundle = 'regress_revert' AND path ~ '2_base';
TRUNCATE trail;
CALL gooseplus_revert(0, 'eu');
TABLE steps;
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT version, direction, outcome, statements, statement, sqlstate, line FROM goose_db_version_history ORDER BY id DESC LIMIT 4;
-- which is not forgotten: others are refused until it is taken back whole
SELECT gooseplus_down();
SELECT gooseplus_migrate();
CALL gooseplus_deploy();
CREATE TABLE mended AS SELECT 1;
TRUNCATE trail;
CALL gooseplus_revert(0, 'eu');
TABLE steps;
SELECT version_id FROM goose_db_version ORDER BY id;
SELECT version, direction, outcome, statements, statement, sqlstate, line FROM goose_db_version_history ORDER BY id DESC LIMIT 3;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_revert';
DROP SCHEMA regress_revert CASCADE;
