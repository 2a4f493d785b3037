-- a value of an enum can be used once it is committed
-- +goose NO TRANSACTION
-- +goose Up
CREATE TYPE state AS ENUM ('open');
ALTER TABLE readers ADD COLUMN state state NOT NULL DEFAULT 'open';
ALTER TYPE state ADD VALUE 'closed' BEFORE 'open';
UPDATE readers SET state = 'closed' WHERE id % 10 = 0;

-- +goose Down
ALTER TABLE readers DROP COLUMN state;
DROP TYPE state;
