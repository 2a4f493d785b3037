-- +goose Up
ALTER TABLE loans ADD COLUMN due date;
-- +goose StatementBegin
CREATE FUNCTION set_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due := date '2026-01-01';
    RETURN NEW;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER set_due BEFORE INSERT ON loans
    FOR EACH ROW EXECUTE FUNCTION set_due();
INSERT INTO loans (work, reader) SELECT min(id), 'Ada' FROM works;

-- +goose Down
DROP TRIGGER set_due ON loans;
DROP FUNCTION set_due();
ALTER TABLE loans DROP COLUMN due;
DELETE FROM loans;
