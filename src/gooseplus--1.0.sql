/* src/gooseplus--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION gooseplus" to load this file. \quit

-- Running migrations

CREATE TYPE gooseplus_result AS (
    version bigint,
    source text,
    environment text,
    direction text,
    state text,
    statements integer,
    rows bigint,
    duration interval,
    error text
);

COMMENT ON TYPE gooseplus_result IS
'what became of one migration in a run';

CREATE FUNCTION gooseplus_migrate(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_migrate(text, jsonb) IS
'applies all pending migrations in one transaction: all of them or none';

CREATE FUNCTION gooseplus_up_to(
    version bigint,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_up_to(bigint, text, jsonb) IS
'applies pending migrations up to a version, in one transaction';

CREATE FUNCTION gooseplus_up_by_one(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_up_by_one(text, jsonb) IS
'applies the next pending migration';

CREATE FUNCTION gooseplus_down(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_down(text, jsonb) IS
'takes back the migration applied last';

CREATE FUNCTION gooseplus_down_to(
    version bigint,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_down_to(bigint, text, jsonb) IS
'takes back migrations, the last applied first, down to a version that stays';

CREATE FUNCTION gooseplus_redo(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_redo(text, jsonb) IS
'takes back the migration applied last and applies it again';

CREATE FUNCTION gooseplus_reset(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_reset(text, jsonb) IS
'takes back all migrations';

CREATE FUNCTION gooseplus_apply_version(
    version bigint,
    direction text,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_apply_version(bigint, text, text, jsonb) IS
'runs one migration up or down';

CREATE FUNCTION gooseplus_baseline(
    version bigint,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS SETOF gooseplus_result
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_baseline(bigint, text, jsonb) IS
'records all migrations up to a version as applied, without running them';

-- Running migrations, each committed by itself

CREATE PROCEDURE gooseplus_deploy(
    env text DEFAULT NULL,
    version bigint DEFAULT NULL,
    options jsonb DEFAULT '{}',
    resume text DEFAULT NULL)
AS 'MODULE_PATHNAME'
LANGUAGE C;

COMMENT ON PROCEDURE gooseplus_deploy(text, bigint, jsonb, text) IS
'applies pending migrations, each committed by itself, those without a transaction in place; returns to the start if one fails';

CREATE PROCEDURE gooseplus_revert(
    version bigint,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
AS 'MODULE_PATHNAME'
LANGUAGE C;

COMMENT ON PROCEDURE gooseplus_revert(bigint, text, jsonb) IS
'takes back migrations down to a version that stays, each committed by itself';

CREATE PROCEDURE gooseplus_wait(
    version bigint,
    timeout interval DEFAULT NULL,
    options jsonb DEFAULT '{}',
    INOUT reached boolean DEFAULT NULL)
AS 'MODULE_PATHNAME'
LANGUAGE C;

COMMENT ON PROCEDURE gooseplus_wait(bigint, interval, jsonb, boolean) IS
'waits until the database has reached a version, or the time is over';

CREATE FUNCTION gooseplus_launch(
    env text DEFAULT NULL,
    version bigint DEFAULT NULL,
    options jsonb DEFAULT '{}',
    resume text DEFAULT NULL)
RETURNS integer
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_launch(text, bigint, jsonb, text) IS
'starts a deploy in a background worker, and returns its process id';

-- Watching

CREATE VIEW gooseplus_progress AS
SELECT
    a.pid,
    a.datname AS database,
    a.usename AS role,
    CASE
        WHEN t.part[1] OPERATOR(pg_catalog.=) 'preparing' THEN 'preparing'
        WHEN t.part[2] IS NOT NULL THEN 'waiting for the migration lock'
        WHEN t.part[8] IS NOT NULL THEN t.part[8]
        WHEN t.part[3] IS NOT NULL THEN t.part[3]
        ELSE 'running'
    END AS phase,
    t.part[4]::pg_catalog.int4 AS migration,
    t.part[5]::pg_catalog.int4 AS migrations,
    pg_catalog.substring(t.part[6], '^([^/]*)/') AS environment,
    t.part[6] AS source,
    t.part[7]::pg_catalog.int4 AS statement,
    a.query_start AS started,
    pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.query_start AS elapsed,
    CASE
        -- a run of one transaction asks for the lock again and again, and the
        -- server does not know that it waits
        WHEN t.part[2] IS NOT NULL THEN ARRAY(
            SELECT DISTINCT coalesce(l.pid, 0)
            FROM pg_catalog.pg_locks AS l
            WHERE l.granted
                AND l.locktype OPERATOR(pg_catalog.=) 'advisory'
                AND l.database OPERATOR(pg_catalog.=) a.datid
                AND l.objsubid OPERATOR(pg_catalog.=) 1
                AND ((l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32)
                    OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8)::pg_catalog.text
                    OPERATOR(pg_catalog.=) t.part[2]
                AND coalesce(l.pid, 0) OPERATOR(pg_catalog.<>) a.pid)
        ELSE pg_catalog.pg_blocking_pids(a.pid)
    END AS waiting_for,
    a.wait_event_type,
    a.wait_event
FROM pg_catalog.pg_stat_activity AS a
JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) a.datid
-- the text is in the encoding of that database: if this one has another, what
-- is not ASCII is escaped
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN pg_catalog.pg_encoding_to_char(d.encoding) OPERATOR(pg_catalog.=)
            pg_catalog.getdatabaseencoding() THEN a.query
        ELSE pg_catalog.encode(pg_catalog.decode(
            pg_catalog.replace(a.query, E'\\', E'\\\\'), 'escape'), 'escape')
    END) AS q(query)
CROSS JOIN LATERAL pg_catalog.regexp_match(q.query COLLATE pg_catalog."C",
    '^gooseplus: (?:(preparing)|waiting for the migration lock (-?[0-9]+)|'
    '(?:(rehearsing|returning) )?([0-9]{1,9})/([0-9]{1,9}) (.*) '
    '(?:statement ([0-9]{1,9})|(waiting to try again|cleaning up|putting in order)))$')
    AS t(part)
WHERE a.state OPERATOR(pg_catalog.=) 'active' AND t.part IS NOT NULL;

COMMENT ON VIEW gooseplus_progress IS
'runs in progress on this server, in all its databases, as far as pg_stat_activity shows them';

-- Trying it out

CREATE FUNCTION gooseplus_rehearse(
    env text DEFAULT NULL,
    version bigint DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT source text,
    OUT environment text,
    OUT line integer,
    OUT statement text,
    OUT state text,
    OUT duration interval,
    OUT rows bigint,
    OUT wal_bytes bigint,
    OUT locks jsonb,
    OUT rewrites text[],
    OUT indexes text[],
    OUT danger text,
    OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_rehearse(text, bigint, jsonb) IS
'runs what is pending and undoes it, all but the values that sequences gave; returns what each statement did';

-- Looking, changing nothing

CREATE FUNCTION gooseplus_status(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT version bigint,
    OUT source text,
    OUT environment text,
    OUT state text,
    OUT applied_at timestamp)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_status(text, jsonb) IS
'migrations at hand and recorded, with their state: pending, applied, modified or missing';

CREATE FUNCTION gooseplus_db_version(options jsonb DEFAULT '{}')
RETURNS bigint
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_db_version(jsonb) IS
'highest version recorded in this database, 0 if none';

CREATE FUNCTION gooseplus_versions(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT current bigint,
    OUT target bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;

COMMENT ON FUNCTION gooseplus_versions(text, jsonb) IS
'highest version recorded, and highest version at hand';

CREATE FUNCTION gooseplus_has_pending(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_has_pending(text, jsonb) IS
'are there migrations to apply?';

CREATE FUNCTION gooseplus_sources(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT type text,
    OUT path text,
    OUT environment text,
    OUT version bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_sources(text, jsonb) IS
'migrations at hand, in the order of their versions';

CREATE FUNCTION gooseplus_validate(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT source text,
    OUT line integer,
    OUT severity text,
    OUT message text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_validate(text, jsonb) IS
'what is wrong with the migrations at hand, without running them; no row means nothing';

CREATE FUNCTION gooseplus_statements(
    script text,
    direction text DEFAULT 'up',
    options jsonb DEFAULT '{}',
    OUT ordinal integer,
    OUT line integer,
    OUT statement text,
    OUT transactional boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_statements(text, text, jsonb) IS
'statements of a migration script, as goose would send them';

CREATE FUNCTION gooseplus_plan(
    env text DEFAULT NULL,
    version bigint DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT version bigint,
    OUT source text,
    OUT environment text,
    OUT ordinal integer,
    OUT line integer,
    OUT statement text,
    OUT transactional boolean,
    OUT reason text,
    OUT hazard text,
    OUT advice text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_plan(text, bigint, jsonb) IS
'what a run would do, statement by statement, and where that is dangerous';

-- Changing files

CREATE FUNCTION gooseplus_create(
    name text,
    env text DEFAULT NULL,
    sequential boolean DEFAULT false,
    options jsonb DEFAULT '{}')
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_create(text, text, boolean, jsonb) IS
'creates a migration file from a template; returns its path below the directory';

CREATE FUNCTION gooseplus_fix(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    include_applied boolean DEFAULT false,
    OUT old_path text,
    OUT new_path text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_fix(text, jsonb, boolean) IS
'renames files with timestamps to sequential versions, in order';

-- Changing records

CREATE FUNCTION gooseplus_repair(
    version bigint,
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}')
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_repair(bigint, text, jsonb) IS
'accepts the file of an applied version as it now is; false if it is what the history knew';

-- Registered functions: migrations written as database functions

CREATE TABLE gooseplus_function (
    environment text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    name text NOT NULL,
    up text,
    down text,
    PRIMARY KEY (environment, version)
);

COMMENT ON TABLE gooseplus_function IS
'functions registered as migrations, by their signatures';

SELECT pg_catalog.pg_extension_config_dump('gooseplus_function', '');

CREATE FUNCTION gooseplus_register(
    version bigint,
    up regprocedure,
    down regprocedure DEFAULT NULL,
    name text DEFAULT NULL,
    env text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_register(bigint, regprocedure, regprocedure, text, text) IS
'makes functions the Up and Down part of a version';

CREATE FUNCTION gooseplus_unregister(version bigint, env text DEFAULT NULL)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_unregister(bigint, text) IS
'takes back gooseplus_register; false if there was nothing to take back';

-- Bundles: migrations kept in the database

CREATE TABLE gooseplus_bundle (
    bundle text NOT NULL
        CONSTRAINT "bundle must have a name" CHECK (bundle <> ''),
    path text NOT NULL
        CONSTRAINT "path must be name.sql or folder/name.sql"
        CHECK (path ~ '^([^/.][^/]*/)?[^/.][^/]*\.sql$'),
    body text NOT NULL,
    PRIMARY KEY (bundle, path)
);

