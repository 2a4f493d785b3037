-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE visits (reader int, day date) PARTITION BY RANGE (day);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX visits_reader ON ONLY visits (reader);
CREATE INDEX CONCURRENTLY visits_2025_reader ON visits_2025 (reader);
ALTER INDEX visits_reader ATTACH PARTITION visits_2025_reader;
CREATE INDEX CONCURRENTLY visits_2026_reader ON visits_2026 (reader);
ALTER INDEX visits_reader ATTACH PARTITION visits_2026_reader;
ALTER TABLE visits DETACH PARTITION visits_2025 CONCURRENTLY;

-- +goose Down
DROP TABLE visits_2025;
DROP TABLE visits;
