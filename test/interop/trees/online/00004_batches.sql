-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
    changed int;
BEGIN
    LOOP
        UPDATE readers SET visits = 1
         WHERE id IN (SELECT id FROM readers WHERE visits = 0 ORDER BY id LIMIT 70);
        GET DIAGNOSTICS changed = ROW_COUNT;
        INSERT INTO notes VALUES ('batch of ' || changed);
        COMMIT;
        EXIT WHEN changed = 0;
        INSERT INTO notes VALUES ('never there');
        ROLLBACK;
    END LOOP;
END;
$$;
-- +goose StatementEnd
ALTER TABLE readers ADD CONSTRAINT visited CHECK (visits > 0) NOT VALID;
ALTER TABLE readers VALIDATE CONSTRAINT visited;

-- +goose Down
ALTER TABLE readers DROP CONSTRAINT visited;
-- +goose StatementBegin
DO $$
BEGIN
    FOR i IN 0 .. 6 LOOP
        UPDATE readers SET visits = 0 WHERE city = 'city ' || i;
        COMMIT;
    END LOOP;
    DELETE FROM notes WHERE note LIKE 'batch%';
END;
$$;
-- +goose StatementEnd
