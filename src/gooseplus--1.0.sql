/* src/gooseplus--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION gooseplus" to load this file. \quit

-- Running migrations

CREATE FUNCTION gooseplus_migrate(
    env text DEFAULT NULL,
    options jsonb DEFAULT '{}',
    OUT version bigint,
    OUT source text,
    OUT environment text,
    OUT direction text,
    OUT state text,
    OUT statements integer,
    OUT rows bigint,
    OUT duration interval,
    OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION gooseplus_migrate(text, jsonb) IS
'applies all pending migrations in one transaction: all of them or none';

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
'migrations at hand and recorded, with their state: pending, applied or missing';

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

-- Migrations can hold secrets, and errors quote them: nothing for PUBLIC.

REVOKE ALL ON FUNCTION gooseplus_migrate(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_status(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_db_version(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_versions(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_has_pending(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_sources(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_validate(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION gooseplus_statements(text, text, jsonb) FROM PUBLIC;
