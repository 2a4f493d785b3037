-- +goose Up
INSERT INTO works (title) VALUES ('Æsop; his fables'); INSERT INTO works (title) VALUES ('It''s');
INSERT INTO works (title, medium)
    VALUES ('Terra incognita', 'map'); -- the only map

-- +goose Down
DELETE FROM works;
