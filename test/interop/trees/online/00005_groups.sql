-- transactions of the file, and several commands in one statement, which are
-- a transaction, too
-- +goose NO TRANSACTION
-- +goose Up
BEGIN;
CREATE TABLE loans (reader int REFERENCES readers DEFERRABLE INITIALLY DEFERRED);
INSERT INTO loans VALUES (1);
SAVEPOINT before;
INSERT INTO loans VALUES (2);
ROLLBACK TO before;
INSERT INTO loans VALUES (3);
COMMIT;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE;
INSERT INTO loans VALUES (4);
ROLLBACK;
CREATE INDEX CONCURRENTLY loans_reader ON loans (reader);
-- +goose StatementBegin
SET LOCAL application_name = 'implicit';
INSERT INTO notes SELECT 'group: ' || current_setting('application_name');
INSERT INTO loans VALUES (1000);
UPDATE loans SET reader = 5 WHERE reader = 1000;
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO loans VALUES (6);
BEGIN;
INSERT INTO loans VALUES (7);
ROLLBACK;
INSERT INTO loans VALUES (8);
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO loans VALUES (9);
COMMIT;
INSERT INTO loans VALUES (10);
ROLLBACK;
INSERT INTO loans VALUES (11);
-- +goose StatementEnd
SET LOCAL search_path = nowhere;

-- +goose Down
BEGIN;
DELETE FROM notes WHERE note LIKE 'group%';
DROP TABLE loans;
COMMIT;
