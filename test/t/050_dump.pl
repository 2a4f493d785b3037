# A plain dump of pg_dump, with two annotation lines added, is a migration: it
# runs as it is, in a run of one transaction and in a deploy, and leaves the
# database that it was taken from.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant TABLES => 40;
use constant ROWS => 500;

my $node = new_node('dump_migration');

# A database with everything that pg_dump has special ways for.
$node->safe_psql('postgres', 'CREATE DATABASE origin TEMPLATE template0');
$node->safe_psql('origin', <<'END_OF_SQL');
	CREATE EXTENSION gooseplus;
	CREATE ROLE dump_owner;
	CREATE SCHEMA app AUTHORIZATION dump_owner;
	CREATE SCHEMA "Odd ""schema";
	CREATE TYPE app.mood AS ENUM ('sad', 'it''s; fine');
	CREATE TYPE app.point3 AS (x int, y int, z int);
	CREATE DOMAIN app.small AS int CHECK (VALUE < 1000);
	CREATE TYPE app.span AS RANGE (subtype = float8);
	CREATE COLLATION app.c FROM "C";
	CREATE SEQUENCE app.loose START 5 INCREMENT 3;
	SELECT nextval('app.loose');
	CREATE FUNCTION app.add(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE
		BEGIN ATOMIC SELECT a + b; END;
	CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		-- a comment; with a semicolon
		IF NEW.note IS NULL THEN NEW.note := 'COPY t FROM stdin;'; END IF;
		RETURN NEW;
	END;
	$$;
	CREATE PROCEDURE app.nothing() LANGUAGE sql SET search_path = app AS 'SELECT 1;
-- birds
';
	CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
	CREATE OPERATOR app.<+> (leftarg = int, rightarg = int, function = app.add);
	CREATE CAST (app.mood AS int) WITH INOUT;
	CREATE TABLE app.kinds (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		feeling app.mood DEFAULT 'sad', place app.point3, little app.small,
		"from" text COLLATE app.c, note text, span app.span,
		twice bigint GENERATED ALWAYS AS (little * 2) STORED,
		bytes bytea, list int[], document jsonb, price numeric(10, 2),
		moment timestamptz, network inet, bits bit(5),
		UNIQUE NULLS NOT DISTINCT (note, moment), CHECK (price >= 0));
	INSERT INTO app.kinds (feeling, place, little, "from", note, span, bytes, list, document, price, moment, network, bits)
	SELECT CASE n % 2 WHEN 0 THEN 'sad' ELSE 'it''s; fine' END::app.mood,
		(n, n + 1, NULL)::app.point3, n, E'-- +goose Down\n\\.\n\t' || n,
		nullif(n % 7, 0) || E' ; \\N $$ ''"' || repeat('é', n % 5) || n, app.span(n, n + 1.5),
		decode(lpad(to_hex(n), 4, '0'), 'hex'), ARRAY[n, NULL, n],
		jsonb_build_object('a', n, 'b', E'x\ny\\'), n / 3.0,
		timestamptz '2026-01-01 00:00:00+00' + n * interval '1 hour',
		'10.0.0.0'::inet + n, B'10101'
	FROM generate_series(1, 300) AS n;
	CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON app.kinds
		FOR EACH ROW EXECUTE FUNCTION app.touch();
	CREATE INDEX kinds_lower ON app.kinds (lower(note)) WHERE little > 5;
	CREATE STATISTICS app.kinds_statistics ON little, price FROM app.kinds;
	CREATE TABLE app.log (at date, what text) PARTITION BY RANGE (at);
	CREATE TABLE app.log_2025 PARTITION OF app.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
	CREATE TABLE app.log_2026 PARTITION OF app.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
	CREATE INDEX ON app.log (at);
	INSERT INTO app.log SELECT date '2025-06-01' + n, 'line ' || n FROM generate_series(1, 400) AS n;
	CREATE TABLE app.child (more text) INHERITS (app.kinds);
	INSERT INTO app.child (id, little, more) VALUES (1000, 1, '\.');
	CREATE TABLE "Odd ""schema"."Odd; table" ("; it's" int PRIMARY KEY, " " text);
	INSERT INTO "Odd ""schema"."Odd; table" VALUES (1, ''), (2, NULL), (3, E'\\.');
	CREATE TABLE app.circle_a (id int PRIMARY KEY, b int);
	CREATE TABLE app.circle_b (id int PRIMARY KEY, a int REFERENCES app.circle_a DEFERRABLE INITIALLY DEFERRED);
	ALTER TABLE app.circle_a ADD FOREIGN KEY (b) REFERENCES app.circle_b;
	INSERT INTO app.circle_a VALUES (1, NULL);
	INSERT INTO app.circle_b VALUES (1, 1);
	UPDATE app.circle_a SET b = 1;
	CREATE TABLE app.none ();
	CREATE UNLOGGED TABLE app.unlogged (id serial);
	INSERT INTO app.unlogged DEFAULT VALUES;
	CREATE VIEW app.seen AS SELECT id, note FROM app.kinds WHERE note IS NOT NULL;
	CREATE MATERIALIZED VIEW app.counted AS SELECT feeling, count(*) FROM app.kinds GROUP BY 1;
	CREATE UNIQUE INDEX ON app.counted (feeling);
	CREATE RULE quiet AS ON INSERT TO app.seen DO INSTEAD NOTHING;
	CREATE TABLE app.secret (id int, owner name DEFAULT current_user);
	INSERT INTO app.secret VALUES (1, 'a'), (2, 'b');
	ALTER TABLE app.secret ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON app.secret USING (owner = current_user);
	ALTER TABLE app.secret OWNER TO dump_owner;
	GRANT SELECT (id) ON app.secret TO PUBLIC;
	COMMENT ON TABLE app.secret IS 'it''s; a
-- comment';
	CREATE PUBLICATION everything FOR TABLE app.kinds;
	SELECT lo_from_bytea(4711, '\x00ff');
END_OF_SQL
$node->safe_psql('origin', sprintf(q(
	DO $$
	BEGIN
		FOR n IN 1..%d LOOP
			EXECUTE format('CREATE TABLE public.plain_%%s (id serial PRIMARY KEY, parent int REFERENCES app.circle_a, name text NOT NULL DEFAULT %%L)', n, 'x');
			EXECUTE format('INSERT INTO public.plain_%%s (parent, name) SELECT 1, md5(i::text) FROM generate_series(1, %%s) AS i', n, %d);
			EXECUTE format('CREATE INDEX ON public.plain_%%s (name)', n);
		END LOOP;
	END
	$$
), TABLES, ROWS));

# What a database has but for the tables of gooseplus.
sub contents
{
	my ($database) = @_;

	return dump_of($node, $database, '--exclude-table=public.goose_db_version*');
}

my ($dump, $err) = ('', '');
IPC::Run::run([ 'pg_dump', '-d', $node->connstr('origin') ],
	'>', \$dump, '2>', \$err) or die $err;
# The very file, between the two annotations.
my $file = "-- +goose Up\n$dump-- +goose Down\n";
my $origin = contents('origin');
my $tables = $node->safe_psql('origin',
	q(SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'));

cmp_ok($tables, '>=', 50, "the origin has $tables tables");
like($dump, qr/^COPY app\.kinds \(.*FROM stdin;$/m, 'the dump has data');

my %calls = (
	'one transaction' => 'SELECT gooseplus_migrate()',
	'a deploy' => 'CALL gooseplus_deploy()',
	'a deploy, statement by statement' => 'CALL gooseplus_deploy()');

foreach my $name (sort keys %calls)
{
	(my $database = $name) =~ tr/a-z/_/c;
	my $text = $file;

	$text = "-- +goose NO TRANSACTION\n$text" if $name =~ /statement by/;
	clear_files($node);
	write_files(
		$node,
		'base/00001_dump.sql' => $text,
		'base/00002_after.sql' =>
		  "CREATE TABLE after (id int);\nCOPY after FROM stdin;\n1\n\\.\n\nDROP TABLE after;");
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	$node->safe_psql($database, 'CREATE EXTENSION gooseplus');
	is( $node->safe_psql($database,
			q(SELECT count(*) FROM gooseplus_validate() WHERE severity <> 'warning')),
		0, "$name: nothing is wrong with the dump");

	my ($status, undef, $err) = query($node, $calls{$name}, database => $database);
	is($status, 0, "$name: the dump runs") or diag($err);
	is(contents($database), $origin, "$name: and leaves the same database");
	is( $node->safe_psql($database,
			q(SELECT current FROM gooseplus_versions())),
		2, "$name: and its version, and the next one");
	is( $node->safe_psql($database,
			q(SELECT outcome, statements > 200, rows > 20000, statement IS NULL OR statement = 0
			  FROM goose_db_version_history WHERE version = 1 AND event = 'migration')),
		'applied|t|t|t', "$name: and its row in the history");
	is($node->safe_psql($database, 'SHOW search_path'),
		'"$user", public', "$name: settings are as before");
}

# A line of the data is wrong: the error has its line of the file.
my @lines = split /\n/, $file;
my ($at) = grep { $lines[$_] =~ /^COPY public\.plain_7 / } 0 .. $#lines;
$lines[ $at + 100 ] =~ s/^\d+/nothing/;
clear_files($node);
write_files($node, 'base/00001_dump.sql' => join("\n", @lines) . "\n");
$node->safe_psql('postgres', 'CREATE DATABASE broken TEMPLATE template0');
$node->safe_psql('broken', 'CREATE EXTENSION gooseplus');
my $before = contents('broken');
foreach my $call ('SELECT gooseplus_migrate()', 'CALL gooseplus_deploy()')
{
	my ($status, undef, $err) = query($node, $call, database => 'broken');

	like($err, qr/ERROR:  invalid input syntax for type integer: "nothing"/,
		"$call: data that are wrong are an error");
	like($err, qr/COPY plain_7, line 100, column id: "nothing"$/m,
		"$call: with the line of the data");
	like($err, qr{statement \d+ at base/00001_dump\.sql:@{[ $at + 101 ]}:1$}m,
		"$call: and that of the file");
	is(contents('broken'), $before, "$call: and nothing is left");
}

$node->stop;
done_testing();
