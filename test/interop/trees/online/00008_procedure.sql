-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
CREATE PROCEDURE count_to(last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. last LOOP
        INSERT INTO notes VALUES ('count ' || i);
        IF i % 2 = 0 THEN
            COMMIT;
        ELSE
            ROLLBACK;
        END IF;
    END LOOP;
END;
$$;
-- +goose StatementEnd
CALL count_to(9);
DROP PROCEDURE count_to;

-- +goose Down
DELETE FROM notes WHERE note LIKE 'count%';
