-- history_atomic: a run of one transaction records itself in it.
SET client_min_messages = warning;
CREATE SCHEMA regress_history_atomic;
SET search_path = regress_history_atomic, public;
SET gooseplus.bundle = 'regress_history_atomic';
INSERT INTO gooseplus_bundle VALUES
('regress_history_atomic', 'base/00001_one.sql', '-- +goose Up
CREATE TABLE item AS SELECT generate_series(1, 5) AS id;
UPDATE item SET id = id + 10;
-- +goose Down
DROP TABLE item;'),
('regress_history_atomic', 'base/00002_two.sql', '-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO item VALUES (1), (2), (3);
-- +goose Down
DELETE FROM item WHERE id < 10;'),
('regress_history_atomic', 'bad/00003_bad.sql', '-- +goose Up
SELECT 1 / 0;');

-- it goes with its transaction
BEGIN;
SELECT version, state FROM gooseplus_migrate();
SELECT event, version, source, direction, statements, rows, outcome, statement, partial FROM goose_db_version_history ORDER BY id;
ROLLBACK;
SELECT to_regclass('goose_db_version_history'), to_regclass('goose_db_version');
SELECT count(*) FROM gooseplus_migrate();
SELECT count(*) FROM goose_db_version_history;
-- and with its error, even if that is caught; one that is returned is told
SELECT gooseplus_migrate('bad');
DO 'BEGIN PERFORM gooseplus_migrate(''bad''); EXCEPTION WHEN division_by_zero THEN NULL; END';
SELECT version, state FROM gooseplus_migrate('bad', '{"on_error": "return"}');
SELECT count(*) FROM goose_db_version_history;
-- no run, no row
SELECT count(*) FROM gooseplus_migrate();
SELECT count(*) FROM gooseplus_status();
SELECT count(*) FROM goose_db_version_history;

-- the other commands
SELECT count(*) FROM gooseplus_redo();
SELECT count(*) FROM gooseplus_down();
SELECT count(*) FROM gooseplus_up_by_one();
SELECT count(*) FROM gooseplus_reset();
SELECT count(*) FROM gooseplus_apply_version(1, 'up');
SELECT count(*) FROM gooseplus_baseline(2);
SELECT event, version, direction, statements, rows, outcome FROM goose_db_version_history WHERE id > 3 ORDER BY id;
SELECT count(*) AS runs, bool_and(count = 1) AS have_one_row FROM (SELECT count(*) FILTER (WHERE event = 'run')
    FROM goose_db_version_history GROUP BY run) AS r;
SELECT bool_and(duration >= '0' AND ended >= started AND role = current_user) FROM goose_db_version_history;
-- deploys and these go on with one history
CALL gooseplus_revert(0);
SELECT event, version, direction, outcome FROM goose_db_version_history ORDER BY id DESC LIMIT 3;

-- off, and without versions
SELECT count(*) AS before FROM goose_db_version_history \gset
SELECT count(*) FROM gooseplus_migrate(options => '{"history": false}');
DROP TABLE item;
SELECT count(*) FROM gooseplus_migrate(options => '{"versioning": false}');
SELECT count(*) - :before AS more FROM goose_db_version_history;

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_history_atomic';
DROP SCHEMA regress_history_atomic CASCADE;
