-- enum_hint: what goose can do and one transaction cannot has its own hint.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_enum'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_enum;
SET search_path = regress_enum, public;

SELECT version, state FROM gooseplus_migrate();
-- a value of this very transaction cannot be used before it is committed
SELECT version, state FROM gooseplus_migrate('value,use');
\echo :LAST_ERROR_SQLSTATE
TABLE person;
SELECT enumlabel FROM pg_enum WHERE enumtypid = 'mood'::regtype ORDER BY enumsortorder;
-- two calls do what one cannot
SELECT version, state FROM gooseplus_migrate('value');
SELECT version, state FROM gooseplus_migrate('value,use');
TABLE person;

DROP SCHEMA regress_enum CASCADE;
