-- +goose Up
-- a session that holds this lock keeps the migration from ending
SELECT pg_advisory_xact_lock(20260102);
INSERT INTO log VALUES (2);
