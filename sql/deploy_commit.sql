-- deploy_commit: a COMMIT in a migration that is a transaction ends it there, as under goose.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_commit;
SET search_path = regress_deploy_commit, public;
SET gooseplus.bundle = 'regress_deploy_commit';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY, xact xid8 DEFAULT pg_current_xact_id());
-- the steps of each transaction that was committed
CREATE VIEW steps AS SELECT string_agg(step, ' ' ORDER BY id) AS steps FROM trail GROUP BY xact ORDER BY min(id);

INSERT INTO gooseplus_bundle VALUES
('regress_deploy_commit', 'base/00001_commit.sql', $$-- +goose Up
INSERT INTO trail VALUES ('first');
INSERT INTO trail VALUES ('first');
COMMIT;
INSERT INTO trail VALUES ('alone');
INSERT INTO trail VALUES ('alone');
$$);
CALL gooseplus_deploy();
TABLE steps;
CREATE VIEW records AS SELECT version, direction, outcome, statements, statement, partial, sqlstate, line
FROM goose_db_version_history WHERE event = 'migration' ORDER BY id;
TABLE records;

-- a file that begins and commits by itself: BEGIN is a warning of the server's, as under goose
TRUNCATE trail;
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_commit', 'base/00002_pair.sql', $$-- +goose Up
BEGIN;
INSERT INTO trail VALUES ('pair');
COMMIT;
$$),
('regress_deploy_commit', 'base/00003_pairs.sql', $$-- +goose Up
INSERT INTO trail VALUES ('chain');
COMMIT AND CHAIN;
INSERT INTO trail VALUES ('chained');
COMMIT;
BEGIN;
INSERT INTO trail VALUES ('again');
$$),
('regress_deploy_commit', 'base/00004_rollback.sql', $$-- +goose Up
INSERT INTO trail VALUES ('undone');
ROLLBACK;
INSERT INTO trail VALUES ('after');
$$),
('regress_deploy_commit', 'base/00005_savepoint.sql', $$-- +goose Up
INSERT INTO trail VALUES ('save');
SAVEPOINT a;
INSERT INTO trail VALUES ('undone');
ROLLBACK TO a;
INSERT INTO trail VALUES ('more');
RELEASE SAVEPOINT a;
SAVEPOINT b;
INSERT INTO trail VALUES ('last');
$$),
('regress_deploy_commit', 'base/00006_several.sql', $$-- +goose Up
-- +goose StatementBegin
INSERT INTO trail VALUES ('in one');
COMMIT;
INSERT INTO trail VALUES ('statement');
-- +goose StatementEnd
$$);
CALL gooseplus_deploy();
TABLE steps;
TABLE records;

-- what was committed before the failure is taken back by the Down part
TRUNCATE trail;
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_commit', 'base/00007_fails.sql', $$-- +goose Up
INSERT INTO trail VALUES ('kept');
COMMIT;
INSERT INTO trail VALUES ('too');
SELECT 1 / 0;
-- +goose Down
INSERT INTO trail VALUES ('back');
$$);
CALL gooseplus_deploy();
TABLE steps;
-- before the COMMIT nothing is
UPDATE gooseplus_bundle SET body = replace(body, 'COMMIT;
', 'SELECT 1 / 0;
COMMIT;
') WHERE bundle = 'regress_deploy_commit' AND path ~ '00007';
TRUNCATE trail;
CALL gooseplus_deploy();
TABLE steps;
SELECT * FROM records WHERE version = 7;

-- a DO block cannot commit there, as under goose
UPDATE gooseplus_bundle SET body = $$-- +goose Up
INSERT INTO trail VALUES ('undone');
DO 'BEGIN COMMIT; END';
$$ WHERE bundle = 'regress_deploy_commit' AND path ~ '00007';
CALL gooseplus_deploy();
TABLE steps;
-- what has to be outside of a transaction is not
UPDATE gooseplus_bundle SET body = $$-- +goose Up
INSERT INTO trail VALUES ('fails');
COMMIT PREPARED 'regress_gooseplus_none';
$$ WHERE bundle = 'regress_deploy_commit' AND path ~ '00007';
CALL gooseplus_deploy();
TABLE steps;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_commit';
DROP SCHEMA regress_deploy_commit CASCADE;
