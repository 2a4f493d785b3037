-- +goose Up
CREATE TABLE never_there ();
ROLLBACK;
INSERT INTO notes VALUES ('after a rollback');

-- +goose Down
DELETE FROM notes WHERE note LIKE 'after%';
