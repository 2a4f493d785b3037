-- exclude: migrations left out by the name of the file or by the version.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_exclude'
SET gooseplus.directory = :'directory';
-- a version comes from other files here on purpose
SET gooseplus.checksum = off;
SET client_min_messages = warning;
CREATE SCHEMA regress_exclude;
SET search_path = regress_exclude, public;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION paths(env text, options jsonb) RETURNS text LANGUAGE SQL AS
$$ SELECT string_agg(path, ' ') FROM gooseplus_sources(env, options) $$;

-- as an array, as a list, as one; white space and empty items do not count
SELECT options, paths(NULL, options::jsonb) FROM string_to_table($${}
{"exclude_names": ["00001_one.sql", "00004_broken.sql"]}
{"exclude_names": "00001_one.sql,00004_broken.sql"}
{"exclude_names": " 00001_one.sql , , 00004_broken.sql,"}
{"exclude_names": "00001_one.sql"}
{"exclude_names": []}
{"exclude_names": ""}
{"exclude_versions": [1, 4]}
{"exclude_versions": ["1", 4]}
{"exclude_versions": "1,4"}
{"exclude_versions": " 1, 4 ,"}
{"exclude_versions": 4}
{"exclude_versions": []}
{"exclude_versions": [4, 4, 99]}
{"exclude_versions": "00004"}
{"exclude_names": "00001_one.sql", "exclude_versions": [3]}$$, E'\n') AS options;
-- a name is that of the file: no folder, no part, no pattern, case counts
SELECT options, paths(NULL, options::jsonb) FROM string_to_table($${"exclude_names": "base/00001_one.sql"}
{"exclude_names": "00001_one"}
{"exclude_names": "00001*"}
{"exclude_names": "00001_ONE.sql"}
{"exclude_names": "1"}$$, E'\n') AS options;
-- in every folder
SELECT paths('same', '{"exclude_names": "00002_two.sql"}');

-- what is no version
CREATE FUNCTION attempt(options text, OUT state text, OUT message text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM gooseplus_migrate(NULL, attempt.options::jsonb);
    state := 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL;
END;
$$;
\pset format unaligned
SELECT options, a.* FROM string_to_table($${"exclude_versions": 0}
{"exclude_versions": [1, -1]}
{"exclude_versions": "one"}
{"exclude_versions": [1.5]}
{"exclude_versions": "1 2"}
{"exclude_versions": 9223372036854775808}
{"exclude_versions": [null]}
{"exclude_versions": {"1": 2}}
{"exclude_names": [["00001_one.sql"]]}
{"exclude_names": null}$$, E'\n') AS options, attempt(options) AS a;
\pset format aligned

-- excluded duplicates are no duplicates
SELECT gooseplus_has_pending('twice');
SELECT paths('twice', '{"exclude_names": "00003_three.sql"}');
SELECT paths('twice', '{"exclude_versions": [3]}');
SELECT source, severity FROM gooseplus_validate('twice', '{"exclude_versions": [3, 4]}');
-- each of the functions that look goes by them
SELECT version, state FROM gooseplus_status(NULL, '{"exclude_versions": [2]}');
SELECT * FROM gooseplus_versions(NULL, '{"exclude_versions": [4]}');
SELECT gooseplus_has_pending(NULL, '{"exclude_versions": "1,2,3,4"}');

-- a run: the broken file is not even read
SELECT source, state FROM gooseplus_migrate('twice',
    '{"exclude_names": ["00003_three.sql", "00004_broken.sql"], "exclude_versions": [2]}');
SELECT string_agg(step, ', ' ORDER BY id) FROM trail;
-- later it is out of order
SELECT gooseplus_has_pending(NULL, '{"exclude_versions": [4]}');
SELECT gooseplus_has_pending(NULL, '{"exclude_versions": [2, 4]}');
SELECT version, state FROM gooseplus_status(NULL, '{"exclude_versions": [1, 4]}');
-- what is excluded is not at hand, neither to apply nor to take back
SELECT gooseplus_apply_version(2, 'up', NULL, '{"exclude_versions": [2]}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down(NULL, '{"exclude_versions": [3]}');
\echo :LAST_ERROR_SQLSTATE
SELECT gooseplus_down(NULL, '{"exclude_names": ["00001_one.sql"]}');
\echo :LAST_ERROR_SQLSTATE
SELECT version, state FROM gooseplus_down(NULL, '{"exclude_versions": [2]}');

-- settings, and the options of a call in their place
SET gooseplus.exclude_names = '00001_one.sql, 00004_broken.sql';
SET gooseplus.exclude_versions = '2';
SELECT path FROM gooseplus_sources();
SELECT paths(NULL, '{"exclude_names": []}');
SELECT paths(NULL, '{"exclude_versions": [3]}');
SELECT path FROM gooseplus_sources();
\set VERBOSITY sqlstate
SET gooseplus.exclude_versions = '2,0';
\set VERBOSITY default
SHOW gooseplus.exclude_versions;

DROP SCHEMA regress_exclude CASCADE;
