-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY readers_city ON readers (city);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS readers_name ON readers (name);
REINDEX INDEX CONCURRENTLY readers_city;
REINDEX TABLE readers;
VACUUM (ANALYZE) readers;

-- +goose Down
DROP INDEX CONCURRENTLY readers_name;
DROP INDEX CONCURRENTLY readers_city;
