-- COPY FROM stdin: what is refused, and where errors are.
CREATE SCHEMA regress_copy_refused;
SET search_path = regress_copy_refused, public;
SET client_min_messages = warning;
SET gooseplus.bundle = 'regress_copy_refused';
CREATE TABLE item (id int PRIMARY KEY, name text,
	twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE part (item int REFERENCES item);
CREATE FUNCTION try(body text, options jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	words text;
	hint text;
	context text;
BEGIN
	PERFORM gooseplus_bundle_put('regress_copy_refused', 'base/00001_try.sql', E'-- +goose Up\n' || body);
	PERFORM gooseplus_migrate(NULL, options);
	RETURN NEXT 'done';
EXCEPTION
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS words = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT,
			context = PG_EXCEPTION_CONTEXT;
		RETURN NEXT SQLSTATE || ' ' || words;
		RETURN QUERY SELECT * FROM regexp_split_to_table(context, '\n') AS c
			WHERE c ~ 'statement \d|COPY|00001_try';
		RETURN NEXT 'hint: ' || hint;
END
$$;

-- before the run
SELECT try($$COPY item TO stdout;$$);
SELECT try($$COPY item FROM stdin (FORMAT binary);
\.
$$);
SELECT try($$COPY BINARY item FROM stdin;
\.
$$);
SELECT try($$SELECT 1; COPY item FROM stdin;
1	one
\.
$$);
SELECT try($$COPY item FROM stdin; SELECT 1;
1	one
\.
$$);
SELECT try($$-- +goose StatementBegin
COPY item FROM stdin;
1	one
\.
-- +goose StatementEnd
$$);
SELECT try($$-- +goose StatementBegin
COPY item FROM stdin;
-- +goose StatementEnd
$$);
SELECT try($$SELECT 1;
COPY item FROM stdin;
1	one
$$);
SELECT try($$COPY item FRM stdin;
1	one
\.
$$);
SELECT try($$COPY item FROM stdin
1	one
\.
;
$$);
SELECT try($$\.
SELECT 1;
$$);
SELECT try($$\connect other
SELECT 1;
$$);
SELECT try($$\i other.sql
$$);

-- in the run: the line of the file
SELECT try($$SELECT 1;
COPY item (id, name) FROM stdin;
1	one
2	two
three	three
\.
$$);
SELECT try($$COPY item (id, name) FROM stdin csv;
1,"one

"
2,"two
"
three,three
\.
$$);
SELECT try($$COPY item (id, name) FROM stdin;
1	one
1	two
\.
$$);
SELECT try($$COPY item (id, name) FROM stdin;
1	one	more
\.
$$);
SELECT try($$COPY item (id, name) FROM stdin;
1
\.
$$);
-- those that come after the last line: the statement
SELECT try($$SELECT 1;
COPY part FROM stdin;
1
\.
$$);
SELECT try($$COPY item (id, nome) FROM stdin;
\.
$$);
SELECT try($$COPY item (id) FROM stdin (FORMT csv);
\.
$$);
SELECT try($$COPY item (id, twice) FROM stdin;
\.
$$);
SELECT try($$COPY nothing FROM stdin;
\.
$$);
SELECT try($$COPY item (id) FROM stdin WHERE id = 'x';
\.
$$);
SELECT try($$COPY item (id) FROM stdin WHERE twice > 1;
\.
$$);
SELECT try($$COPY item (id) FROM stdin WHERE item IS NOT NULL;
\.
$$);
SELECT try($$SET transaction_read_only = on;
COPY item (id) FROM stdin;
\.
$$);

-- rights
CREATE ROLE regress_copy_role;
GRANT USAGE ON SCHEMA regress_copy_refused TO regress_copy_role;
GRANT INSERT (id) ON item TO regress_copy_role;
SELECT try($$SET ROLE regress_copy_role;
COPY item (id) FROM stdin;
1
\.
$$);
DELETE FROM item;
SELECT try($$SET ROLE regress_copy_role;
COPY item (id, name) FROM stdin;
\.
$$, '{"versioning": false}');
SELECT try($$SET ROLE regress_copy_role;
COPY item (id) FROM stdin WHERE name IS NULL;
\.
$$, '{"versioning": false}');
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
SELECT try($$SET ROLE regress_copy_role;
COPY item (id) FROM stdin;
\.
$$, '{"versioning": false}');
SELECT count(*) FROM item;

DROP SCHEMA regress_copy_refused CASCADE;
DROP ROLE regress_copy_role;
