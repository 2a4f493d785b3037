-- stored_trust: who may write to the history could have statements run with the caller's rights.
SET client_min_messages = warning;
CREATE SCHEMA regress_stored_trust;
SET search_path = regress_stored_trust, public;
SET gooseplus.bundle = 'regress_stored_trust';
CREATE TABLE trail (step text);
-- takes the last version back; and if it can, undoes that
CREATE FUNCTION attempt(OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gooseplus_down();
    RAISE SQLSTATE 'R0001' USING MESSAGE = (SELECT string_agg(step, ', ') FROM trail);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    -- the superuser's name depends on who runs the tests
    detail := replace(detail, format('"%s"', session_user), 'me');
END;
$$;
CREATE ROLE regress_gooseplus_writer;
CREATE ROLE regress_gooseplus_caller;
GRANT ALL ON SCHEMA regress_stored_trust TO regress_gooseplus_caller;
GRANT ALL ON trail TO regress_gooseplus_caller;
GRANT SELECT ON gooseplus_bundle TO regress_gooseplus_caller;
GRANT EXECUTE ON FUNCTION gooseplus_migrate, gooseplus_down TO regress_gooseplus_caller;
INSERT INTO gooseplus_bundle VALUES ('regress_stored_trust', 'base/00001_first.sql', E'-- +goose Up\nSELECT 1;'),
('regress_stored_trust', 'base/00002_gone.sql', E'-- +goose Up\nSELECT 2;\n-- +goose Down\nINSERT INTO trail VALUES (''the stored text'');');
SELECT count(*) FROM gooseplus_migrate();
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_stored_trust' AND path ~ 'gone';
\x

-- nobody but the owner
SELECT state, message FROM attempt();
-- a role, everybody; the whole table, a column
GRANT INSERT ON goose_db_version_history TO regress_gooseplus_writer;
SELECT * FROM attempt();
REVOKE INSERT ON goose_db_version_history FROM regress_gooseplus_writer;
GRANT UPDATE ON goose_db_version_history TO PUBLIC;
SELECT * FROM attempt();
REVOKE UPDATE ON goose_db_version_history FROM PUBLIC;
GRANT INSERT (down) ON goose_db_version_history TO regress_gooseplus_writer;
SELECT state, detail FROM attempt();
REVOKE INSERT (down) ON goose_db_version_history FROM regress_gooseplus_writer;
GRANT UPDATE (outcome) ON goose_db_version_history TO PUBLIC;
SELECT * FROM attempt();
-- a deploy, too
\set VERBOSITY terse
CALL gooseplus_revert(1);
\echo :LAST_ERROR_SQLSTATE
REVOKE UPDATE (outcome) ON goose_db_version_history FROM PUBLIC;
-- other rights put nothing there
GRANT SELECT, DELETE, TRUNCATE, REFERENCES ON goose_db_version_history TO PUBLIC;
SELECT state, message FROM attempt();
-- who may write to a table that inherits
CREATE TABLE heir () INHERITS (goose_db_version_history);
SELECT state FROM attempt();
GRANT INSERT ON heir TO regress_gooseplus_writer;
SELECT state, detail FROM attempt();
DROP TABLE heir;
-- a superuser and the owner of the database can do anything as it is
GRANT INSERT ON goose_db_version_history TO regress_gooseplus_writer;
ALTER ROLE regress_gooseplus_writer SUPERUSER;
SELECT state, message FROM attempt();
ALTER ROLE regress_gooseplus_writer NOSUPERUSER;
SELECT state FROM attempt();
ALTER DATABASE :"DBNAME" OWNER TO regress_gooseplus_writer;
SELECT state FROM attempt();
ALTER DATABASE :"DBNAME" OWNER TO :"USER";

-- a role that the caller belongs to can act for the caller
ALTER TABLE goose_db_version OWNER TO regress_gooseplus_caller;
ALTER TABLE goose_db_version_history OWNER TO regress_gooseplus_caller;
SET ROLE regress_gooseplus_caller;
SELECT state, detail FROM attempt();
RESET ROLE;
GRANT regress_gooseplus_writer TO regress_gooseplus_caller;
SET ROLE regress_gooseplus_caller;
SELECT state, message FROM attempt();
RESET ROLE;
-- and not the other way round
REVOKE regress_gooseplus_writer FROM regress_gooseplus_caller;
GRANT regress_gooseplus_caller TO regress_gooseplus_writer;
SET ROLE regress_gooseplus_caller;
SELECT state, detail FROM attempt();
RESET ROLE;

-- with its file nothing comes from there
SELECT gooseplus_bundle_put('regress_stored_trust', 'base/00002_gone.sql', E'-- +goose Up\nSELECT 2;\n-- +goose Down\nINSERT INTO trail VALUES (''the file'');');
SET ROLE regress_gooseplus_caller;
SELECT state, message FROM attempt();
RESET ROLE;

\x
\set VERBOSITY default
SELECT gooseplus_bundle_drop('regress_stored_trust');
REVOKE ALL ON gooseplus_bundle FROM regress_gooseplus_caller;
REVOKE ALL ON FUNCTION gooseplus_migrate, gooseplus_down FROM regress_gooseplus_caller;
DROP SCHEMA regress_stored_trust CASCADE;
DROP ROLE regress_gooseplus_writer, regress_gooseplus_caller;
