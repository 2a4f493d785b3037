-- hazards of other commands; names, tables of the same plan, enum types.
SET client_min_messages = warning;
CREATE SCHEMA regress_hazards;
CREATE SCHEMA "Other Schema";
SET search_path = regress_hazards, public;
SET gooseplus.bundle = 'regress_hazards';
CREATE FUNCTION hazards(VARIADIC scripts text[]) RETURNS TABLE (source text, line int, hazard text) LANGUAGE sql AS $$
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_hazards';
SELECT gooseplus_bundle_put('regress_hazards', format('base/0000%s_plan.sql', n), E'-- +goose Up\n' || script)
FROM unnest(scripts) WITH ORDINALITY AS s (script, n);
SELECT source, line, hazard FROM gooseplus_plan() WHERE hazard IS NOT NULL;
$$;
CREATE TABLE t (id int, v text);
CREATE INDEX t_id ON t (id);
CREATE TABLE "Other Schema"."T ""x""" (id int);
CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE INDEX parts_id ON parts (id);
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
CREATE VIEW plain_view AS SELECT 1 AS one;

-- indexes
SELECT line, hazard FROM hazards('CREATE INDEX ON t (v);
CREATE UNIQUE INDEX IF NOT EXISTS x ON ONLY regress_hazards.t (v);
CREATE INDEX ON "Other Schema"."T ""x""" (id);
CREATE INDEX ON mv (one);
CREATE INDEX ON parts (v);
CREATE INDEX ON part_1 (v);
CREATE INDEX ON ONLY parts (v);
CREATE INDEX IF NOT EXISTS t_id ON t (id);
CREATE INDEX ON nothing (v);
DROP INDEX t_id, nothing;
DROP INDEX parts_id;
REINDEX TABLE t;
REINDEX INDEX t_id;
REINDEX TABLE nothing;');
SELECT line, hazard FROM hazards('-- +goose NO TRANSACTION
CREATE INDEX CONCURRENTLY ON t (v);
DROP INDEX CONCURRENTLY t_id;
REINDEX (CONCURRENTLY) TABLE t;
REINDEX (CONCURRENTLY, VERBOSE) SCHEMA regress_hazards;
VACUUM t;
VACUUM (FULL off) t;
ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;');
SELECT line, hazard FROM hazards('-- +goose NO TRANSACTION
REINDEX SCHEMA regress_hazards;
VACUUM (FULL) t, nothing;
VACUUM FULL;');

-- tables as a whole
SELECT line, hazard FROM hazards('CLUSTER t USING t_id;
TRUNCATE t, nothing, part_1;
LOCK TABLE t;
LOCK TABLE t IN SHARE MODE;
LOCK TABLE t IN ROW EXCLUSIVE MODE;
REFRESH MATERIALIZED VIEW mv;
REFRESH MATERIALIZED VIEW CONCURRENTLY mv;
DROP TABLE nothing;
ALTER TABLE t RENAME v TO w;
DELETE FROM t;');
-- foreign keys of partitions, and tables of partitions of partitions
SELECT line, hazard FROM hazards('ALTER TABLE parts ADD FOREIGN KEY (id) REFERENCES t (id);
ALTER TABLE ONLY part_1 ADD FOREIGN KEY (id) REFERENCES t (id);');
SELECT advice FROM gooseplus_plan();

-- what the plan itself creates is empty
SELECT * FROM hazards('CREATE TABLE fresh (id int REFERENCES t);
CREATE INDEX ON fresh (id);
ALTER TABLE fresh ADD COLUMN c float DEFAULT random();
CREATE TABLE copied AS SELECT 1 AS one;
SELECT 1 AS one UNION SELECT 2 INTO selected;
CREATE SCHEMA fresh CREATE TABLE inner_table (id int);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
CREATE TEMP TABLE t (id int);
CREATE INDEX ON t (id);',
'CREATE INDEX ON fresh (id);
CREATE INDEX ON regress_hazards.fresh (id);
CREATE INDEX ON copied (one);
CREATE INDEX ON selected (one);
CREATE INDEX ON fresh.inner_table (id);
CREATE INDEX ON part_2 (id);
CREATE INDEX ON t (id);
CREATE INDEX ON regress_hazards.t (id);');
-- one that another schema hides, one that was there, one that comes again
CREATE TABLE public.regress_hidden (id int);
SELECT * FROM hazards('CREATE INDEX ON regress_hidden (id);
CREATE TABLE regress_hidden (id int);
CREATE INDEX ON regress_hidden (id);
CREATE INDEX ON public.regress_hidden (id);
CREATE TABLE IF NOT EXISTS t (id int);
CREATE INDEX ON t (id);
DROP TABLE t;
CREATE TABLE t (id int);
CREATE INDEX ON t (id);');
DROP TABLE public.regress_hidden;
-- new names for what was there
SELECT * FROM hazards('ALTER TABLE t RENAME TO renamed;
CREATE TABLE t (id int);
ALTER TABLE renamed SET SCHEMA "Other Schema";
CREATE INDEX ON t (id);
CREATE INDEX ON renamed (id);
CREATE INDEX ON "Other Schema".renamed (id);');
-- what is applied is there
SELECT * FROM hazards('CREATE TABLE made (id int);', 'CREATE INDEX ON made (id);');
SELECT state FROM gooseplus_up_to(1);
SELECT * FROM hazards('CREATE TABLE made (id int);', 'CREATE INDEX ON made (id);');
DROP TABLE made, goose_db_version, goose_db_version_history;

-- values of enum types
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE feels (id int, mood mood);
SELECT * FROM hazards($$ALTER TYPE mood ADD VALUE 'glad';
SELECT 'glad'::mood;
SELECT 1 WHERE EXISTS (WITH x AS (SELECT CAST('glad' AS regress_hazards.mood)) SELECT * FROM x);
CREATE TABLE x (m mood DEFAULT 'glad', n mood DEFAULT 'ok', CHECK (m <> mood 'glad'));
ALTER TABLE feels ALTER COLUMN mood SET DEFAULT 'glad';
ALTER TABLE feels ADD COLUMN n mood DEFAULT 'glad';
INSERT INTO feels VALUES (1, 'ok'), (2, 'glad');
INSERT INTO feels (mood) VALUES ('glad');
UPDATE feels SET mood = 'glad' WHERE id = 1;
CREATE VIEW w AS SELECT 'glad'::mood;
CREATE TABLE y AS SELECT 'glad'::mood;
CREATE INDEX CONCURRENTLY ON feels (id) WHERE mood = 'glad'::mood;
SELECT 'sad'::mood, 'glad'::text, 'glad', 'glad'::nothing;$$,
$$SELECT 'glad'::mood;$$);
SELECT DISTINCT hazard, advice FROM gooseplus_plan() WHERE hazard ~ 'glad' ORDER BY 1;
-- each statement its own transaction; a value that is there; one of a new type
SELECT * FROM hazards($$-- +goose NO TRANSACTION
ALTER TYPE mood ADD VALUE 'glad';
SELECT 'glad'::mood;$$);
SELECT * FROM hazards($$ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok';
SELECT 'ok'::mood;
ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';
SELECT 'fine'::mood;
CREATE TYPE fresh AS ENUM ('a');
ALTER TYPE fresh ADD VALUE 'b';
SELECT 'b'::fresh;$$);

DROP SCHEMA regress_hazards, "Other Schema" CASCADE;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_hazards';
