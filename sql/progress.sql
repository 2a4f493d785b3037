-- progress: the runs on this server, read by nobody who was not given that.
SET client_min_messages = warning;
CREATE SCHEMA regress_progress;
SET search_path = regress_progress, public;

SELECT attname AS column, format_type(atttypid, NULL) AS type
FROM pg_attribute WHERE attrelid = 'gooseplus_progress'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) FROM gooseplus_progress WHERE database = current_database();

-- a run sees itself: no run shows before it, between two, or after it
CREATE TABLE seen AS SELECT 'before' AS at, p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
SET gooseplus.bundle = 'regress_progress';
INSERT INTO gooseplus_bundle VALUES
('regress_progress', 'base/00001_see.sql', '-- +goose Up
SELECT 1;
INSERT INTO seen SELECT ''one'', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
-- +goose Down
SELECT 1;'),
('regress_progress', E'o\'d "d/00002_a statement 3.sql', '-- +goose Up
-- a transaction keeps what it has seen of pg_stat_activity
SELECT pg_stat_clear_snapshot();
INSERT INTO seen SELECT ''two'', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
-- +goose Down
INSERT INTO seen SELECT ''down'', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();');
SELECT count(*) FROM gooseplus_migrate('o''d "d');
INSERT INTO seen SELECT 'after', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
CALL gooseplus_revert(0, 'o''d "d');
INSERT INTO seen SELECT 'after', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
CALL gooseplus_deploy('o''d "d');
INSERT INTO seen SELECT 'after', p.* FROM gooseplus_progress p WHERE pid = pg_backend_pid();
SELECT at, database = current_database() AS here, role = session_user AS mine, phase, migration, migrations,
    environment, source, statement, waiting_for, elapsed BETWEEN '0' AND clock_timestamp() - started AS elapsed
FROM seen ORDER BY started, migration;
-- the migrations of one call have begun at one time
SELECT count(*), count(DISTINCT started) FROM seen;

-- the number of the statement in each of them, and after something else was shown
TRUNCATE seen;
SELECT gooseplus_bundle_drop('regress_progress');
INSERT INTO gooseplus_bundle
SELECT 'regress_progress', format('base/0000%s_many.sql', n), '-- +goose Up' || string_agg(CASE i
    WHEN 7 THEN E'\nSET track_activities = off;'
    WHEN 8 THEN E'\nSET track_activities = on;'
    ELSE format(E'\nINSERT INTO seen SELECT %L, p.* FROM pg_stat_clear_snapshot(), gooseplus_progress p WHERE pid = pg_backend_pid();', i)
    END, '' ORDER BY i)
FROM generate_series(1, 2) AS n, generate_series(1, 12) AS i GROUP BY n;
SELECT count(*) FROM gooseplus_migrate('base', '{"version_table": "many_version"}');
SELECT migration, migrations, source, array_agg(at::int ORDER BY at::int) AS at, array_agg(statement ORDER BY at::int) AS statements
FROM seen GROUP BY 1, 2, 3 ORDER BY 1;

-- it needs nothing but what is in pg_catalog
SELECT count(*) > 0 AS depends, count(*) FILTER (WHERE refobjid >= 16384 AND refobjid <> ev_class) AS elsewhere
FROM pg_depend JOIN pg_rewrite r ON classid = 'pg_rewrite'::regclass AND objid = r.oid
WHERE ev_class = 'gooseplus_progress'::regclass;

-- rights
CREATE ROLE regress_progress_user;
SELECT has_table_privilege('public', 'gooseplus_progress', 'SELECT') AS public,
    has_table_privilege('regress_progress_user', 'gooseplus_progress', 'SELECT') AS user;
SET ROLE regress_progress_user;
SELECT count(*) FROM gooseplus_progress;
RESET ROLE;

DROP ROLE regress_progress_user;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_progress';
DROP SCHEMA regress_progress CASCADE;
