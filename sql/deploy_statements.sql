-- deploy_statements: statements find what those before them have left in the session.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy_statements;
SET search_path = regress_deploy_statements, public;
SET gooseplus.bundle = 'regress_deploy_statements';
CREATE TABLE item (id int PRIMARY KEY, name text);
INSERT INTO item VALUES (1, 'a'), (2, 'b'), (3, 'c');
CREATE MATERIALIZED VIEW names AS SELECT id, name FROM item;
CREATE UNIQUE INDEX ON names (id);
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_statements', 'base/00001_session.sql', $$-- +goose NO TRANSACTION
-- +goose Up
PREPARE add_item(int, text) AS INSERT INTO item VALUES ($1, $2);
EXECUTE add_item(4, 'prepared');
DEALLOCATE add_item;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM item ORDER BY id DESC;
FETCH 2 FROM held;
CLOSE held;
CREATE TEMP TABLE kept AS SELECT 5 AS id, 'temporary' AS name;
CREATE TEMP TABLE emptied (id int) ON COMMIT DELETE ROWS;
INSERT INTO emptied VALUES (1);
INSERT INTO item SELECT id, name FROM kept WHERE NOT EXISTS (SELECT FROM emptied);
DROP TABLE kept, emptied;
BEGIN;
LOCK TABLE item IN ACCESS EXCLUSIVE MODE;
DECLARE found CURSOR FOR SELECT * FROM item ORDER BY id FOR UPDATE;
FETCH 3 FROM found;
UPDATE item SET name = 'by cursor' WHERE CURRENT OF found;
COMMIT;
REFRESH MATERIALIZED VIEW CONCURRENTLY names;
-- outside of a block these do nothing
SET LOCAL work_mem = '1MB';
SET CONSTRAINTS ALL DEFERRED;
COMMIT;
EXPLAIN (COSTS off) SELECT 1;
SHOW work_mem;
CHECKPOINT;
;
SELECT 1; SELECT 2;
CREATE FUNCTION one() RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT 1;
END;
TABLE item;
$$);
CALL gooseplus_deploy();
SELECT * FROM names ORDER BY id;
SELECT outcome, statements FROM goose_db_version_history WHERE event = 'migration';
SELECT count(*) FROM pg_cursors WHERE name IN ('held', 'found');
SELECT count(*) FROM pg_prepared_statements;

-- what is prepared would be nobody's
INSERT INTO gooseplus_bundle VALUES
('regress_deploy_statements', 'base/00002_prepare.sql', $$-- +goose NO TRANSACTION
-- +goose Up
BEGIN;
INSERT INTO item VALUES (9, 'never');
PREPARE TRANSACTION 'regress_deploy_statements';
$$);
CALL gooseplus_deploy();
SELECT count(*) FROM pg_prepared_xacts;

-- what needs a block is an error without one
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
LOCK TABLE item;
$$ WHERE bundle = 'regress_deploy_statements' AND path ~ '2_prepare';
CALL gooseplus_deploy();
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
SAVEPOINT a;
$$ WHERE bundle = 'regress_deploy_statements' AND path ~ '2_prepare';
CALL gooseplus_deploy();
-- in one statement with others there is one, as under goose
UPDATE gooseplus_bundle SET body = $$-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
DECLARE found CURSOR FOR SELECT * FROM item ORDER BY id DESC FOR UPDATE;
FETCH 1 FROM found;
UPDATE item SET name = 'in one' WHERE CURRENT OF found;
-- +goose StatementEnd
$$ WHERE bundle = 'regress_deploy_statements' AND path ~ '2_prepare';
CALL gooseplus_deploy();
SELECT * FROM item WHERE name = 'in one';

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy_statements';
DROP SCHEMA regress_deploy_statements CASCADE;
