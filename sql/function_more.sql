-- function_more: what gooseplus_register and gooseplus_create refuse.
SET client_min_messages = warning;
CREATE SCHEMA regress_function_more;
SET search_path = regress_function_more, public;
CREATE FUNCTION attempt(call text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call INTO message;
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL;
END;
$$;
CREATE FUNCTION of_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION of_events() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE PROCEDURE gives(OUT n int) LANGUAGE plpgsql AS $$ BEGIN n := 1; END $$;
CREATE FUNCTION plain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
\x on
\pset format unaligned
SELECT call, a.* FROM string_to_table($$gooseplus_register(30, 'of_rows()')
gooseplus_register(30, 'plain()', 'of_rows()')
gooseplus_register(30, 'of_events()')
gooseplus_register(30, (SELECT oid FROM pg_proc WHERE proname = 'gives')::regprocedure)
gooseplus_register(30, NULL, (SELECT oid FROM pg_proc WHERE proname = 'gives')::regprocedure)
gooseplus_register(30, 'plain()', env => 'base,production')
gooseplus_register(30, 'plain()', env => 'production,base')
gooseplus_register(30, 'plain()', env => 'eu,production')
gooseplus_unregister(30, 'base,production')
gooseplus_create('x', 'base,production')
gooseplus_create('x', 'production,base')$$, E'\n') AS call, attempt(call) AS a;
\x off
\pset format aligned
SELECT count(*) FROM gooseplus_function WHERE version = 30;

DELETE FROM gooseplus_function WHERE version = 30;

-- a procedure that commits is for a deploy
CREATE TABLE batch (number int);
CREATE PROCEDURE in_batches() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..2 LOOP
        INSERT INTO batch VALUES (i);
        COMMIT;
    END LOOP;
END $$;
SELECT gooseplus_bundle_put('regress_function_more', 'base/00031_last.sql', E'-- +goose Up\nSELECT 1;');
SET gooseplus.bundle = 'regress_function_more';
SET client_min_messages = warning;
SELECT gooseplus_register(30, 'in_batches()');
SELECT count(*) FROM gooseplus_migrate();
SELECT count(*) FROM batch;
CALL gooseplus_deploy();
SELECT number FROM batch;
SELECT version, state FROM gooseplus_status();
SELECT gooseplus_unregister(30);
SELECT gooseplus_bundle_drop('regress_function_more');
DROP SCHEMA regress_function_more CASCADE;
