-- +goose Up
CREATE TABLE readers (
    id int PRIMARY KEY,
    name text,
    city text,
    visits int NOT NULL DEFAULT 0
);
INSERT INTO readers (id, name, city)
    SELECT i, 'reader ' || i, 'city ' || i % 7 FROM generate_series(1, 300) i;
CREATE TABLE notes (note text);

-- +goose Down
DROP TABLE notes;
DROP TABLE readers;
