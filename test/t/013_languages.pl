# Code in other languages: registered functions, blocks and functions in files.
# The CSV file that a Go migration loads is loaded by Python here.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('languages');
my $csv = $node->basedir . '/example.csv';
my $made = 0;

sub available
{
	my ($extension) = @_;

	return $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_available_extensions WHERE name = '$extension'");
}

# A new database with gooseplus and these languages; no migrations.
sub new_database
{
	my (@extensions) = @_;
	my $database = 'db_' . ++$made;

	clear_files($node);
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION $_")
	  foreach ('gooseplus', @extensions);
	return $database;
}

# One block and one function in a language, all by the file: the run fails
# before it begins without the language, and works with it.
sub test_language
{
	my ($language, $block, $body) = @_;
	my $database = new_database();

	write_files(
		$node,
		'base/00001_table.sql' => 'CREATE TABLE made (note text);',
		'base/00002_block.sql' =>
		  "-- +goose Up\nDO LANGUAGE $language \$\$\n$block\n\$\$;\n"
		  . "-- +goose Down\nDELETE FROM made WHERE note = '$language block';\n",
		'base/00003_function.sql' =>
		  "-- +goose Up\nCREATE FUNCTION answer(n int) RETURNS int LANGUAGE $language AS\n"
		  . "\$\$\n$body\n\$\$;\nINSERT INTO made SELECT answer(21);\n"
		  . "-- +goose Down\nDROP FUNCTION answer(int);\n");

	my ($status, undef, $err) = query(
		$node, "\\set VERBOSITY verbose\nSELECT gooseplus_migrate()",
		database => $database);

	is($status, 3, "$language: refused when it is not installed");
	like($err, qr/ERROR:  42704: 2 problems found before running any migration/,
		"$language: before anything runs");
	like($err,
		qr/base\/00002_block\.sql:2:1: language "$language" does not exist\n.*base\/00003_function\.sql:2:1: language "$language" does not exist/,
		"$language: both places are named");
	is($node->safe_psql($database, "SELECT to_regclass('made') IS NULL"),
		't', "$language: nothing is left");

	# created by the run itself
	write_files($node, 'base/00001_table.sql' =>
		  "CREATE TABLE made (note text);\nCREATE EXTENSION $language;");
	is( $node->safe_psql($database, 'SELECT version, state FROM gooseplus_migrate()'),
		"1|applied\n2|applied\n3|applied",
		"$language: works when the run creates it");
	is($node->safe_psql($database, 'SELECT note FROM made'),
		"$language block\n42", "$language: the block and the function ran");
	is( $node->safe_psql($database, 'SELECT version, state FROM gooseplus_down_to(1)'),
		"3|applied\n2|applied",
		"$language: back down");
	is($node->safe_psql($database, 'SELECT note FROM made'),
		'42', "$language: the block is taken back");

	# an error in the code has the place of its statement
	write_files($node, 'base/00002_block.sql' =>
		  "-- +goose Up\nSELECT 2;\nDO LANGUAGE $language \$\$\nno such thing (\n\$\$;\n");
	($status, undef, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => $database);
	is($status, 3, "$language: an error in the code fails the run");
	like($err, qr{statement 2 at base/00002_block\.sql:3:1$}m,
		"$language: and has the place of its statement");
	return;
}

# --- Python

