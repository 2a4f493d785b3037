# A run of 100 migrations whose last fails leaves the database as it was: what
# pg_dump writes is the same, byte for byte, whoever calls and whatever
# transaction is around the call.
#
# One thing is no part of any transaction: what nextval() does to a sequence.
# So no migration calls it on a sequence that was there before, and where the
# version table was there, the position of its own sequence is left out.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $count = 100;
my $node = new_node('rollback');

# What is there before, in the schema "app" of a role without rights.
my $before = <<'SQL';
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE plain_seq START 5;
CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'ok');
CREATE TABLE purchase (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer int NOT NULL REFERENCES customer DEFERRABLE INITIALLY DEFERRED, amount positive);
CREATE INDEX purchase_customer ON purchase (customer);
CREATE VIEW rich AS SELECT * FROM customer WHERE id < 100;
CREATE MATERIALIZED VIEW sums AS SELECT customer, sum(amount) FROM purchase GROUP BY 1;
CREATE TABLE parted (id int, part int) PARTITION BY LIST (part);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
CREATE TRIGGER watch BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION watch();
INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 500) n;
INSERT INTO purchase (customer, amount) SELECT n % 500 + 1, n FROM generate_series(1, 2000) n;
INSERT INTO parted SELECT n, 1 FROM generate_series(1, 50) n;
REFRESH MATERIALIZED VIEW sums;
COMMENT ON TABLE customer IS 'before';
ALTER TABLE customer ALTER COLUMN name SET STATISTICS 500;
CREATE RULE quiet AS ON DELETE TO rich DO INSTEAD NOTHING;
RESET search_path;
SQL

# Things that migrations do to what was there before; each of them once.
my @to_old = (
	"DROP VIEW rich;",
	"ALTER TABLE customer ADD COLUMN born date DEFAULT '2000-01-01';",
	"ALTER TABLE customer ALTER COLUMN name TYPE varchar(200) USING name || '!';",
	"UPDATE customer SET name = 'x' WHERE id % 2 = 0;",
	"DELETE FROM purchase WHERE id % 3 = 0;",
	"DROP INDEX purchase_customer;",
	"DROP MATERIALIZED VIEW sums;",
	"TRUNCATE parted;",
	"ALTER TABLE parted DETACH PARTITION parted_1;",
	"DROP TABLE parted;",
	"DROP FUNCTION twice(int);",
	"DROP TRIGGER watch ON customer;",
	"CREATE OR REPLACE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \$\$\nBEGIN\n  RETURN NULL;\nEND;\n\$\$;",
	"ALTER TYPE mood ADD VALUE 'happy';",
	"ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';",
	"ALTER DOMAIN positive DROP CONSTRAINT positive_check;",
	"ALTER SEQUENCE plain_seq INCREMENT 7 OWNED BY customer.id;",
	"COMMENT ON TABLE customer IS 'after';",
	"GRANT SELECT, UPDATE ON customer TO reader;\nREVOKE ALL ON FUNCTION watch() FROM PUBLIC;",
	"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;",
	"ALTER TABLE purchase RENAME TO bought;\nALTER TABLE bought RENAME COLUMN amount TO sum;",
	"ALTER TABLE customer ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON customer USING (name = current_user);",
	"ALTER TABLE customer ALTER COLUMN name SET STATISTICS 10;",
	"CREATE STATISTICS both_columns ON id, name FROM customer;",
	"ANALYZE customer;",
	"CLUSTER customer USING customer_pkey;",
	"SET search_path = pg_catalog;\nSET statement_timeout = '1h';",
	"LOCK TABLE customer;",
	"ALTER TABLE customer SET (fillfactor = 50);",
	"ALTER TABLE customer DROP CONSTRAINT customer_pkey CASCADE;",
	"DELETE FROM customer;",
	"DROP TABLE customer CASCADE;\nDROP TYPE mood;");

# Things that fill a migration up, with a number in their names.
my @of_new = (
	"CREATE TABLE new_%d (id serial PRIMARY KEY, note text);\nINSERT INTO new_%d (note) SELECT 'n' FROM generate_series(1, 200);",
	"CREATE FUNCTION new_f_%d(a int) RETURNS int LANGUAGE plpgsql AS \$\$\nBEGIN\n  RETURN a + 1;\nEND;\n\$\$;\nSELECT new_f_%d(1);",
	"CREATE TYPE new_t_%d AS (a int, b text);\nCREATE TABLE new_tt_%d (c new_t_%d);",
	"CREATE SEQUENCE new_s_%d;\nSELECT nextval('new_s_%d');",
	"CREATE TABLE new_p_%d (id int, PRIMARY KEY (id));\nCREATE INDEX CONCURRENTLY new_i_%d ON new_p_%d (id);\nCOMMENT ON TABLE new_p_%d IS 'new';",
	"CREATE FUNCTION new_a_%d() RETURNS int LANGUAGE sql BEGIN ATOMIC\n  SELECT 1;\n  SELECT 2;\nEND;\nGRANT EXECUTE ON FUNCTION new_a_%d() TO reader;");

# The migrations; the last one is right if "good" is.
sub write_run
{
	my ($good) = @_;

	clear_files($node);
	foreach my $n (1 .. $count)
	{
		my $text = $of_new[ $n % @of_new ] =~ s/%d/$n/gr;

		$text .= "\n" . $to_old[ $n / 3 - 1 ]
		  if $n % 3 == 0 && $n / 3 <= @to_old;
		write_files($node, sprintf('base/%05d_step.sql', $n) => $text);
	}
	write_files($node, sprintf('base/%05d_step.sql', $count) =>
		  "SELECT 1;\n" . ($good ? '' : "SELECT 1 / 0;"));
	return;
}

