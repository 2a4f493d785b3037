-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE loans (work bigint REFERENCES works, reader text);
CREATE INDEX CONCURRENTLY loans_reader ON loans (reader);

-- +goose Down
DROP INDEX CONCURRENTLY loans_reader;
DROP TABLE loans;
