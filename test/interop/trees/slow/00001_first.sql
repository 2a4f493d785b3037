-- +goose Up
CREATE TABLE log (version bigint, at timestamptz DEFAULT clock_timestamp());
INSERT INTO log VALUES (1);
