-- statements: where statements end; psql's echo shows each script.
SET client_min_messages = warning;
\pset format unaligned
\pset fieldsep ' | '
\pset footer off

-- goose's rule: at a semicolon that ends a line
SELECT * FROM gooseplus_statements($script$-- +goose Up
CREATE TABLE a (); CREATE TABLE b ();
CREATE TABLE c (
    id int -- with a comment;
);

-- between statements: dropped
INSERT INTO c VALUES (1); -- kept: the line ends here
SELECT ';'
;
-- +goose Down
DROP TABLE c;
DROP TABLE b;
$script$);
SELECT * FROM gooseplus_statements($script$-- +goose Up
SELECT 1;
-- +goose Down
DROP TABLE c;
DROP TABLE b; DROP TABLE a;
$script$, 'down');
-- a block is one statement
SELECT * FROM gooseplus_statements($script$-- +goose Up
-- +goose StatementBegin
SELECT 1;
-- inside
SELECT 2
-- +goose StatementEnd
SELECT 3;
$script$);
-- NO TRANSACTION, wherever it stands
SELECT ordinal, transactional FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;\nSELECT 2;\n-- +goose NO TRANSACTION\n');
SELECT ordinal, transactional FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose NO TRANSACTION\nSELECT 2;\n');

-- beyond goose: no cut inside of quotes
SELECT ordinal, line, statement FROM gooseplus_statements($script$-- +goose Up
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1;
END;
$$;
DO $body$ BEGIN
    PERFORM $$;
$$, $other$ $body;
$other$;
END $body$;
SELECT 'it''s;
still', E'\';
still', "a;
b", U&"c;
d" FROM t;
SELECT 'one'
    'two;
three';
SELECT $1;
SELECT a$b$;
SELECT $b$;
$b$;
$script$);
-- nor inside of comments, parentheses and subscripts
SELECT ordinal, line, statement FROM gooseplus_statements($script$-- +goose Up
SELECT 1 /* one;
/* two; */
three; */ + 1;
SELECT ARRAY[1, (2
;
)];
CREATE RULE r AS ON INSERT TO a DO ALSO (
    INSERT INTO b VALUES (1);
    INSERT INTO b VALUES (2);
);
SELECT 1; -- '
SELECT 2 -- it's (
;
$script$);
-- nor inside of the bodies of SQL functions
SELECT ordinal, line, statement FROM gooseplus_statements($script$-- +goose Up
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN a > 0 THEN 1
        ELSE 2 END;
    SELECT 3;
END;
create procedure p() begin atomic end;
CREATE PROCEDURE q() BEGIN ATOMIC;
INSERT INTO a VALUES (1);
END;
CREATE TABLE "begin" (atomic int);
SELECT begin, atomic FROM a;
BEGIN;
COMMIT;
$script$);
-- a backslash is nothing special in a plain string
SELECT ordinal, statement FROM gooseplus_statements(E'-- +goose Up\nSELECT ''\\'';\nSELECT 2;\n');
-- annotations count everywhere, as with goose: this one ends the section in a string
SELECT ordinal, statement FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;\nSELECT ''\n-- +goose Down\n'';\n');

-- nothing there
SELECT count(*) FROM gooseplus_statements('-- +goose Up');
SELECT count(*) FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;', 'down');
SELECT count(*) FROM gooseplus_statements(NULL);
-- the grammar is not checked; the format of the part that is not asked for is
SELECT statement FROM gooseplus_statements(E'-- +goose Up\nSELEC 1;');
SELECT count(*) FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose StatementEnd\n');
