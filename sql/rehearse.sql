-- rehearse: what is pending is run and undone, and each statement reported.
SET client_min_messages = warning;
CREATE SCHEMA regress_rehearse;
SET search_path = regress_rehearse, public;
SET gooseplus.bundle = 'regress_rehearse';
CREATE TABLE orders (id int PRIMARY KEY, n int, note varchar(20));
INSERT INTO orders SELECT i, i, 'note ' || i FROM generate_series(1, 1000) i;
CREATE INDEX orders_note ON orders (note);
CREATE TABLE items (id int, order_id int);
INSERT INTO items VALUES (1, 1);
CREATE TABLE gone (id int);
CREATE MATERIALIZED VIEW sums AS SELECT sum(id) FROM items;
CREATE SEQUENCE given;

-- what a row says, without what differs from server to server: times, sizes,
-- and the names of TOAST tables
CREATE FUNCTION brief(locks jsonb) RETURNS text LANGUAGE sql AS $$
SELECT string_agg((l->>'relation') || ' ' || replace(l->>'mode', 'Lock', ''), ', ' ORDER BY l->>'relation', l->>'mode')
FROM jsonb_array_elements(locks) l WHERE l->>'relation' !~ '^pg_toast'
$$;
CREATE FUNCTION brief(words text) RETURNS text LANGUAGE sql AS $$
SELECT regexp_replace(regexp_replace(words, '[0-9.]+ (us|ms|s)\M', 'N s', 'g'), '[0-9]+ (bytes|kB|MB)', 'N bytes', 'g')
$$;
CREATE FUNCTION rehearse(env text = NULL, version bigint = NULL, options jsonb = '{}',
    OUT file text, OUT line int, OUT statement text, OUT state text, OUT rows bigint, OUT locks text,
    OUT rewrites text[], OUT indexes text[], OUT danger text, OUT error text)
RETURNS SETOF record LANGUAGE sql AS $$
SELECT substr(source, 8, 3), line, left(statement, 40), state, rows, brief(locks), rewrites, indexes,
    brief(danger), split_part(error, E'\n', 1) FROM gooseplus_rehearse(env, version, options)
$$;

INSERT INTO gooseplus_bundle VALUES
('regress_rehearse', 'base/00001_rewrite.sql', '-- +goose Up
-- n grows
ALTER TABLE orders
    ALTER COLUMN n TYPE bigint;
UPDATE orders SET n = n + 1 WHERE id <= 10;
SELECT nextval(''given'');
-- +goose Down
SELECT 1;'),
('regress_rehearse', 'base/00002_index.sql', '-- +goose Up
CREATE INDEX orders_n ON orders (n);
ALTER TABLE orders ADD COLUMN done boolean;
ALTER TABLE orders ALTER COLUMN note TYPE varchar(40);
REINDEX INDEX orders_note;'),
('regress_rehearse', 'base/00003_more.sql', '-- +goose Up
ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders;
REFRESH MATERIALIZED VIEW sums;
TRUNCATE items;
DROP TABLE gone;
CREATE TABLE fresh (id int PRIMARY KEY);
ALTER TABLE fresh ADD COLUMN n int;'),
('regress_rehearse', 'base/00004_weak.sql', '-- +goose Up
INSERT INTO items VALUES (2, NULL);
SELECT count(*) FROM orders;'),
('regress_rehearse', 'base/00005_empty.sql', '-- +goose Up');

SELECT file, line, statement, state, rows FROM rehearse();
SELECT file, line, locks FROM rehearse() WHERE locks <> '';
SELECT file, line, rewrites, ARRAY(SELECT unnest(indexes) ORDER BY 1) AS indexes FROM rehearse()
WHERE rewrites || indexes <> '{}';
SELECT file, danger FROM rehearse() WHERE danger IS NOT NULL;
SELECT count(*), bool_and(duration >= '0'), bool_or(wal_bytes > 10000), bool_and(environment = 'base')
FROM gooseplus_rehearse();
-- a lock is held from its statement to the end of the migration
SELECT bool_and(held >= statement AND held <= migration) AS held FROM
    (SELECT (l->>'held_ms')::numeric AS held, extract(milliseconds FROM r.duration) AS statement,
        extract(milliseconds FROM sum(r.duration) FILTER (WHERE line IS NULL) OVER (PARTITION BY source)) + 1 AS migration, line
     FROM gooseplus_rehearse() r, jsonb_array_elements(locks) l) t WHERE line IS NOT NULL;

-- everything is as it was, but for the sequence
SELECT relname FROM pg_class WHERE relnamespace = 'regress_rehearse'::regnamespace ORDER BY 1;
SELECT sum(n), pg_typeof(sum(n)), count(*) FROM orders;
SELECT count(*) FROM items;
SELECT nextval('given');

-- up to a version; the version table is not used
SELECT file, state FROM rehearse(NULL, 1) WHERE line IS NULL;
SELECT version, state FROM gooseplus_up_to(1);
SELECT version_id, id - min(id) OVER () AS id FROM goose_db_version ORDER BY id;
SELECT count(*) FROM goose_db_version_history;
SELECT file, state FROM rehearse() WHERE line IS NULL;
SELECT version, state FROM gooseplus_up_to(4);
-- its sequence has given nothing to the rehearsals
SELECT version_id, id - min(id) OVER () AS id FROM goose_db_version ORDER BY id;
SET client_min_messages = notice;
SELECT file FROM rehearse();
SET client_min_messages = warning;
SELECT version FROM gooseplus_up_to(5);
SET client_min_messages = notice;
SELECT file FROM rehearse();
SET client_min_messages = warning;

-- what the caller's transaction did before stays, and it can go on
BEGIN;
INSERT INTO items VALUES (3, 3);
SELECT gooseplus_bundle_put('regress_rehearse', 'base/00006_items.sql', E'-- +goose Up\nDELETE FROM items;');
SELECT line, rows FROM rehearse();
SELECT count(*) FROM items;
COMMIT;

SELECT gooseplus_bundle_drop('regress_rehearse');
DROP SCHEMA regress_rehearse CASCADE;
