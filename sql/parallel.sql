-- parallel: a run in a parallel worker is refused, and does no harm.
SET client_min_messages = warning;
CREATE SCHEMA regress_parallel;
SET search_path = regress_parallel, public;
SET gooseplus.bundle = 'regress_parallel';
SELECT gooseplus_bundle_put('regress_parallel', 'base/00001_one.sql',
    E'-- +goose Up\nCREATE TABLE one (id int);');

-- a function that says by mistake that it may run anywhere
CREATE FUNCTION wrapper(int) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS
'BEGIN RETURN (SELECT state FROM gooseplus_migrate()); END';
-- loads the library
SELECT gooseplus_db_version();
CREATE TABLE many AS SELECT generate_series(1, 1000) AS n;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE wrapper(n) = 'applied';
\set SHOW_CONTEXT never
SELECT count(*) FROM many WHERE wrapper(n) = 'applied';
\echo :LAST_ERROR_SQLSTATE
-- in the leader as well
SET parallel_leader_participation = on;
SET max_parallel_workers = 0;
SELECT count(*) FROM many WHERE wrapper(n) = 'applied';
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('one'), to_regclass('goose_db_version');

-- the session is well, and keeps its settings
SELECT version, state FROM gooseplus_migrate();

-- also when the library comes to be loaded there
\c
SET search_path = regress_parallel, public;
SET client_min_messages = error;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers = 0;
SET gooseplus.bundle = 'regress_parallel';
\set VERBOSITY sqlstate
SELECT count(*) FROM many WHERE wrapper(n) = 'applied';
SHOW gooseplus.bundle;
SELECT count(*) FROM gooseplus_migrate();

SELECT gooseplus_bundle_drop('regress_parallel');
DROP SCHEMA regress_parallel CASCADE;
