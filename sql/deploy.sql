-- deploy: CALL gooseplus_deploy commits each migration, with its version.
SET client_min_messages = warning;
CREATE SCHEMA regress_deploy;
SET search_path = regress_deploy, public;
SET gooseplus.bundle = 'regress_deploy';
INSERT INTO gooseplus_bundle VALUES
('regress_deploy', 'base/00001_person.sql', $$-- +goose Up
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person VALUES (1, 'Ada'), (2, 'Bob');
-- its transaction is its own
CREATE TABLE trail AS SELECT 1 AS step, pg_current_xact_id() AS id, now() AS begun, count(*) FROM goose_db_version;

-- +goose Down
DROP TABLE trail, person;
$$),
('regress_deploy', 'base/00002_plain.sql', $$-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO trail SELECT 2, pg_current_xact_id(), now(), count(*) FROM goose_db_version;
INSERT INTO trail SELECT 2, pg_current_xact_id(), now(), count(*) FROM goose_db_version;

-- +goose Down
DELETE FROM trail WHERE step = 2;
$$),
('regress_deploy', 'base/00003_empty.sql', $$-- +goose Up
$$),
('regress_deploy', 'base/00005_again.sql', $$-- +goose Up
INSERT INTO trail SELECT 5, pg_current_xact_id(), now(), count(*) FROM goose_db_version;
INSERT INTO trail SELECT 5, pg_current_xact_id(), now(), count(*) FROM goose_db_version;
$$),
('regress_deploy', 'eu/00004_eu.sql', $$-- +goose Up
INSERT INTO trail SELECT 4, pg_current_xact_id(), now(), count(*) FROM goose_db_version;
$$),
('regress_deploy', 'staging/00006_staging.sql', $$-- +goose ENVSUB ON
-- +goose Up
INSERT INTO person VALUES (6, '${NAME}');
$$);

-- up to a version
CALL gooseplus_deploy('eu', 1);
SELECT version_id, is_applied FROM goose_db_version ORDER BY id;
CALL gooseplus_deploy(version => 2);
-- the rest, with the files of two environments
CALL gooseplus_deploy('eu, staging', options => '{"variables": {"NAME": "Cy"}}');
SELECT version_id, is_applied FROM goose_db_version ORDER BY id;
SELECT name FROM person ORDER BY id;
-- one transaction, or one for each statement; the version is recorded at the end
SELECT step, count AS versions, row_number() OVER (PARTITION BY id ORDER BY step) AS nth,
    count(*) OVER (PARTITION BY id) AS of, count(*) OVER (PARTITION BY begun) AS same_time
FROM trail ORDER BY step, id::text::bigint, nth;
SELECT version, source, environment, state FROM gooseplus_status('eu,staging');

-- nothing left to do; that is no run
SELECT count(*) FROM goose_db_version_history;
CALL gooseplus_deploy('eu,staging');
CALL gooseplus_deploy('eu,staging', 2, '{"verbose": true}');
SELECT count(*) FROM goose_db_version_history;
CALL gooseplus_deploy(NULL, NULL, '{}', NULL);
SELECT count(*) FROM goose_db_version_history;

-- a lower version that comes later
INSERT INTO gooseplus_bundle VALUES ('regress_deploy', 'us/00004_us.sql', '-- +goose Up'),
('regress_deploy', 'late/00000001_late.sql', '-- +goose Up');
DELETE FROM goose_db_version WHERE version_id = 4;
CALL gooseplus_deploy('us');
CALL gooseplus_deploy('us', options => '{"allow_out_of_order": true}');
CALL gooseplus_deploy('eu,us');
CALL gooseplus_deploy('nowhere');
SELECT version_id FROM goose_db_version ORDER BY id;

-- no lock is left
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

DELETE FROM gooseplus_bundle WHERE bundle = 'regress_deploy';
DROP SCHEMA regress_deploy CASCADE;
