-- deploy_session: what a migration sets reaches neither the next one nor the caller.
SET client_min_messages = warning;
CREATE ROLE regress_deploy_owner;
CREATE ROLE regress_deploy_other;
CREATE SCHEMA regress_deploy_session;
CREATE SCHEMA regress_deploy_session2;
GRANT ALL ON SCHEMA regress_deploy_session, regress_deploy_session2 TO regress_deploy_owner, regress_deploy_other;
SET search_path = regress_deploy_session, public;
SET gooseplus.bundle = 'regress_deploy_session';
-- what a session is like, seen by a migration or by the caller
CREATE VIEW session AS SELECT
    CASE current_user WHEN session_user THEN 'session user' ELSE current_user END AS "user",
    session_user = 'regress_deploy_other' AS other,
    current_setting('search_path') AS path,
    current_setting('work_mem') AS mem,
    current_setting('default_transaction_isolation') AS isolation,
    current_setting('regress.caller', true) AS caller,
    nullif(current_setting('regress.new', true), '') AS new,
    current_setting('lock_timeout') AS lock;
CREATE TABLE seen AS SELECT 'caller' AS migration, * FROM session LIMIT 0;
GRANT ALL ON seen, session TO PUBLIC;

-- one migration of each kind for each way to change a session; each looks first
INSERT INTO gooseplus_bundle
SELECT 'regress_deploy_session', format('base/%s_%s.sql', lpad(n::text, 5, '0'), i),
    concat_ws(E'\n', kind, '-- +goose Up', looks, sets, '-- +goose Down', looks, sets)
FROM unnest(ARRAY[NULL, '-- +goose NO TRANSACTION']) WITH ORDINALITY AS k(kind, j),
    unnest(ARRAY[
$$SET work_mem = '1MB'; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;
SET regress.caller = 'file';
SET regress.new = 'file';
SELECT set_config('lock_timeout', '9s', false);$$,
$$SET ROLE regress_deploy_other;
SET search_path = regress_deploy_session2;
CREATE TABLE regress_deploy_session2.owned ();
DROP TABLE owned;$$,
$$SET SESSION AUTHORIZATION regress_deploy_other;
SET ROLE NONE;$$,
$$RESET ALL;
RESET ROLE;
SET client_min_messages = warning;$$,
$$SET LOCAL work_mem = '1MB'; SET LOCAL ROLE regress_deploy_other;$$,
$$DO 'BEGIN SET work_mem = ''1MB''; SET regress.new = ''do''; END';$$]) WITH ORDINALITY AS s(sets, i),
    LATERAL (SELECT (j - 1) * 6 + i AS n) AS numbers,
    LATERAL (SELECT format('INSERT INTO regress_deploy_session.seen SELECT %L, * FROM regress_deploy_session.session;', n) AS looks) AS l;
INSERT INTO gooseplus_bundle VALUES ('regress_deploy_session', 'base/00013_last.sql', $$-- +goose Up
INSERT INTO seen SELECT 'last', * FROM session;
-- +goose Down
INSERT INTO seen SELECT 'last', * FROM session;$$);

SET work_mem = '3MB';
SET regress.caller = 'caller';
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
INSERT INTO seen SELECT 'caller', * FROM session;
SELECT DISTINCT "user", other, path, mem, isolation, caller, new, lock FROM seen;
SELECT count(*) FROM seen;
SHOW client_min_messages;

-- a caller that has taken on a role
DROP TABLE goose_db_version, goose_db_version_history;
TRUNCATE seen;
GRANT EXECUTE ON PROCEDURE gooseplus_deploy, gooseplus_revert TO regress_deploy_owner;
GRANT SELECT ON gooseplus_bundle TO regress_deploy_owner;
GRANT regress_deploy_other TO regress_deploy_owner;
SET ROLE regress_deploy_owner;
CALL gooseplus_deploy();
CALL gooseplus_revert(0);
INSERT INTO seen SELECT 'caller', * FROM session;
SELECT DISTINCT "user", other, path, mem, isolation, caller, new, lock FROM seen;
SELECT count(*) FROM seen;
SELECT tableowner FROM pg_tables WHERE tablename ~ '^goose_db' AND schemaname = 'regress_deploy_session';
SELECT DISTINCT role FROM goose_db_version_history;
RESET ROLE;

-- a failed migration leaves nothing behind either, and the way back has the session of the caller
TRUNCATE seen;
SET ROLE regress_deploy_owner;
RESET ROLE;
DROP TABLE goose_db_version, goose_db_version_history;
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
SET work_mem = '1MB'; SET regress.new = 'file'; SET search_path = regress_deploy_session2;
SET ROLE regress_deploy_other;
SELECT 1 / 0;
-- +goose Down
INSERT INTO seen SELECT 'back', * FROM session;$$
WHERE bundle = 'regress_deploy_session' AND path ~ 'last';
CALL gooseplus_deploy();
INSERT INTO seen SELECT 'caller', * FROM session;
SELECT DISTINCT "user", other, path, mem, isolation, caller, new, lock FROM seen;
SELECT count(*) FROM seen;
SELECT version_id FROM goose_db_version;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_session';
DROP SCHEMA regress_deploy_session, regress_deploy_session2 CASCADE;
DROP OWNED BY regress_deploy_owner;
DROP ROLE regress_deploy_owner, regress_deploy_other;
