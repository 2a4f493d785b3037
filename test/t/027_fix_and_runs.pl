# gooseplus_create and gooseplus_fix beside what a database has recorded and
# what runs at the time; and a folder in the root that is not ours.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('fix_and_runs');
my $root = migrate_root($node);
my $waiting = 'gooseplus: waiting for the migration lock%';
my $recorded = 'SELECT version_id FROM goose_db_version ORDER BY id';

# The files below the root, sorted.
sub files
{
	return join ' ', sort map { s,^\Q$root\E/,,r } glob("$root/*/*.sql");
}

# Nothing is applied, and nothing recorded.
sub start_over
{
	$node->safe_psql('postgres',
		'DROP TABLE IF EXISTS goose_db_version, first, second');
	clear_files($node);
	return;
}

# Runs SQL that must succeed; returns output and error output.
sub run
{
	my ($sql) = @_;
	my ($status, $out, $err) = query($node, $sql);

	is($status, 0, "done: $sql") or diag($err);
	return ($out, $err);
}

# --- the number of a version that is recorded is not free

write_files(
	$node,
	'base/00001_one.sql' => 'SELECT 1;',
	'base/00007_gone.sql' => 'SELECT 7;',
	'base/20240101000000_time_gone.sql' => 'SELECT 1;');
$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
unlink "$root/base/00007_gone.sql", "$root/base/20240101000000_time_gone.sql";
is(files(), 'base/00001_one.sql', 'two applied files are gone');

is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)"),
	'base/00008_x.sql',
	'create: the number after the highest recorded one');
unlink "$root/base/00008_x.sql" or die $!;

write_files($node, 'base/20240201000000_later.sql' => 'SELECT 2;');
my ($out) = run('SELECT * FROM gooseplus_fix()');
is($out, 'base/20240201000000_later.sql|base/00008_later.sql',
	'fix: the number after the highest recorded one');
rename "$root/base/00008_later.sql", "$root/base/20240201000000_later.sql" or die $!;
($out) = run('SELECT * FROM gooseplus_fix(include_applied => true)');
is($out, 'base/20240201000000_later.sql|base/00008_later.sql',
	'fix with include_applied: the same');
is($node->safe_psql('postgres', $recorded),
	"0\n1\n7\n20240101000000",
	'the records of files that are gone stay as they are');
is( $node->safe_psql('postgres',
		q(SELECT version, state FROM gooseplus_migrate(NULL, '{"allow_out_of_order": true}'))),
	'8|applied',
	'the renamed file is not taken for the recorded one');

# a version table of another name counts where it is the one in use
$node->safe_psql('postgres', 'ALTER TABLE goose_db_version RENAME TO other_versions');
is( $node->safe_psql('postgres',
		q(SELECT gooseplus_create('x', sequential => true, options => '{"version_table": "other_versions"}'))),
	'base/00009_x.sql',
	'create: the version table of the options');
$node->safe_psql('postgres', 'DROP TABLE other_versions');

# --- fix waits for a run, and then sees what it has applied

my $first = 'base/20240101000000_first.sql';
my $second = 'base/20240201000000_second.sql';
my $runner = $node->background_psql('postgres');
$runner->query_safe('SET client_min_messages = error');

foreach my $case (
	# the run's end; the call; what it returns; the files; the records
	[ 'COMMIT', 'gooseplus_fix()', '', "$first $second",
		"0\n20240101000000\n20240201000000" ],
	[ 'ROLLBACK', 'gooseplus_fix()',
		"$first|base/00001_first.sql\n$second|base/00002_second.sql",
		'base/00001_first.sql base/00002_second.sql', '' ],
	[ 'COMMIT', 'gooseplus_fix(include_applied => true)',
		"$first|base/00001_first.sql\n$second|base/00002_second.sql",
		'base/00001_first.sql base/00002_second.sql', "0\n1\n2" ])
{
	my ($end, $call, $renamed, $files, $rows) = @$case;
	my $name = "$call, $end";

	start_over();
	write_files(
		$node,
		$first => 'CREATE TABLE first (id int);',
		$second => 'CREATE TABLE second (id int);');
	$runner->query_safe('BEGIN');
	is($runner->query_safe('SELECT count(*) FROM gooseplus_migrate()'),
		2, "$name: a run that has not ended");
	# in a transaction that has seen the time before
	my $fix = start_psql($node,
		"BEGIN; SELECT to_regclass('first') IS NULL; SELECT * FROM $call; COMMIT;");

	wait_activity($node, $waiting);
	is(files(), "$first $second", "$name: no file is renamed while it waits");
	$runner->query_safe($end);
	my ($status, $out, $err) = finish_psql($fix);
	is($status, 0, "$name: it goes on after the run") or diag($err);
	is($out, join("\n", 't', $renamed || ()), "$name: what it renamed");
	is(files(), $files, "$name: the files");
	is( $node->safe_psql('postgres',
			"SELECT to_regclass('goose_db_version') IS NULL"),
		$rows eq '' ? 't' : 'f',
		"$name: whether there are records");
	is($node->safe_psql('postgres', $recorded), $rows, "$name: the records")
	  if $rows ne '';
}

