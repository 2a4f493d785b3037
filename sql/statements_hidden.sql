-- statements_hidden: gooseplus_statements shows no variable that is hidden from its caller.
SELECT current_database() AS database \gset
CREATE ROLE regress_gooseplus_reader;
GRANT EXECUTE ON FUNCTION gooseplus_statements TO regress_gooseplus_reader;
ALTER DATABASE :"database" SET gooseplus.variables = '{"SECRET": "hidden"}';
\c
SET SESSION AUTHORIZATION regress_gooseplus_reader;
\set script '-- +goose Up\n-- +goose ENVSUB ON\nSELECT ''<${SECRET}>'', ''<${REGION}>'';\n'
SELECT statement FROM gooseplus_statements(E:'script');
SELECT statement FROM gooseplus_statements(E:'script', 'up', '{"variables": {"REGION": "eu"}}');
SELECT statement FROM gooseplus_statements(E:'script', 'up', '{"variables": {"SECRET": "my own"}}');
-- nor the server's environment
SELECT statement FROM gooseplus_statements(E'-- +goose Up\n-- +goose ENVSUB ON\nSELECT ''<${PATH}>'';');
SELECT statement FROM gooseplus_statements(E:'script', 'up', '{"server_environment": true}');
-- as SHOW does not
\set VERBOSITY sqlstate
SHOW gooseplus.variables;
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
-- a superuser sees no more: only what is in the options counts
SELECT statement FROM gooseplus_statements(E:'script');

ALTER DATABASE :"database" RESET gooseplus.variables;
REVOKE EXECUTE ON FUNCTION gooseplus_statements FROM regress_gooseplus_reader;
DROP ROLE regress_gooseplus_reader;
