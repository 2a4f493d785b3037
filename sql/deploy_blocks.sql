-- deploy_blocks: BEGIN, COMMIT and the like in a file do what they do under goose.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_blocks;
SET search_path = regress_deploy_blocks, public;
SET gooseplus.bundle = 'regress_deploy_blocks';
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY, xact xid8 DEFAULT pg_current_xact_id());
-- the steps of each transaction that was committed
CREATE VIEW steps AS SELECT string_agg(step, ' ' ORDER BY id) AS steps FROM trail GROUP BY xact ORDER BY min(id);

-- without a transaction: each statement, block and DO with COMMIT by itself
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_blocks', 'base/00001_none.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('alone');
BEGIN;
INSERT INTO trail VALUES ('block');
INSERT INTO trail VALUES ('block');
COMMIT;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE;
SET TRANSACTION READ WRITE;
INSERT INTO trail SELECT current_setting('transaction_isolation');
SAVEPOINT a;
INSERT INTO trail VALUES ('rolled back to a savepoint');
ROLLBACK TO a;
INSERT INTO trail VALUES ('after');
RELEASE a;
END;
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SELECT current_setting('transaction_read_only')::bool;
ROLLBACK;
BEGIN;
INSERT INTO trail VALUES ('rolled back');
ROLLBACK;
BEGIN;
INSERT INTO trail VALUES ('link1');
COMMIT AND CHAIN;
INSERT INTO trail VALUES ('link2');
ROLLBACK AND CHAIN;
INSERT INTO trail VALUES ('link3');
COMMIT;
DO $do$
BEGIN
    FOR batch IN 1 .. 3 LOOP
        INSERT INTO trail VALUES ('batch'), (batch);
        IF batch = 2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
    INSERT INTO trail VALUES ('rest');
END $do$;
CREATE PROCEDURE batches() LANGUAGE plpgsql AS $do$
BEGIN
    INSERT INTO trail VALUES ('call');
    COMMIT;
    INSERT INTO trail VALUES ('called');
END $do$;
CALL batches();
DROP PROCEDURE batches();
$$);
CALL gooseplus_deploy();
TABLE steps;
SELECT outcome, statements, statement, partial FROM goose_db_version_history WHERE event = 'migration';

-- several commands that goose sends at once are all or nothing
TRUNCATE trail;
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_blocks', 'base/00002_several.sql', $$-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
INSERT INTO trail VALUES ('one');
INSERT INTO trail VALUES ('two');
INSERT INTO trail VALUES ('three');
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO trail VALUES ('four');
COMMIT;
INSERT INTO trail VALUES ('five');
BEGIN;
INSERT INTO trail VALUES ('six');
-- +goose StatementEnd
INSERT INTO trail VALUES ('seven');
COMMIT;
$$),
('regress_deploy_blocks', 'base/00003_fails.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('before');
-- +goose StatementBegin
INSERT INTO trail VALUES ('in the block');
SELECT 1 / 0;
INSERT INTO trail VALUES ('never');
-- +goose StatementEnd
$$);
CALL gooseplus_deploy(options => '{"rollback_on_failure": false}');
TABLE steps;
SELECT version, outcome, statements, statement, partial, line FROM goose_db_version_history
WHERE event = 'migration' AND version > 1 ORDER BY id;
CALL gooseplus_revert(2);
-- some must be alone
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
INSERT INTO trail VALUES ('with VACUUM');
VACUUM trail;
-- +goose StatementEnd
$$, path = 'base/00004_vacuum.sql' WHERE bundle = 'regress_deploy_blocks' AND path ~ '00003';
TRUNCATE trail;
CALL gooseplus_deploy();
TABLE steps;

-- a BEGIN that is never closed is undone, and an error
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail VALUES ('before');
BEGIN;
INSERT INTO trail VALUES ('open');
-- +goose Down
INSERT INTO trail VALUES ('taken back');
$$, path = 'base/00004_open.sql' WHERE bundle = 'regress_deploy_blocks' AND path ~ '00004';
CALL gooseplus_deploy();
TABLE steps;
SELECT max(version_id) FROM goose_db_version;
-- so is an error inside of it
UPDATE gooseplus_bundle SET body = replace(body, '''open'');', '''open'');
SELECT 1 / 0;
COMMIT;') WHERE bundle = 'regress_deploy_blocks' AND path ~ '00004';
TRUNCATE trail;
CALL gooseplus_deploy();
TABLE steps;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_blocks';
DROP SCHEMA regress_deploy_blocks CASCADE;
