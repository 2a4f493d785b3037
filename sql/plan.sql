-- plan: what a run would do, in order, without doing it.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_plan'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_plan;
SET search_path = regress_plan, public;
CREATE TABLE orders (id int, note text);
CREATE VIEW tables AS SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_plan'::regnamespace;

-- one row a statement, and one for a migration that has none
SELECT version, source, environment, ordinal, line, statement FROM gooseplus_plan();
-- what has a transaction, what cannot have one, and where it is dangerous
SELECT version AS v, ordinal AS o, line, transactional AS t, reason FROM gooseplus_plan() WHERE reason IS NOT NULL;
SELECT version AS v, ordinal AS o, line, hazard, advice FROM gooseplus_plan() WHERE hazard IS NOT NULL;
-- nothing was made, not even the version table
SELECT * FROM tables;
SELECT note FROM orders;

-- an environment, a version, options, names of arguments
SELECT version, source, ordinal FROM gooseplus_plan('late', 2);
SELECT DISTINCT version FROM gooseplus_plan(version => 3, env => 'late') ORDER BY 1;
SELECT DISTINCT version FROM gooseplus_plan(NULL, NULL, '{"exclude_versions": "2,3"}') ORDER BY 1;
SELECT gooseplus_plan(NULL, 0);
SELECT gooseplus_plan(options => NULL);

-- the rest, when a part is applied; and what is dangerous only then
SELECT version, state FROM gooseplus_up_to(1);
SELECT version, ordinal, hazard FROM gooseplus_plan() WHERE version < 4;
SELECT version, source FROM gooseplus_plan('late', 2);
SELECT DISTINCT version FROM gooseplus_plan(options => '{"versioning": false}') ORDER BY 1;
-- out of order, as a run says it
INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, true);
SELECT gooseplus_plan();
SELECT DISTINCT version FROM gooseplus_plan(options => '{"allow_out_of_order": true}') ORDER BY 1;
DELETE FROM goose_db_version WHERE version_id = 3;

-- validate warns of the same, for what is pending
SELECT * FROM gooseplus_validate() WHERE message !~ 'CONCURRENTLY|one transaction';
SELECT source, line, severity, left(message, 42) AS message FROM gooseplus_validate() WHERE line < 5;
INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, true), (3, true), (4, true), (5, true), (6, true);
SELECT count(*) FROM gooseplus_validate();
SELECT count(*) FROM gooseplus_plan();
DELETE FROM goose_db_version WHERE version_id > 1;

-- what a run would refuse is refused: all problems of all files
SELECT gooseplus_plan('broken');
-- a version table that should not be trusted
CREATE ROLE regress_plan_stranger;
ALTER TABLE goose_db_version OWNER TO regress_plan_stranger;
\set VERBOSITY terse
SELECT gooseplus_plan();
SELECT gooseplus_validate();
\set VERBOSITY default
ALTER TABLE goose_db_version OWNER TO CURRENT_USER;
DROP ROLE regress_plan_stranger;
-- inside of a read only transaction, and of one that sees an old snapshot
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT DISTINCT version FROM gooseplus_plan() ORDER BY 1;
SELECT count(*) > 0 AS dangerous FROM gooseplus_validate() WHERE severity = 'warning';
ROLLBACK;

DROP SCHEMA regress_plan CASCADE;
-- a registered function is one statement
SET search_path = public;
BEGIN;
CREATE FUNCTION regress_up() RETURNS void LANGUAGE sql AS 'SELECT 1';
SELECT gooseplus_register(7, 'regress_up()');
SELECT version, ordinal, line, statement, transactional FROM gooseplus_plan() WHERE version = 7;
ROLLBACK;
