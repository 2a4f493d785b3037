-- envsub: variables in a migration.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_envsub'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_envsub;
SET search_path = regress_envsub, public;

SET gooseplus.variables = '{"REGION": "eu", "EMPTY": "", "LETTERS": "abcdef", "NUMBER": 42,
    "DECIMAL": 1.50, "YES": true, "NOTHING": null, "WORD": "größe", "TABLE_NAME": "expansion",
    "STATEMENT": "INSERT INTO expansion VALUES (1, 1)"}';
SELECT source, state, statements, rows FROM gooseplus_migrate();
-- what differs
SELECT wanted, got FROM expansion WHERE wanted IS DISTINCT FROM got;
SELECT count(*) FROM expansion;
-- what runs is what statements() shows
SELECT ordinal, line, statement FROM gooseplus_statements($script$
-- +goose ENVSUB ON
-- +goose Up
SELECT '$REGION', $NUMBER;
-- +goose ENVSUB OFF
SELECT '$REGION';
$script$, 'up', '{"variables": {"REGION": "us", "NUMBER": 1e2}}');

-- a variable that must be set
SELECT gooseplus_migrate('required');
\echo :LAST_ERROR_SQLSTATE
SELECT state FROM gooseplus_migrate('required', '{"variables": {"PASSWORD": "secret"}}');
-- names are as they are written
SELECT statement FROM gooseplus_statements(E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT ''$region$Region'';');
-- a value that is none
SELECT gooseplus_statements(E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT $A;', 'up', '{"variables": {"A": [1]}}');
\echo :LAST_ERROR_SQLSTATE

-- a value can hold anything: as with goose it is text before it is SQL
SELECT statement FROM gooseplus_statements(E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT ''$A'';\nSELECT 2;',
    'up', '{"variables": {"A": "a;\nb"}}');
\set VERBOSITY terse
SELECT gooseplus_migrate('injected', '{"variables": {"TEXT": "it''s"}}');
\set VERBOSITY default

-- the server's environment only if a superuser lets it
SELECT statement FROM gooseplus_statements(E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT ''$PGSYSCONFDIR'';');
SELECT statement <> 'SELECT '''';' AS let FROM gooseplus_statements(
    E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT ''$PGSYSCONFDIR'';', 'up', '{"server_environment": true}');
SELECT statement FROM gooseplus_statements(E'-- +goose ENVSUB ON\n-- +goose Up\nSELECT ''$PGSYSCONFDIR'';',
    'up', '{"server_environment": true, "variables": {"PGSYSCONFDIR": "ours wins"}}');

DROP SCHEMA regress_envsub CASCADE;
