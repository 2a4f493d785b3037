-- inserts: a run finds what is wrong with INSERTs that are like the one before.
SET client_min_messages = warning;
CREATE SCHEMA regress_inserts;
SET search_path = regress_inserts, public;
SET gooseplus.bundle = 'regress_inserts';
SELECT setseed(0.6);

-- what a run refuses in its first migration, by line; the second one is wrong, too
CREATE FUNCTION refused(body text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gooseplus_bundle_put('regress_inserts', 'base/00001_one.sql', body);
    BEGIN
        PERFORM gooseplus_migrate();
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    END;
END $$;
SELECT gooseplus_bundle_put('regress_inserts', 'base/00002_two.sql', E'-- +goose Up\nSELECT FROM FROM;');

-- each of them is told, though they are alike
SELECT refused(E'-- +goose Up\nINSERT INTO t VALUES 1);\nINSERT INTO t VALUES 2);\nINSERT INTO t VALUES (3);');
-- the value of a constant counts for some types
SELECT refused(E'-- +goose Up\nINSERT INTO t VALUES (1::float(24));\nINSERT INTO t VALUES (1::float(60));');
SELECT refused(E'-- +goose Up\nINSERT INTO t VALUES (float(24) ''1'');\nINSERT INTO t VALUES (float(60) ''1'');');
-- and for some strings
SELECT refused(E'-- +goose Up\nINSERT INTO t VALUES (U&''\\0041'');\nINSERT INTO t VALUES (U&''\\004'');');
SELECT refused(E'-- +goose Up\nINSERT INTO t VALUES (E''\\u0041'');\nINSERT INTO t VALUES (E''\\u004'');');
-- its kind counts, too
SELECT refused(E'-- +goose Up\nINSERT INTO t (a) VALUES (b ''1'');\nINSERT INTO t (a) VALUES (b 1);');
-- what follows an INSERT in a block is refused in each of them
SELECT refused(E'-- +goose Up\n-- +goose StatementBegin\nINSERT INTO t VALUES (1); VACUUM t;\n-- +goose StatementEnd\n-- +goose StatementBegin\nINSERT INTO t VALUES (2); VACUUM t;\n-- +goose StatementEnd');
-- a variable can be anything
SELECT refused(E'-- +goose Up\n-- +goose ENVSUB ON\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (${NOT_SET:-1)});\nINSERT INTO t VALUES (1);');

-- the first of Down is not like the last of Up
SELECT gooseplus_bundle_put('regress_inserts', 'base/00001_one.sql', E'-- +goose Up\nINSERT INTO t VALUES (1);\nINSERT INTO t (b) VALUES 1);\n-- +goose Down\nINSERT INTO t (b) VALUES 1);\nINSERT INTO t (b) VALUES 2);\nSELECT FROM FROM;');
SELECT count(*) FROM gooseplus_baseline(1);
SELECT gooseplus_down();
DROP TABLE goose_db_version, goose_db_version_history;
-- what follows an INSERT in one statement is looked at
SELECT refused(E'-- +goose Up\n-- +goose StatementBegin\nINSERT INTO t VALUES (1); ALTER INDEX i ALTER 1 SET STATISTICS 1;\n-- +goose StatementEnd\n-- +goose StatementBegin\nINSERT INTO t VALUES (1); ALTER INDEX i ALTER 0 SET STATISTICS 1;\n-- +goose StatementEnd');

-- random pairs: what gooseplus_validate finds, which looks at every statement
CREATE FUNCTION random_words(words text[], separator text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(words[1 + floor(random() * cardinality(words))::int], separator)
    FROM generate_series(1, 2 + floor(random() * 4)::int)
$$;
CREATE FUNCTION random_statement() RETURNS text LANGUAGE sql AS $$
    SELECT 'INSERT INTO t ' || CASE WHEN random() < 0.5
        THEN 'VALUES (' || random_words('{1,-1.5,''a'',NULL,name,b ''1'',a(1),.1}', ', ') || ');'
        ELSE random_words('{(,),",",VALUES,VALUES (,1,1.5,''a'',name,a b,NULL,-,.}', ' ') || ';' END
$$;
CREATE FUNCTION other_constants(statement text) RETURNS text LANGUAGE sql AS
    $$ SELECT replace(replace(replace(statement, '1.5', '7.25'), '''a''', '''b;'''), '1', '12345') $$;
CREATE TABLE result (statements text, found int, refused int);
DO $$
DECLARE
    statements text;
    line text;
    detail text;
BEGIN
    FOR i IN 1..300 LOOP
        line := random_statement();
        statements := E'-- +goose Up\nINSERT INTO t VALUES (1);\n' || line || E'\n' || other_constants(line) || E'\n' || CASE i % 2 WHEN 0 THEN line ELSE random_statement() END || E'\nINSERT INTO t VALUES (2);';
        detail := refused(statements);
        INSERT INTO result
        SELECT statements, count(*), CASE WHEN detail = '' THEN 1 ELSE
            (SELECT count(*) FROM regexp_matches(detail, E'base/0000[12]_\\w+\\.sql:\\d+', 'g')) END
        FROM gooseplus_validate() WHERE severity = 'error';
    END LOOP;
END $$;
SELECT count(*), count(*) FILTER (WHERE found > 1) > 30 AS wrong, count(*) FILTER (WHERE found = 1) > 10 AS good FROM result;
SELECT * FROM result WHERE found <> refused;

-- the checksum is of the tokens, whether or not a statement had to be scanned
CREATE FUNCTION put_inserts(seed float, blanks int, last int) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
    line text;
    body text;
BEGIN
    PERFORM setseed(seed);
    FOR version IN 1..100 LOOP
        body := '-- +goose Up';
        FOR i IN 1..16 LOOP
            IF i % 4 = 1 THEN
                line := ', ' || random_words(string_to_array($c$1|23|007|-4|1.5|1.|.5|1e5|1234567890|12345678901|01234567890|'a'|'it''s'|''|''''|'--'|'$$;'|'ä;'|'\'|E'\''|'1'::int$c$, '|'), ', ') || ');';
            END IF;
            body := body || E'\nINSERT INTO t VALUES ' || repeat(' ', i * blanks) || '(' || CASE i WHEN 16 THEN last ELSE i END || line;
            line := other_constants(line);
        END LOOP;
        PERFORM gooseplus_bundle_put('regress_inserts', format('base/%s_x.sql', version), body);
    END LOOP;
END $f$;
SELECT gooseplus_bundle_drop('regress_inserts');
SELECT put_inserts(0.4, 0, 16);
SELECT count(*) FROM gooseplus_baseline(100);
SELECT put_inserts(0.4, 1, 16);
SELECT state, count(*) FROM gooseplus_status() GROUP BY state;
SELECT put_inserts(0.4, 0, 17);
SELECT state, count(*) FROM gooseplus_status() GROUP BY state;

DROP TABLE goose_db_version CASCADE;
DROP SCHEMA regress_inserts CASCADE;
SELECT gooseplus_bundle_drop('regress_inserts');
