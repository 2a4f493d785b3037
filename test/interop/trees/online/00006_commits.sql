-- a migration that commits in its middle, and goes on
-- +goose Up
CREATE TYPE shelf AS ENUM ('low');
COMMIT;
ALTER TYPE shelf ADD VALUE 'high';
CREATE TABLE shelves (shelf shelf DEFAULT 'high');
BEGIN;
INSERT INTO shelves DEFAULT VALUES;

-- +goose Down
DROP TABLE shelves;
COMMIT;
BEGIN;
DROP TYPE shelf;
COMMIT;
