-- hazards of ALTER TABLE: each with its place and the safer way, and where there is none.
SET client_min_messages = warning;
CREATE SCHEMA regress_hazards;
SET search_path = regress_hazards, public;
SET gooseplus.bundle = 'regress_hazards';
-- the hazards of one migration
CREATE FUNCTION hazards(script text) RETURNS TABLE (line int, hazard text) LANGUAGE sql AS $$
SELECT gooseplus_bundle_put('regress_hazards', 'base/00001_plan.sql', E'-- +goose Up\n' || script);
SELECT line, hazard FROM gooseplus_plan() WHERE hazard IS NOT NULL;
$$;
-- the same for ALTER TABLE t
CREATE FUNCTION alters(part text) RETURNS TABLE (hazard text) LANGUAGE sql AS $$
SELECT hazard FROM hazards('ALTER TABLE t ' || part || ';');
$$;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN just_text AS text;
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, v varchar(20), tx text, n numeric(10,2), ts timestamp,
    tz timestamptz, b bit varying(8), checked int CHECK (checked IS NOT NULL AND checked > 0),
    unchecked int, late int, either int CHECK (either IS NOT NULL OR id > 0), "Odd Name" int);
ALTER TABLE t ADD CONSTRAINT late CHECK (late IS NOT NULL) NOT VALID;

-- a default that is another one for each row
SELECT * FROM alters('ADD COLUMN c float DEFAULT random()');
SELECT * FROM alters('ADD COLUMN c text DEFAULT clock_timestamp()::text');
SELECT * FROM alters('ADD COLUMN c uuid DEFAULT gen_random_uuid(), ADD d int DEFAULT 1');
SELECT * FROM alters('ADD COLUMN c serial');
SELECT * FROM alters('ADD COLUMN c bigint GENERATED ALWAYS AS IDENTITY');
SELECT * FROM alters('ADD COLUMN c int GENERATED ALWAYS AS (id * 2) STORED');
-- one that is not
SELECT * FROM alters('ADD COLUMN c int');
SELECT * FROM alters('ADD COLUMN c int NOT NULL DEFAULT 42');
SELECT * FROM alters('ADD COLUMN c timestamptz DEFAULT now()');
SELECT * FROM alters($$ADD COLUMN c text DEFAULT 'random()'$$);
SELECT * FROM alters('ADD COLUMN c just_text');
SELECT * FROM alters('ADD COLUMN IF NOT EXISTS v text DEFAULT random()::text');
SELECT * FROM alters('ALTER COLUMN id SET DEFAULT random()');
-- a function that the plan creates: nothing is said
SELECT * FROM hazards($$CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER TABLE t ADD COLUMN c int DEFAULT mine();$$);
-- functions of one's own are looked at, and not called
CREATE FUNCTION volatile_one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END';
CREATE FUNCTION constant_one() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''called''; END';
SELECT * FROM alters('ADD COLUMN c int DEFAULT volatile_one()');
SELECT * FROM alters('ADD COLUMN c int DEFAULT constant_one()');
SELECT * FROM alters('ALTER COLUMN id TYPE int USING constant_one()');