COMMENT ON TABLE gooseplus_bundle IS
'files of bundles; the path is the one below the directory of migrations';

SELECT pg_catalog.pg_extension_config_dump('gooseplus_bundle', '');

CREATE FUNCTION gooseplus_bundle_put(bundle text, path text, body text)
RETURNS void
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO gooseplus_bundle (bundle, path, body)
    VALUES (gooseplus_bundle_put.bundle, gooseplus_bundle_put.path,
            gooseplus_bundle_put.body)
    ON CONFLICT (bundle, path) DO UPDATE SET body = excluded.body;
END;

COMMENT ON FUNCTION gooseplus_bundle_put(text, text, text) IS
'puts a file into a bundle, in place of the one with that path';

CREATE FUNCTION gooseplus_bundle_load(bundle text, directory text)
RETURNS bigint
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE STRICT;

COMMENT ON FUNCTION gooseplus_bundle_load(text, text) IS
'makes a bundle a snapshot of a directory on the server; returns the number of files';

CREATE FUNCTION gooseplus_bundle_files(bundle text)
RETURNS TABLE (path text, body text)
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT b.path, b.body
    FROM gooseplus_bundle b
    WHERE b.bundle = gooseplus_bundle_files.bundle
    ORDER BY b.path COLLATE "C";