# it waits as long as lock_timeout allows
start_over();
write_files($node, $first => 'CREATE TABLE first (id int);');
$runner->query_safe('BEGIN; SELECT count(*) FROM gooseplus_migrate()');
my ($status, undef, $err) = query($node,
	"\\set VERBOSITY verbose\nSET lock_timeout = '300ms';\nSELECT * FROM gooseplus_fix()");
is($status, 3, 'fix: it does not wait longer than lock_timeout');
like($err, qr/ERROR:  55P03: could not obtain the migration lock within lock_timeout/,
	'fix: and says why');
is(files(), $first, 'fix: and has renamed nothing');
$runner->query_safe('ROLLBACK');

# and keeps runs out until its records are committed
$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
$runner->query_safe('BEGIN; SELECT count(*) FROM gooseplus_fix(include_applied => true)');
my $run = start_psql($node, 'SELECT count(*) FROM gooseplus_migrate()');
wait_activity($node, $waiting);
$runner->query_safe('COMMIT');
($status, $out, $err) = finish_psql($run);
is($out, '0', 'a run waits for fix, and finds nothing to do') or diag($err);
is($node->safe_psql('postgres', $recorded), "0\n1", 'each version is recorded once');
$runner->quit;

# fix waits no longer than a run would
my $keeper = $node->background_psql('postgres');

$keeper->query_safe('SELECT pg_advisory_lock(4097083626)');
($status, undef, $err) = query($node,
	q(SELECT * FROM gooseplus_fix(options => '{"timeout": "200ms"}')));
is($status, 3, 'fix: the time limit counts for its wait');
like($err, qr/could not obtain the migration lock within gooseplus\.timeout/,
	'fix: and says so');
$keeper->quit;

# --- what the history knows of a migration goes with its number

start_over();
$node->safe_psql('postgres', 'DROP TABLE goose_db_version_history');
write_files($node,
	'base/00001_one.sql' => "-- +goose Up\nSELECT 1;\n",
	$first => "-- +goose Up\nCREATE TABLE first (id int);\n-- +goose Down\nDROP TABLE first;\n",
	$second => "-- +goose Up\nCREATE TABLE second (id int);\n-- +goose Down\nDROP TABLE second;\n");
$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
$node->safe_psql('postgres', 'SELECT gooseplus_fix(include_applied => true)');
is( $node->safe_psql('postgres',
		"SELECT version, source FROM goose_db_version_history WHERE event = 'migration' ORDER BY id"),
	"1|base/00001_one.sql\n2|$first\n3|$second",
	'fix with include_applied: the history has the new numbers');
write_files($node, 'base/00002_first.sql' =>
	  "-- +goose Up\nCREATE TABLE first (id bigint);\n-- +goose Down\nDROP TABLE first;\n");
is( $node->safe_psql('postgres', 'SELECT version, state FROM gooseplus_status()'),
	"1|applied\n2|modified\n3|applied",
	'and a change is seen under the new one');
unlink "$root/base/00002_first.sql", "$root/base/00003_second.sql" or die $!;
is( $node->safe_psql('postgres', 'SELECT version, direction FROM gooseplus_down_to(1)'),
	"3|down\n2|down",
	'a file that is gone is found by the new one');
is( $node->safe_psql('postgres', "SELECT to_regclass('first') IS NULL, to_regclass('second') IS NULL"),
	't|t',
	'and its Down part is the one that was applied');

# --- what mkfs leaves in the root of a volume

start_over();
write_files($node, 'base/20240101000000_file.sql' => 'SELECT 1;');
mkdir "$root/lost+found" or die $!;
chmod 0000, "$root/lost+found" or die $!;
is($node->safe_psql('postgres', "SELECT gooseplus_bundle_load('volume', '$root')"),
	1, 'lost+found: load');
is( $node->safe_psql('postgres', "SELECT path FROM gooseplus_bundle_files('volume')"),
	'base/20240101000000_file.sql',
	'lost+found: the bundle has the files');
is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)"),
	'base/00001_x.sql',
	'lost+found: create');
is( $node->safe_psql('postgres', 'SELECT * FROM gooseplus_fix()'),
	'base/20240101000000_file.sql|base/00002_file.sql',
	'lost+found: fix');
is($node->safe_psql('postgres', 'SELECT version FROM gooseplus_migrate()'),
	"1\n2", 'lost+found: a run');
# other folders that cannot be read are not passed over
mkdir "$root/closed" or die $!;
chmod 0000, "$root/closed" or die $!;
($status, undef, $err) = query($node, "SELECT gooseplus_bundle_load('volume', '$root')");
is($status, 3, 'another closed folder: the load fails');
like($err, qr/closed.*Permission denied/, 'another closed folder: and says why');
rmdir "$root/closed" or die $!;
rmdir "$root/lost+found" or die $!;

$node->stop;
done_testing();