-- SET NOT NULL, and what makes it harmless
SELECT * FROM alters('ALTER COLUMN unchecked SET NOT NULL');
SELECT * FROM alters('ALTER COLUMN "Odd Name" SET NOT NULL');
SELECT * FROM alters('ALTER COLUMN late SET NOT NULL');
SELECT * FROM alters('ALTER COLUMN either SET NOT NULL');
SELECT * FROM alters('ALTER COLUMN id SET NOT NULL, ALTER checked SET NOT NULL');
SELECT * FROM hazards('ALTER TABLE t VALIDATE CONSTRAINT late;
ALTER TABLE t ALTER COLUMN late SET NOT NULL;');
-- the safe way for a column of this very plan, and half of it
SELECT * FROM hazards('-- +goose NO TRANSACTION
ALTER TABLE t ADD COLUMN c int;
ALTER TABLE t ADD CONSTRAINT c CHECK (c > 1 AND c IS NOT NULL) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT c;
ALTER TABLE t ALTER COLUMN c SET NOT NULL;');
SELECT * FROM hazards('-- +goose NO TRANSACTION
ALTER TABLE t ADD COLUMN c int;
ALTER TABLE t ADD CONSTRAINT c CHECK (c IS NOT NULL) NOT VALID;

ALTER TABLE t ALTER COLUMN c SET NOT NULL;');
-- validated under the lock of adding it
SELECT * FROM hazards('ALTER TABLE t ADD CONSTRAINT c CHECK (unchecked IS NOT NULL) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT c;');

-- a type that is stored otherwise
SELECT * FROM alters('ALTER COLUMN id TYPE bigint');
SELECT * FROM alters('ALTER COLUMN v TYPE varchar(10)');
SELECT * FROM alters('ALTER COLUMN tx TYPE varchar(10)');
SELECT * FROM alters('ALTER COLUMN n TYPE numeric(10,4)');
SELECT * FROM alters('ALTER COLUMN id TYPE positive');
SELECT * FROM alters('ALTER COLUMN id TYPE int USING id + 1');
SELECT * FROM alters('ALTER COLUMN id TYPE int USING unchecked');
SELECT * FROM alters('ALTER COLUMN tx TYPE int USING tx::int');
-- one that is not
SELECT * FROM alters('ALTER COLUMN id TYPE int, ALTER v TYPE varchar(30), ALTER n TYPE numeric(12,2)');
SELECT * FROM alters('ALTER COLUMN v TYPE text, ALTER tx TYPE varchar, ALTER b TYPE varbit(9)');
SELECT * FROM alters('ALTER COLUMN tx TYPE just_text, ALTER id TYPE int USING id, ALTER v TYPE text USING v::text');
-- which depends on the time zone
SET timezone = 'UTC';
SELECT * FROM alters('ALTER COLUMN ts TYPE timestamptz, ALTER tz TYPE timestamp');
SET timezone = 'Europe/Berlin';
SELECT * FROM alters('ALTER COLUMN ts TYPE timestamptz, ALTER tz TYPE timestamp');
RESET timezone;
-- what cannot be told, or is an error of its own
SELECT * FROM alters('ALTER COLUMN nothing TYPE text');
SELECT * FROM alters('ALTER COLUMN id TYPE nothing');
SELECT * FROM alters('ALTER COLUMN id TYPE int USING nothing + 1');

-- constraints
SELECT * FROM alters('ADD FOREIGN KEY (id) REFERENCES other');
SELECT * FROM alters('ADD FOREIGN KEY (id) REFERENCES other NOT VALID');
SELECT * FROM alters('ADD COLUMN c int REFERENCES other');
SELECT * FROM alters('ADD COLUMN c int DEFAULT 1 REFERENCES other');
SELECT * FROM alters('ADD CHECK (id > 0)');
SELECT * FROM alters('ADD CHECK (id > 0) NOT VALID');
SELECT * FROM alters('ADD COLUMN c int UNIQUE CHECK (c > 0)');
SELECT * FROM alters('ADD UNIQUE (v)');
SELECT * FROM alters('ADD CONSTRAINT x UNIQUE USING INDEX y');
SELECT * FROM alters('ADD PRIMARY KEY (tx)');
SELECT * FROM alters('ADD EXCLUDE USING gist (v WITH =)');
SELECT * FROM alters('SET UNLOGGED');
SELECT * FROM alters('SET LOGGED, SET TABLESPACE pg_default');
SELECT * FROM alters('SET TABLESPACE pg_global');
SELECT * FROM alters('SET (fillfactor = 70), ADD COLUMN c int, DROP COLUMN v, RESET (fillfactor)');

-- several in one statement, and several statements in one
SELECT * FROM hazards('ALTER TABLE t
    ADD COLUMN c float
        DEFAULT random(),
    ADD CHECK (id > 0),
    ALTER v TYPE int USING 1;
-- +goose StatementBegin
SELECT 1; /* ALTER TABLE t */
-- and then
ALTER TABLE t ALTER unchecked SET NOT NULL; ALTER TABLE t ADD UNIQUE (v);
-- +goose StatementEnd');
-- the safer way, of each kind
SELECT count(*) FROM hazards('ALTER TABLE t ADD c float DEFAULT random(), ADD d positive,
    ALTER "Odd Name" SET NOT NULL, ALTER id TYPE bigint, ADD CHECK (id > 0), ADD UNIQUE (v), SET UNLOGGED;
ALTER TABLE t ADD CONSTRAINT x CHECK (id > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT x;');
SELECT DISTINCT advice FROM gooseplus_plan() WHERE advice IS NOT NULL ORDER BY advice;

DROP SCHEMA regress_hazards CASCADE;
DELETE FROM gooseplus_bundle WHERE bundle = 'regress_hazards';
