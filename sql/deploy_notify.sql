-- deploy_notify: who listens on notify_channel hears of each migration and of the run.
\getenv builddir PG_ABS_BUILDDIR
\set heard :builddir '/results/deploy_notify.heard'
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_notify;
SET search_path = regress_deploy_notify, public;
SET gooseplus.bundle = 'regress_deploy_notify';
SET gooseplus.notify_channel = 'Regress "Deploys"';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_notify', 'base/00001_one.sql', '-- +goose Up
CREATE TABLE item AS SELECT generate_series(1, 5) AS id;
-- +goose Down
DROP TABLE item;'),
('regress_deploy_notify', 'base/00002_two.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO item VALUES (1), (2), (3);
SELECT 1;'),
('regress_deploy_notify', 'bad/00003_bad.sql', E'-- +goose NO TRANSACTION
-- +goose Up
SELECT 1;
SELECT 1 / 0 AS "a \\ b";
-- +goose Down
SELECT 3;'),
('regress_deploy_notify', 'long/00003_long.sql', '-- +goose Up
DO $$ BEGIN RAISE ''%'', repeat(''ä"'', 5000); END $$;');

-- psql prints what it hears where results go
LISTEN "Regress ""Deploys""";
\o :heard
CALL gooseplus_deploy();
CALL gooseplus_deploy();
CALL gooseplus_deploy('bad');
\set VERBOSITY sqlstate
CALL gooseplus_deploy('long');
\set VERBOSITY default
SELECT gooseplus_down();
BEGIN;
SELECT gooseplus_down();
ROLLBACK;
SELECT gooseplus_migrate('bad');
CALL gooseplus_deploy(options => '{"notify_channel": "another"}');
CALL gooseplus_revert(0, options => '{"notify_channel": ""}');
\o
\set heard `cat :'heard'`
CREATE TABLE heard AS SELECT n, substring(line FROM 'notification "(.*)" with payload') AS channel,
    substring(line FROM 'with payload "(.*)" received from server process')::jsonb AS payload
FROM string_to_table(:'heard', E'\n') WITH ORDINALITY AS t(line, n) WHERE line ~ '^Asynchronous';
SELECT dense_rank() OVER (ORDER BY first) AS run, event, function, source, environment, direction, version, outcome, sqlstate
FROM heard, jsonb_to_record(payload) AS (run text, event text, function text, source text, environment text,
    direction text, version bigint, outcome text, sqlstate text),
    LATERAL (SELECT min(n) AS first FROM heard h WHERE h.payload ->> 'run' = run) AS f
ORDER BY n;
SELECT DISTINCT channel FROM heard;
SELECT DISTINCT payload ->> 'event' AS event, payload ->> 'outcome' AS outcome,
    (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_object_keys(payload) AS key) AS keys
FROM heard ORDER BY 1, 2;
SELECT payload -> 'statements' AS statements, payload -> 'rows' AS rows FROM heard
WHERE payload ->> 'outcome' IN ('applied', 'done') ORDER BY n LIMIT 3;
-- a long message is cut
SELECT DISTINCT payload ->> 'sqlstate' AS sqlstate, left(payload ->> 'message', 20) AS message,
    length(payload ->> 'message') BETWEEN 100 AND 5000 AS cut
FROM heard WHERE payload ? 'message';

UNLISTEN *;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_notify';
DROP SCHEMA regress_deploy_notify CASCADE;