SKIP:
{
	skip 'plpython3u is not available: install postgresql-plpython3', 1
	  unless available('plpython3u');

	test_language(
		'plpython3u',
		qq(rows = [("plpython3u %s" % word,) for word in ["block"]]\n)
		  . qq(plan = plpy.prepare("INSERT INTO made VALUES (\$1)", ["text"])\n)
		  . qq(for row in rows:\n    plan.execute(row)),
		'return n * 2');

	# the example: a table and a first row by files, the CSV file by functions
	my $database = new_database('plpython3u');

	write_raw($csv, "id,value\nthree, Third value\nfour,\"Fourth, \xc3\xbcmlaut\"\n");
	write_files(
		$node,
		'base/20231102204811_create_example.sql' =>
		  "-- +goose Up\nCREATE TABLE example (id text PRIMARY KEY, value text NOT NULL);\n"
		  . "-- +goose Down\nDROP TABLE example;\n",
		'base/20231103204811_populate_example.sql' =>
		  "-- +goose Up\nINSERT INTO example VALUES ('one', 'One');\n"
		  . "-- +goose Down\nDELETE FROM example WHERE id = 'one';\n",
		'base/20231105000000_after.sql' => "-- +goose Up\nINSERT INTO example SELECT 'rows', count(*) FROM example;\n"
		  . "-- +goose Down\nDELETE FROM example WHERE id = 'rows';\n");
	$node->safe_psql(
		$database, qq(
		CREATE FUNCTION load_example() RETURNS bigint LANGUAGE plpython3u AS \$\$
import csv
insert = plpy.prepare("INSERT INTO example VALUES (\$1, \$2)", ["text", "text"])
count = 0
with open("$csv", newline="", encoding="utf-8") as file:
    for record in csv.DictReader(file, skipinitialspace=True):
        insert.execute([record["id"], record["value"]])
        count += 1
plpy.notice("%d rows loaded" % count)
return count
\$\$;
		CREATE FUNCTION unload_example() RETURNS void LANGUAGE plpython3u AS \$\$
import csv
delete = plpy.prepare("DELETE FROM example WHERE id = \$1", ["text"])
with open("$csv", newline="", encoding="utf-8") as file:
    for record in csv.DictReader(file):
        delete.execute([record["id"]])
\$\$;
		SELECT gooseplus_register(20231104120000, 'load_example()', 'unload_example()');));
	my ($status, $out, $err) = query($node,
		'SELECT version, source, state FROM gooseplus_migrate()',
		database => $database);
	is( $out,
		"20231102204811|base/20231102204811_create_example.sql|applied\n"
		  . "20231103204811|base/20231103204811_populate_example.sql|applied\n"
		  . "20231104120000|base/20231104120000_load_example|applied\n"
		  . '20231105000000|base/20231105000000_after.sql|applied',
		'CSV: the function runs between the files');
	like($err, qr/NOTICE:  2 rows loaded/, 'CSV: its notices reach the client');
	is( $node->safe_psql($database, 'SELECT * FROM example'),
		"one|One\nthree|Third value\nfour|Fourth, \xc3\xbcmlaut\nrows|3",
		'CSV: the rows are in the table');
	is( $node->safe_psql($database,
			'SELECT version FROM gooseplus_down_to(20231103204811)'),
		"20231105000000\n20231104120000",
		'CSV: taken back');
	is($node->safe_psql($database, 'SELECT * FROM example'),
		'one|One', 'CSV: and so are the rows');

	# the second record is wrong: nothing of the run stays
	write_raw($csv, "id,value\nthree,Third value\nfour\n");
	($status, undef, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => $database);
	is($status, 3, 'CSV: a record without a value fails the run');
	like($err, qr/null value in column "value".*statement 1 at base\/20231104120000_load_example:/s,
		'CSV: the error names the migration');
	like($err, qr/the database is at version 20231103204811 as before the call/,
		'CSV: and where the database is');
	is($node->safe_psql($database, 'SELECT * FROM example'),
		'one|One', 'CSV: none of the records stays');
	unlink $csv or die $!;
	($status, undef, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => $database);
	like($err, qr/FileNotFoundError.*statement 1 at base\/20231104120000_load_example:/s,
		'CSV: a missing file is an error of Python');
}

# --- Perl and Tcl

SKIP:
{
	skip 'plperl is not available: install postgresql-plperl', 1
	  unless available('plperl');
	test_language(
		'plperl',
		'my $plan = spi_prepare("INSERT INTO made VALUES (\$1)", "text");' . "\n"
		  . 'spi_exec_prepared($plan, "plperl " . join "", qw(b l o c k));',
		'return $_[0] * 2;');
}

SKIP:
{
	skip 'no transform for plperl is available: install postgresql-plperl', 1
	  unless available('bool_plperl');

	# a language that comes with another extension
	my $database = new_database();

	write_files($node, 'base/00001_cascade.sql' =>
		  "CREATE EXTENSION bool_plperl CASCADE;\n"
		  . "CREATE TABLE made (note text);\n"
		  . "DO LANGUAGE plperl \$\$ spi_exec_query(q(INSERT INTO made VALUES ('cascade'))); \$\$;");
	my (undef, $out, $err) = query(
		$node,
		'SELECT state FROM gooseplus_migrate()',
		database => $database);

	is($out, 'applied', 'a language that CREATE EXTENSION ... CASCADE brings')
	  or diag($err);
}

SKIP:
{
	skip 'pltcl is not available: install postgresql-pltcl', 1
	  unless available('pltcl');

	# no blocks in this language
	my $database = new_database();

	write_files(
		$node,
		'base/00001_table.sql' => 'CREATE TABLE made (note text);',
		'base/00002_function.sql' =>
		  "CREATE FUNCTION fill(n int) RETURNS int LANGUAGE pltcl AS \$\$\n"
		  . "for {set i 0} {\$i < \$1} {incr i} { spi_exec \"INSERT INTO made VALUES ('tcl \$i')\" }\n"
		  . "return \$i\n\$\$;\nSELECT fill(2);");
	my ($status, undef, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => $database);
	is($status, 3, 'pltcl: refused when it is not installed');
	like($err, qr/HINT:  Use CREATE EXTENSION pltcl to load the language into the database\./,
		'pltcl: with the hint to create it');
	$node->safe_psql($database, 'CREATE EXTENSION pltcl');
	is($node->safe_psql($database, 'SELECT version FROM gooseplus_migrate()'),
		"1\n2", 'pltcl: works when it is installed');
	is($node->safe_psql($database, 'SELECT note FROM made'),
		"tcl 0\ntcl 1", 'pltcl: the function ran');
}

$node->stop;
done_testing();
