-- set_constraints: SET CONSTRAINTS ALL counts for its migration, all of it, and for no other.
SET client_min_messages = warning;
CREATE SCHEMA regress_set_constraints;
SET search_path = regress_set_constraints, public;
SET gooseplus.bundle = 'regress_set_constraints';
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (early int CONSTRAINT early REFERENCES parent DEFERRABLE);

-- for constraints that are there, and for those that are made after it
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00001_deferred.sql', $$-- +goose Up
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO child VALUES (1);
CREATE TABLE later (id int CONSTRAINT later REFERENCES parent DEFERRABLE);
INSERT INTO later VALUES (1);
CREATE TABLE by_alter (id int);
ALTER TABLE by_alter ADD CONSTRAINT by_alter FOREIGN KEY (id) REFERENCES parent DEFERRABLE;
INSERT INTO by_alter VALUES (1);
INSERT INTO parent VALUES (1);
$$);
SELECT version, state FROM gooseplus_migrate();
TABLE later;
TABLE by_alter;

-- also when it is the other way round
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00002_immediate.sql', $$-- +goose Up
SET CONSTRAINTS ALL IMMEDIATE;
CREATE TABLE strict (id int CONSTRAINT strict REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
INSERT INTO strict VALUES (2);
INSERT INTO parent VALUES (2);
$$);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00002_immediate.sql', $$-- +goose Up
SET CONSTRAINTS ALL DEFERRED;
SET CONSTRAINTS ALL IMMEDIATE;
CREATE TABLE strict (id int CONSTRAINT strict REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
$$);
-- the next migration finds each constraint as it is defined: this fails
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00003_next.sql', $$-- +goose Up
INSERT INTO strict VALUES (3);
INSERT INTO parent VALUES (3);
INSERT INTO later VALUES (4);
INSERT INTO parent VALUES (4);
$$);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
-- and a constraint that it makes itself
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00002_immediate.sql', $$-- +goose Up
SET CONSTRAINTS ALL DEFERRED;
$$);
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00003_next.sql', $$-- +goose Up
CREATE TABLE fresh (id int CONSTRAINT fresh REFERENCES parent DEFERRABLE);
INSERT INTO fresh VALUES (5);
INSERT INTO parent VALUES (5);
$$);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE

-- the caller finds each constraint as it is defined, too
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00003_next.sql', $$-- +goose Up
CREATE TABLE fresh (id int CONSTRAINT fresh REFERENCES parent DEFERRABLE);
CREATE TABLE lazy (id int CONSTRAINT lazy REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
SET CONSTRAINTS ALL DEFERRED;
$$);
BEGIN;
SELECT version, state FROM gooseplus_migrate();
CREATE TABLE after (id int CONSTRAINT after REFERENCES parent DEFERRABLE);
SAVEPOINT before;
INSERT INTO fresh VALUES (6);
ROLLBACK TO before;
INSERT INTO child VALUES (6);
ROLLBACK TO before;
INSERT INTO after VALUES (6);
ROLLBACK TO before;
INSERT INTO lazy VALUES (6);
INSERT INTO parent VALUES (6);
COMMIT;
TABLE lazy;

-- the role that the migration switches to may not know the schema
CREATE SCHEMA regress_closed;
CREATE ROLE regress_closed_role;
CREATE TABLE regress_closed.parent (id int PRIMARY KEY);
CREATE TABLE regress_closed.child (id int CONSTRAINT early
    REFERENCES regress_closed.parent DEFERRABLE);
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00004_role.sql', $$-- +goose Up
SET CONSTRAINTS ALL DEFERRED;
SET ROLE regress_closed_role;
$$);
SELECT gooseplus_bundle_put('regress_set_constraints', 'base/00005_early.sql', $$-- +goose Up
INSERT INTO regress_closed.child VALUES (1);
INSERT INTO regress_closed.parent VALUES (1);
$$);
SELECT gooseplus_migrate();
\echo :LAST_ERROR_SQLSTATE
DROP SCHEMA regress_closed CASCADE;
DROP ROLE regress_closed_role;

SELECT gooseplus_bundle_drop('regress_set_constraints');
DROP SCHEMA regress_set_constraints CASCADE;
