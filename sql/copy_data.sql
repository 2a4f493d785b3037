-- COPY FROM stdin, with its data in the file.
CREATE SCHEMA regress_copy_data;
SET search_path = regress_copy_data, public;
SET client_min_messages = warning;
SET gooseplus.bundle = 'regress_copy_data';
\set VERBOSITY terse

SELECT gooseplus_bundle_put('regress_copy_data', 'base/00001_copy.sql', $file$
-- +goose Up
CREATE TABLE item (id int PRIMARY KEY, name text DEFAULT 'none',
	twice int GENERATED ALWAYS AS (id * 2) STORED);
COPY item (id, name) FROM stdin;
1	it's; -- a "name"
2	\N
3	-- +goose Down
\.
-- +goose Down
DROP TABLE item;
$file$);
SELECT version, state, statements, rows FROM gooseplus_migrate();
SELECT * FROM item ORDER BY id;
SELECT version, statements, rows FROM goose_db_version_history WHERE event = 'migration';
-- the other section is found behind the data
SELECT version, direction, statements FROM gooseplus_down();
SELECT to_regclass('item');

-- options
SELECT ordinal, line, statement FROM gooseplus_statements($file$-- +goose Up
COPY pair FROM STDIN WITH (FORMAT csv);
1,one;
\.
COPY pair
FROM stdin -- to the end
;
\.
SELECT 1;
$file$);
SELECT gooseplus_bundle_put('regress_copy_data', 'base/00002_options.sql', $file$
-- +goose Up
CREATE TABLE pair (id int, name text);
COPY pair FROM STDIN WITH (FORMAT csv, HEADER match, NULL 'nothing', DELIMITER ';') WHERE id > 1;
id;name
1;one
2;"two
lines;"
3;nothing
\.
COPY pair(name, id) FROM stdin DELIMITER '|' CSV QUOTE '''';
'|'|4
\.
-- +goose ENVSUB ON
COPY ${table} FROM stdin;
5	${table} $$
\.
TRUNCATE pair; -- so that it can be frozen
COPY pair FROM stdin (FREEZE, ENCODING 'UTF8');
6	é
\.
INSERT INTO pair SELECT id + 1, name FROM pair;
$file$);
SELECT version, statements, rows
FROM gooseplus_migrate(NULL, '{"variables": {"table": "pair"}}');
SELECT * FROM pair ORDER BY id;

-- triggers and their notices
SELECT gooseplus_bundle_put('regress_copy_data', 'base/00003_triggers.sql', $file$
-- +goose Up
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'row %', NEW.id;
	NEW.name := NEW.name || ' of ' || TG_TABLE_NAME;
	RETURN NEW;
END
$$;
CREATE TRIGGER note BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION note();
COPY pair FROM stdin;
8	eight
9	nine
\.
$file$);
SELECT version, statements, rows FROM gooseplus_migrate();
SELECT * FROM pair WHERE id > 7 ORDER BY id;

-- what the goose command would say
SELECT source, line, severity, message FROM gooseplus_validate(NULL, '{"variables": {"table": "pair"}}') ORDER BY 1, 2;

-- any byte of the data counts for the checksum
CREATE FUNCTION checksum_of(body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM gooseplus_bundle_put('regress_copy_data', 'base/00004_sum.sql', body);
	PERFORM gooseplus_migrate();
	SELECT checksum INTO STRICT result FROM goose_db_version_history
	WHERE source = 'base/00004_sum.sql';
	RAISE SQLSTATE 'UNDO0';
EXCEPTION
	WHEN SQLSTATE 'UNDO0' THEN
		RETURN result;
END
$$;
CREATE TABLE line (body text);
SELECT count(DISTINCT checksum_of(format(E'-- +goose Up\n%s\n%s\n\\.\n', command, data))), data
FROM unnest(ARRAY['COPY line FROM stdin;', 'COPY  line FROM stdin ; -- x']) command,
	unnest(ARRAY['--', '-- ', 'a']) data
GROUP BY data ORDER BY data COLLATE "C";
SELECT count(DISTINCT checksum_of(format(E'-- +goose Up\nCOPY line FROM stdin;\n%s\n\\.\n', data)))
FROM unnest(ARRAY['--', '-- ', 'a', 'A', '']) data;

DROP SCHEMA regress_copy_data CASCADE;
