-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS keepsakes (note text);
CREATE INDEX CONCURRENTLY IF NOT EXISTS keepsakes_note ON keepsakes (note);
