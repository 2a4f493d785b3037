-- format: goose's file format, run.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_format'
SET gooseplus.directory = :'directory';
SET client_min_messages = warning;
CREATE SCHEMA regress_format;
SET search_path = regress_format, public;

SELECT source, state, statements, rows FROM gooseplus_migrate();
SELECT id, replace(body, E'\r', '<CR>') AS body FROM note ORDER BY id;
-- the goose command cuts some of it otherwise, or refuses it
SELECT * FROM gooseplus_validate();

DROP SCHEMA regress_format CASCADE;
