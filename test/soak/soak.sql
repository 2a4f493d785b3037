-- soak.sql - what each database of the soak has beside its migrations: the
-- points where a step lets a migration fail or wait, a table that the
-- application uses while migrations change it, and the digest that the checker
-- compares.

CREATE SCHEMA soak;
GRANT USAGE ON SCHEMA soak TO PUBLIC;

-- What is to happen at a point: "raise", "sleep", or "deaf", which is a sleep
-- that a cancel does not end with an error.
CREATE TABLE soak.fault (place text, kind text, seconds float8);
GRANT SELECT ON soak.fault TO PUBLIC;

-- Migrations call this between their statements.
CREATE FUNCTION soak.point(at text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	fault record;
BEGIN
	FOR fault IN SELECT kind, seconds FROM soak.fault WHERE place = at LOOP
		IF fault.kind = 'raise' THEN
			RAISE EXCEPTION 'fault at %', at;
		ELSIF fault.kind = 'sleep' THEN
			PERFORM pg_sleep(fault.seconds);
		ELSE
			BEGIN
				PERFORM pg_sleep(fault.seconds);
			EXCEPTION WHEN query_canceled THEN
				RAISE NOTICE 'a cancel is not heard at %', at;
			END;
		END IF;
	END LOOP;
END
$$;

-- For an index that cannot be built: its value is the argument.
CREATE FUNCTION soak.same(value bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM soak.fault WHERE place = 'index') THEN
		RAISE EXCEPTION 'fault at index';
	END IF;
	RETURN value;
END
$$;

-- Rows from 1000000 on are the application's.
CREATE TABLE public.kept (id int PRIMARY KEY, note text);
INSERT INTO public.kept SELECT i, 'kept ' || i FROM generate_series(1, 300) i;

-- The relations that are not gooseplus's.
CREATE VIEW soak.relation AS
	SELECT c.* FROM pg_class c
	WHERE c.relnamespace = 'public'::regnamespace
		AND c.relname !~ '^goose'
		AND NOT EXISTS (SELECT FROM pg_depend
			WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e');

-- Everything in the schema public, one row a thing.
CREATE VIEW soak.thing AS
	SELECT 'relation ' || relname AS key,
		concat_ws(' ', relkind, relpersistence, reloptions::text,
			pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid),
			obj_description(oid, 'pg_class'),
			(SELECT string_agg(inhparent::regclass::text, ' ') FROM pg_inherits
				WHERE inhrelid = c.oid),
			(SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
				WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)) AS value
		FROM soak.relation c WHERE relkind NOT IN ('i', 'I')
	UNION ALL
	SELECT 'column ' || relname || '.' || attname,
		concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity,
			attgenerated, attstorage, col_description(c.oid, attnum),
			pg_get_expr(adbin, adrelid))
		FROM soak.relation c
			JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
			LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
		WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
	UNION ALL
	SELECT 'index ' || i.relname, pg_get_indexdef(i.oid)
		FROM soak.relation i JOIN pg_index ON indexrelid = i.oid
	UNION ALL
	SELECT 'constraint ' || relname || '.' || conname,
		concat_ws(' ', pg_get_constraintdef(k.oid), convalidated)
		FROM soak.relation c JOIN pg_constraint k ON conrelid = c.oid
	UNION ALL
	SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid)
		FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'
			AND NOT EXISTS (SELECT FROM pg_depend
				WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
	UNION ALL
	SELECT 'view ' || relname, pg_get_viewdef(oid)
		FROM soak.relation WHERE relkind IN ('v', 'm')
	UNION ALL
	SELECT 'trigger ' || relname || '.' || tgname, pg_get_triggerdef(t.oid)
		FROM soak.relation c JOIN pg_trigger t ON tgrelid = c.oid AND NOT tgisinternal
	UNION ALL
	SELECT 'enum ' || typname,
		(SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum
			WHERE enumtypid = t.oid)
		FROM pg_type t WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace
	UNION ALL
	SELECT 'sequence ' || relname, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement)
		FROM soak.relation c JOIN pg_sequence ON seqrelid = c.oid
	UNION ALL
	SELECT 'schema ' || nspname, '' FROM pg_namespace
		WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public', 'soak');

-- The things, and the data of each table.
CREATE FUNCTION soak.digest() RETURNS TABLE (key text, value text)
LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	RETURN QUERY SELECT t.key, replace(t.value, E'\n', ' ') FROM soak.thing t;
	FOR name IN SELECT relname FROM soak.relation WHERE relkind IN ('r', 'm') LOOP
		RETURN QUERY EXECUTE format(
			'SELECT %L, concat(count(*), '' rows '', md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")))'
			' FROM %I t WHERE %s',
			'data ' || name, name, CASE name WHEN 'kept' THEN 'id < 1000000' ELSE 'true' END);
	END LOOP;
END
$$;

-- What gooseplus and goose have written down, and what must not stay: rows of
-- "version", "half" (a version that is half applied or half taken back, as the
-- README asks for it), "running" and "left".
CREATE FUNCTION soak.record() RETURNS TABLE (kind text, what text)
LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('goose_db_version') IS NOT NULL THEN
		RETURN QUERY SELECT CASE WHEN is_applied THEN 'version' ELSE 'left' END,
				version_id::text FROM goose_db_version ORDER BY id;
	END IF;
	IF to_regclass('goose_db_version_history') IS NOT NULL THEN
		RETURN QUERY SELECT 'half', version::text
			FROM (SELECT DISTINCT ON (version) * FROM goose_db_version_history
				WHERE event = 'migration'
					AND (outcome IN ('applied', 'empty', 'recorded', 'superseded')
						OR statements > 0 OR partial OR doubtful)
				ORDER BY version, id DESC) AS latest
			WHERE outcome NOT IN ('applied', 'empty', 'recorded', 'superseded');
		RETURN QUERY SELECT 'running', concat_ws(' ', event, source)
			FROM goose_db_version_history WHERE outcome = 'running';
	END IF;
	RETURN QUERY SELECT 'invalid', indexrelid::regclass::text FROM pg_index
		WHERE NOT (indisvalid AND indisready AND indislive);
	RETURN QUERY SELECT 'left', concat_ws(' ', 'lock', mode, 'of process', pid)
		FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
	RETURN QUERY SELECT 'left', 'prepared ' || gid FROM pg_prepared_xacts
		WHERE database = current_database();
	RETURN QUERY SELECT 'left', 'temporary ' || relname FROM pg_class
		WHERE relpersistence = 't';
	RETURN QUERY SELECT 'application', id::text FROM kept WHERE id >= 1000000;
END
$$;
