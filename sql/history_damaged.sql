-- history_damaged: what somebody has taken out of the history is not known, and nothing worse.
SET client_min_messages = warning;
CREATE SCHEMA regress_history_damaged;
SET search_path = regress_history_damaged, public;
SET gooseplus.bundle = 'regress_history_damaged';
SET gooseplus.rollback_on_failure = off;
INSERT INTO gooseplus_bundle VALUES
('regress_history_damaged', 'base/00001_one.sql', E'-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT -1;'),
('regress_history_damaged', 'base/00002_two.sql', E'-- +goose Up\nSELECT 2;\n-- +goose Down\nSELECT -2;'),
('regress_history_damaged', 'eu/00003_three.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 3;\n-- +goose Down\nSELECT -3;'),
('regress_history_damaged', 'base/00004_half.sql', E'-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 4;\nSELECT 1 / 0;\n-- +goose Down\nSELECT -4;'),
('regress_history_damaged', 'base/R_view.sql', E'-- +goose Up\nSELECT 5;');
CALL gooseplus_deploy('eu', 3);
SELECT count(*) FROM gooseplus_migrate('eu', '{"exclude_versions": [4]}');
CALL gooseplus_deploy('eu');
UPDATE gooseplus_bundle SET body = body || '2' WHERE bundle = 'regress_history_damaged' AND path ~ '2_two';
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_history_damaged' AND path ~ '3_three';

-- does something, and undoes it
CREATE FUNCTION attempt(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(concat_ws('' '', r.version, r.state), '', '') FROM %s r', call) INTO result;
    RAISE SQLSTATE 'R0001';
EXCEPTION WHEN SQLSTATE 'R0001' THEN
    RETURN result;
WHEN OTHERS THEN
    RETURN format('%s: %s', SQLSTATE, SQLERRM);
END;
$$;
CREATE FUNCTION without(name text, OUT status text, OUT down text, OUT migrate text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE goose_db_version_history SET %I = NULL', name);
    status := attempt('gooseplus_status(''eu'')');
    migrate := attempt('gooseplus_migrate(''eu'')');
    -- nothing is taken back below a half applied one
    UPDATE goose_db_version_history SET outcome = 'superseded' WHERE version = 4;
    down := attempt('gooseplus_down(''eu'')');
    RAISE SQLSTATE 'R0001';
EXCEPTION WHEN SQLSTATE 'R0001' THEN
    RETURN;
END;
$$;
SET client_min_messages = error;
\x
SELECT attname AS without, f.* FROM pg_attribute, without(attname) f
WHERE attrelid = 'goose_db_version_history'::regclass AND attnum > 0 AND NOT attnotnull ORDER BY attnum;
\x
UPDATE goose_db_version_history SET outcome = 'superseded' WHERE version = 4;
SELECT attempt('gooseplus_status(''eu'')'), attempt('gooseplus_down(''eu'')');
SELECT gooseplus_bundle_drop('regress_history_damaged');
DROP SCHEMA regress_history_damaged CASCADE;