# An outer transaction's own work, so that there is something to keep.
my $mark = "INSERT INTO app.customer VALUES (1000, 'of the outer transaction')";
my $unmark = 'DELETE FROM app.customer WHERE id >= 1000';

# How the run is called.  With "outer", the transaction around it is
# committed, and its mark must be there afterwards.
my @calls = (
	{ name => 'a call', sql => 'SELECT gooseplus_migrate()' },
	{
		name => 'on_error = return',
		sql => q(SELECT state, count(*) FROM gooseplus_migrate(NULL, '{"on_error": "return"}') GROUP BY 1 ORDER BY 1),
		out => "failed|1\nundone|" . ($count - 1)
	},
	{
		name => 'on_error = return in an outer transaction',
		sql => qq(BEGIN;\n$mark;\nSELECT state, error ~ 'division by zero' FROM gooseplus_migrate(NULL, '{"on_error": "return"}') ORDER BY version DESC LIMIT 1;\nCOMMIT;),
		out => 'failed|t',
		outer => 1
	},
	{
		name => 'a savepoint in an outer transaction',
		sql => "\\set ON_ERROR_STOP off\nBEGIN;\n$mark;\nSAVEPOINT s;\nSELECT gooseplus_migrate();\nROLLBACK TO s;\nCOMMIT;",
		outer => 1
	},
	{
		name => 'a block with an exception clause',
		sql => "BEGIN;\n$mark;\nDO \$\$ BEGIN PERFORM gooseplus_migrate();\n"
		  . "EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'caught'; END \$\$;\nCOMMIT;",
		err => qr/caught/,
		outer => 1
	},
	{
		name => 'one block with work before and after',
		sql => "DO \$\$ BEGIN $mark;\nBEGIN PERFORM gooseplus_migrate();\n"
		  . "EXCEPTION WHEN OTHERS THEN NULL; END;\n"
		  . "INSERT INTO app.customer VALUES (1001, 'after the run'); END \$\$;",
		outer => 1
	});

sub dump_without_position
{
	my ($database) = @_;

	return dump_of($node, $database) =~
	  s/^SELECT pg_catalog\.setval\('\S*\.goose_db_version_id_seq', \K\d+//mr;
}

# Calls the failing run in each way, as the role.
sub check_role
{
	my ($database, $role) = @_;
	my $dump = dump_without_position($database);
	my $version_table = $node->safe_psql($database,
		"SELECT count(*) FROM pg_class WHERE relname = 'goose_db_version'");

	foreach my $call (@calls)
	{
		my $name = "$role, version table $version_table: $call->{name}";
		my ($status, $out, $err) = query(
			$node, "SET search_path = app, public;\n$call->{sql}",
			database => $database,
			user => $role);

		if (!defined $call->{out} && !$call->{err} && !$call->{outer})
		{
			like($err, qr/ERROR:  division by zero/, "$name fails");
		}
		is($out, $call->{out}, "$name returns rows") if defined $call->{out};
		like($err, $call->{err}, "$name is caught") if $call->{err};
		if ($call->{outer})
		{
			is($node->safe_psql(
					$database, 'SELECT count(*) FROM app.customer WHERE id = 1000'),
				1, "$name: the outer transaction is committed")
			  or diag($err);
			$node->safe_psql($database, $unmark);
		}
		my $after = dump_without_position($database);
		ok($after eq $dump, "$name leaves nothing behind")
		  or diag(difference($dump, $after));
	}
	return;
}

# The first lines that only one of the dumps has.
sub difference
{
	my ($old, $new) = @_;
	my %old = map { $_ => 1 } split /\n/, $old;
	my %new = map { $_ => 1 } split /\n/, $new;
	my @lines = (
		(map { "- $_" } grep { !$new{$_} } sort keys %old),
		(map { "+ $_" } grep { !$old{$_} } sort keys %new));

	return join("\n", @lines[ 0 .. ($#lines < 20 ? $#lines : 20) ]);
}

$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE reader');
foreach my $role ('postgres', 'owner')
{
	my $database = "of_$role";
	my $user = $role eq 'postgres' ? $node->safe_psql('postgres', 'SELECT current_user') : $role;

	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER \"$user\"");
	$node->safe_psql($database,
		"CREATE EXTENSION gooseplus; GRANT EXECUTE ON FUNCTION gooseplus_migrate TO owner");
	$node->safe_psql($database,
		"SET SESSION AUTHORIZATION \"$user\";\n$before");

	# without a version table, then with one
	write_run(0);
	check_role($database, $user);
	clear_files($node);
	is(( query(
				$node, "SET search_path = app, public; SELECT gooseplus_migrate()",
				database => $database,
				user => $user))[0],
		0,
		"$user: a run of nothing makes the version table");
	write_run(0);
	check_role($database, $user);

	# The same run without its last line is right: all of it did something.
	write_run(1);
	my ($status, $out, $err) = query(
		$node,
		"SET search_path = app, public; SELECT state, count(*) FROM gooseplus_migrate() GROUP BY 1",
		database => $database,
		user => $user);
	is($out, "applied|$count", "$user: the run succeeds without the failure")
	  or diag($err);
}

$node->stop;
done_testing();