END;

COMMENT ON FUNCTION gooseplus_bundle_files(text) IS
'files of a bundle';

CREATE FUNCTION gooseplus_bundle_drop(bundle text)
RETURNS bigint
LANGUAGE SQL VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM gooseplus_bundle b
        WHERE b.bundle = gooseplus_bundle_drop.bundle
        RETURNING 1)
    SELECT pg_catalog.count(*) FROM gone;
END;

COMMENT ON FUNCTION gooseplus_bundle_drop(text) IS
'deletes a bundle; returns the number of files it had';

-- Migrations can hold secrets, and errors quote them: nothing for PUBLIC.

REVOKE ALL ON TYPE gooseplus_result FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_migrate(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_up_to(bigint, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_up_by_one(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_down(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_down_to(bigint, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_redo(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_reset(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_apply_version(bigint, text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON PROCEDURE gooseplus_deploy(text, bigint, jsonb, text) FROM PUBLIC;
REVOKE ALL ON PROCEDURE gooseplus_revert(bigint, text, jsonb) FROM PUBLIC;
REVOKE ALL ON PROCEDURE gooseplus_wait(bigint, interval, jsonb, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_launch(text, bigint, jsonb, text) FROM PUBLIC;
REVOKE ALL ON TABLE gooseplus_progress FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_rehearse(text, bigint, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_status(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_db_version(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_versions(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_has_pending(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_sources(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_validate(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_statements(text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_plan(text, bigint, jsonb) FROM PUBLIC;
REVOKE ALL ON TABLE gooseplus_bundle FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_bundle_put(text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_bundle_load(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_bundle_files(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_bundle_drop(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_baseline(bigint, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_create(text, text, boolean, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_fix(text, jsonb, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_repair(bigint, text, jsonb) FROM PUBLIC;
REVOKE ALL ON TABLE gooseplus_function FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_register(bigint, regprocedure, regprocedure, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_unregister(bigint, text) FROM PUBLIC;
