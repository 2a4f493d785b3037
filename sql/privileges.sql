-- privileges: who may call, and whose rights migrations have.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_privileges'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE ROLE regress_gooseplus_user;
CREATE SCHEMA regress_privileges;
CREATE SCHEMA regress_privileges_closed;
CREATE TABLE regress_privileges_closed.secret AS SELECT 1 AS id;
SET search_path = regress_privileges, public;

-- nothing for PUBLIC: only the owner is in the list
CREATE VIEW functions AS
SELECT p.* FROM pg_proc p JOIN pg_depend d
  ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
 AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'gooseplus');
SELECT count(*) > 0 AS some, bool_and(proacl IS NOT NULL) AS listed,
       bool_or(has_function_privilege('public', oid, 'EXECUTE')) AS public,
       bool_and((SELECT array_agg(grantee) FROM aclexplode(proacl)) = ARRAY[proowner]) AS owner_only
FROM functions;

CREATE FUNCTION attempt(call text, command text = 'SELECT count(*) FROM',
    OUT state text, OUT message text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command || ' ' || call;
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END;
$$;
GRANT USAGE ON SCHEMA regress_privileges TO regress_gooseplus_user;
GRANT SELECT ON functions TO regress_gooseplus_user;

-- a role without any right: it may call none
SET ROLE regress_gooseplus_user;
SELECT proname, a.* FROM functions, attempt(format('%I(%s)', proname, array_to_string(
    ARRAY(SELECT format('%L::%s', CASE t WHEN 'jsonb'::regtype THEN '{}' ELSE '1' END, t::regtype)
          FROM unnest(proargtypes) AS t), ', ')),
    CASE prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT count(*) FROM' END) AS a
WHERE a.state <> '42501' OR a.message <> format('permission denied for %s %s',
    CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, proname);
RESET ROLE;

-- a role that may call, and create nothing
GRANT EXECUTE ON FUNCTION gooseplus_migrate, gooseplus_status TO regress_gooseplus_user;
SET ROLE regress_gooseplus_user;
SELECT version, state FROM gooseplus_status();
SELECT * FROM attempt('gooseplus_migrate()');
RESET ROLE;
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_privileges'::regnamespace AND relkind = 'r';
-- or may not even read the version table
CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp);
SET ROLE regress_gooseplus_user;
SELECT * FROM attempt('gooseplus_status()');
SELECT * FROM attempt('gooseplus_migrate()');
RESET ROLE;
DROP TABLE goose_db_version;

-- one that may write where the migrations and the version table do: the history
-- it may not create, and needs rights on
CREATE TABLE kept (id int);
SELECT version, state FROM gooseplus_migrate(NULL, '{"base_environment": "insert", "exclude_versions": [2, 3]}');
GRANT SELECT, INSERT ON kept, goose_db_version TO regress_gooseplus_user;
GRANT SELECT, INSERT ON goose_db_version_history TO regress_gooseplus_user;
SET ROLE regress_gooseplus_user;
SELECT gooseplus_migrate(NULL, '{"base_environment": "insert"}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON regress_privileges.goose_db_version_history TO regress_gooseplus_user;
SET ROLE regress_gooseplus_user;
SELECT version, state FROM gooseplus_migrate(NULL, '{"base_environment": "insert", "exclude_versions": 3}');
SELECT event, version, outcome, role = current_user AS mine FROM goose_db_version_history ORDER BY id;
RESET ROLE;
DROP TABLE goose_db_version_history;
SET ROLE regress_gooseplus_user;
SELECT gooseplus_migrate(NULL, '{"base_environment": "insert"}');
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM gooseplus_migrate(NULL, '{"base_environment": "insert", "history": false}');
-- looking needs none
SELECT version, state FROM gooseplus_status(NULL, '{"base_environment": "insert"}');
RESET ROLE;
SELECT version_id FROM goose_db_version ORDER BY id;
DROP TABLE kept, goose_db_version;

-- one that may create: what migrations make is the caller's
GRANT CREATE ON SCHEMA regress_privileges TO regress_gooseplus_user;
SET ROLE regress_gooseplus_user;
SELECT version, state FROM gooseplus_migrate();
TABLE mine;
SELECT tableowner FROM pg_tables WHERE schemaname = 'regress_privileges' ORDER BY tablename;
-- and they can do no more than the caller can
SELECT env, a.state FROM unnest(ARRAY['read', 'role', 'other']) AS env,
    attempt(format('gooseplus_migrate(%L)', env)) AS a;
SELECT version, state FROM gooseplus_status('read');
-- neither name a folder nor read the server's environment
SELECT a.* FROM unnest(ARRAY['directory', 'server_environment']) AS option,
    attempt(format('gooseplus_migrate(options => jsonb_build_object(%L, ''on''))', option)) AS a;
RESET ROLE;
SELECT count(*) FROM pg_roles WHERE rolname = 'regress_gooseplus_made';

REVOKE ALL ON FUNCTION gooseplus_migrate, gooseplus_status FROM regress_gooseplus_user;
DROP SCHEMA regress_privileges, regress_privileges_closed CASCADE;
DROP ROLE regress_gooseplus_user;
