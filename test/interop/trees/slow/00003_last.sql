-- +goose Up
INSERT INTO log VALUES (3);
