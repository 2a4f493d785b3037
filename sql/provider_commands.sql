-- provider_commands: each command of goose's Provider is one atomic run.
\getenv srcdir PG_ABS_SRCDIR
\set directory :srcdir '/test/fixtures/regress_provider_commands'
SET gooseplus.directory = :'directory';
-- a version comes from other files here on purpose
SET gooseplus.checksum = off;
SET client_min_messages = warning;
CREATE SCHEMA regress_provider_commands;
SET search_path = regress_provider_commands, public;
CREATE TABLE trail (step text, id int GENERATED ALWAYS AS IDENTITY);
-- what ran since the last look, and what is recorded
CREATE FUNCTION look(OUT ran text, OUT recorded text) LANGUAGE plpgsql AS $$
BEGIN
    SELECT string_agg(step, ', ' ORDER BY id) INTO ran FROM trail;
    DELETE FROM trail;
    SELECT string_agg(version_id::text, ' ' ORDER BY id) INTO recorded FROM goose_db_version;
END;
$$;

-- up: by one, to a version, to one that has no file, the rest
SELECT version, source, environment, direction, state, statements, rows, duration >= '0' AS timed, error
FROM gooseplus_up_by_one();
SELECT version, source, environment, direction, state, statements, rows, duration >= '0' AS timed, error
FROM gooseplus_up_to(3);
SELECT * FROM look();
SELECT count(*) FROM gooseplus_up_to(3);
SELECT count(*) FROM gooseplus_up_to(1);
SELECT count(*) FROM gooseplus_up_to(4);
SELECT version FROM gooseplus_up_to(99);
SELECT count(*) FROM gooseplus_up_to(99);
SELECT * FROM look();

-- down: the last one, to a version that stays, to one between, all
SELECT version, source, environment, direction, state, statements, rows, duration >= '0' AS timed, error
FROM gooseplus_down();
SELECT * FROM look();
SELECT version, source, direction, state, statements, rows FROM gooseplus_down_to(1);
SELECT * FROM look();
SELECT count(*) FROM gooseplus_down_to(1);
SELECT count(*) FROM gooseplus_down_to(50);
SELECT count(*) FROM gooseplus_migrate();
SELECT version FROM gooseplus_down_to(2);
SELECT version FROM gooseplus_down_to(0);
SELECT count(*) FROM gooseplus_down_to(0);
SELECT * FROM look();

-- redo: down and up of the last one, which gets a new row
SELECT count(*) FROM gooseplus_migrate();
SELECT * FROM look();
SELECT max(id) AS before FROM goose_db_version \gset
SELECT version, source, direction, state, statements, rows FROM gooseplus_redo();
SELECT * FROM look();
SELECT max(id) > :before AS new_row FROM goose_db_version;

-- reset
SELECT version, source, direction, state FROM gooseplus_reset();
SELECT * FROM look();
SELECT count(*) FROM gooseplus_reset();

-- one version, whatever the order
SELECT version, source, environment, direction, state, statements, rows, error
FROM gooseplus_apply_version(3, 'up');
SELECT version, direction, state FROM gooseplus_apply_version(1, 'up');
SELECT * FROM look();
SELECT version, direction, state, statements, rows FROM gooseplus_apply_version(3, 'down');
SELECT * FROM look();
SELECT count(*) FROM gooseplus_reset();

-- after runs out of order, down follows the order of application
SELECT count(*) FROM gooseplus_migrate();
SELECT version FROM gooseplus_migrate('late', '{"allow_out_of_order": true}');
SELECT * FROM look();
SELECT version, source, direction FROM gooseplus_down('late');
SELECT version, direction FROM gooseplus_redo('late');
SELECT * FROM look();
-- a target ends the way down at the first version that is not above it
SELECT version FROM gooseplus_down_to(3, 'late');
SELECT * FROM look();
SELECT version FROM gooseplus_down_to(3, 'late');
SELECT version FROM gooseplus_down_to(2, 'late');
SELECT version FROM gooseplus_reset('late');
SELECT * FROM look();
-- by one: the late one is the next one
SELECT count(*) FROM gooseplus_migrate();
SELECT version FROM gooseplus_up_by_one('late', '{"allow_out_of_order": true}');
SELECT version FROM gooseplus_up_to(4, 'late', '{"allow_out_of_order": true}');
SELECT count(*) FROM gooseplus_reset('late');
SELECT * FROM look();

-- parts without statements: recorded and taken back all the same
SELECT version, state, statements FROM gooseplus_migrate('empty');
SELECT version, state, statements FROM gooseplus_down_to(5, 'empty');
SELECT * FROM look();

-- all or nothing: a failing Down, at once and as the second step
SELECT count(*) FROM gooseplus_up_to(6, 'failing');
SELECT * FROM look();
SELECT gooseplus_down('failing');
SELECT count(*) FROM gooseplus_up_to(7, 'failing');
SELECT * FROM look();
SELECT gooseplus_reset('failing');
SELECT * FROM look();
-- a redo whose Up fails
SELECT count(*) FROM gooseplus_migrate('failing');
SELECT * FROM look();
SELECT gooseplus_redo('failing');
SELECT version, direction, state, error IS NOT NULL AS error
FROM gooseplus_redo('failing', '{"on_error": "return"}');
SELECT version, direction, state, error IS NOT NULL AS error
FROM gooseplus_down_to(3, 'failing', '{"on_error": "return"}');
SELECT * FROM look();
-- an Up that fails later
SELECT version, direction, state FROM gooseplus_apply_version(8, 'down', 'failing');
SELECT count(*) FROM look();
SELECT gooseplus_up_by_one('failing');
SELECT gooseplus_up_to(8, 'failing');
SELECT gooseplus_apply_version(8, 'up', 'failing');
SELECT * FROM look();
-- what is wrong with a Down part is found before anything is taken back
DELETE FROM goose_db_version WHERE version_id > 5;
SELECT count(*) FROM gooseplus_migrate('broken');
SELECT count(*) FROM look();
SELECT gooseplus_reset('broken');
SELECT gooseplus_redo('broken');
-- and named once, though a redo reads the file twice
SELECT gooseplus_redo('malformed');
SELECT * FROM look();

DROP SCHEMA regress_provider_commands CASCADE;
