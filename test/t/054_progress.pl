# gooseplus_progress, seen by others while runs are on: where they are, since
# when, and whom they wait for; in several databases, of all kinds of runs.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('progress');
my $goose_id = 4097083626;
my $gate = $node->background_psql('postgres');
my $gate_pid = $gate->query_safe('SELECT pg_backend_pid()');
my ($session, $other, $status, $out, $err);

# a statement of a migration that ends when the gate is opened
my $pass = 'SELECT pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1);';

# What the view shows to a user, a line a run: these columns where the
# condition holds.
sub progress
{
	my ($columns, %options) = @_;
	my ($failed, $rows, $error) = query($node,
		"SELECT $columns FROM gooseplus_progress WHERE "
		  . ($options{where} || 'true') . ' ORDER BY database, started',
		%options);

	die $error if $failed;
	return $rows;
}

# Wait until the view has such a row.
sub wait_progress
{
	my ($condition) = @_;

	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM gooseplus_progress WHERE $condition")
	  or die "no run with $condition";
	return;
}

my $place = 'database, role, phase, migration, migrations, environment, source, statement';
my $waits = "waiting_for = '{$gate_pid}'";

$node->safe_psql('postgres', 'CREATE TABLE item (id int)');
is(progress('*'), '', 'no run');

# --- a statement that waits for a table; since when

write_files(
	$node,
	'base/00001_one.sql' => "-- +goose Up\nSELECT 1;\n$pass\n-- +goose Down\n$pass",
	'production/00002_two.sql' => "ALTER TABLE item ALTER COLUMN id SET DEFAULT 1;");
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session = start_psql($node, "SELECT gooseplus_migrate('production')");
wait_progress("$waits AND wait_event = 'advisory'");
is(progress($place), 'postgres|' . $node->safe_psql('postgres', 'SELECT session_user')
	  . '|running|1|2|base|base/00001_one.sql|2', 'the first migration');
my $started = progress("started, wait_event_type, waiting_for, elapsed > '0'");
like($started, qr/^[^|]+\|Lock\|\{$gate_pid\}\|t$/, 'its time');
$gate->query_safe('BEGIN; LOCK TABLE item; SELECT pg_advisory_unlock(1)');
wait_progress("$waits AND wait_event = 'relation'");
is(progress('migration, migrations, environment, source, statement'),
	'2|2|production|production/00002_two.sql|1', 'the second one');
is(progress('started'), $started =~ s/\|.*//r, 'it is the same run');
$gate->query_safe('COMMIT');
is((finish_psql($session))[0], 0, 'the run ends');
is(progress('*'), '', 'and shows no more');

# --- a deploy: the same, though each migration is a transaction; and the client's
# statement is shown before and after with its own time

my $revert = $node->background_psql('postgres', on_error_stop => 0);

$revert->query_safe("SET client_min_messages = warning; SELECT 1");
$revert->query_safe("CALL gooseplus_revert(0, 'production')");
is(progress('*'), '', 'a session that has ended its run is none');
$gate->query_safe('SELECT pg_advisory_lock(1)');
my $before = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$session = start_psql($node, "CALL gooseplus_deploy('production')");
wait_progress($waits);
$started = progress('started');
is($node->safe_psql('postgres', "SELECT '$before' < timestamptz '$started'"), 't',
	'a deploy: when it has begun');
$gate->query_safe('BEGIN; LOCK TABLE item; SELECT pg_advisory_unlock(1)');
wait_progress("$waits AND wait_event = 'relation'");
is(progress('phase, migration, statement, started'), "running|2|1|$started",
	'a deploy: the second migration, and still the same run');
$gate->query_safe('ROLLBACK');
is((finish_psql($session))[0], 0, 'the deploy ends');

# a run within a longer statement has a beginning of its own, and the statement
# gets its own back
$gate->query_safe('SELECT pg_advisory_lock(1), pg_advisory_lock(2), pg_advisory_lock(3)');
$session = start_psql($node, "DO \$\$ BEGIN PERFORM pg_advisory_lock_shared(2);\n"
	  . "PERFORM gooseplus_redo('production', '{\"version_table\": \"again\"}') FROM"
	  . " gooseplus_migrate(NULL, '{\"version_table\": \"again\"}');\n"
	  . "PERFORM pg_advisory_lock_shared(3); END \$\$");
my $pid = wait_activity($node, 'DO $$%', "wait_event = 'advisory'");
my $statement = $node->safe_psql('postgres',
	"SELECT query_start FROM pg_stat_activity WHERE pid = $pid");
is(progress('*'), '', 'the statement has not begun its run');
$before = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
$gate->query_safe('SELECT pg_advisory_unlock(2)');
wait_progress("pid = $pid AND $waits");
is(progress("started > '$before'", where => "pid = $pid"), 't',
	'the time is that of the run');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
is(wait_activity($node, 'DO $$%', "wait_event = 'advisory' AND query_start = '$statement'"),
	$pid, 'after it the statement is shown, with its time');
is(progress('*'), '', 'and no run');
$gate->query_safe('SELECT pg_advisory_unlock(3)');
is((finish_psql($session))[0], 0, 'the statement ends');

# --- waiting for the lock, as either kind of run does

$gate->query_safe("SELECT pg_advisory_lock($goose_id), pg_advisory_lock_shared(-7)");
$session = start_psql($node, 'SELECT gooseplus_migrate()');
wait_progress("phase = 'waiting for the migration lock'");
$other = start_psql($node, q(CALL gooseplus_deploy(options => '{"lock_id": -7}')));
wait_progress("phase = 'waiting for the migration lock' AND wait_event = 'advisory'");
is(progress("phase, migration, source, waiting_for"),
	join("\n", ("waiting for the migration lock|||{$gate_pid}") x 2),
	'both wait for the session that has the lock');
$gate->query_safe("SELECT pg_advisory_unlock_all()");
finish_psql($_) for $session, $other;

# --- two databases, a worker, and who may see what

$node->safe_psql('postgres', q(CREATE DATABASE "other 'one'"; CREATE ROLE anna LOGIN SUPERUSER;
	CREATE ROLE ben LOGIN; GRANT SELECT ON gooseplus_progress TO ben;
	CREATE SCHEMA ben AUTHORIZATION ben; GRANT EXECUTE ON FUNCTION gooseplus_migrate TO ben));
$node->safe_psql("other 'one'", 'CREATE EXTENSION gooseplus');
write_files($node, 'base/00003_three.sql' => $pass);
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session = $node->safe_psql('postgres', q(SELECT gooseplus_launch('production')));
# an advisory lock belongs to one database: here another one makes it wait
my $far_gate = $node->background_psql("other 'one'");
my $far_pid = $far_gate->query_safe('SELECT pg_backend_pid()');
$far_gate->query_safe('SELECT pg_advisory_lock(1)');
$other = start_psql($node, 'SELECT gooseplus_migrate()', database => "other 'one'", user => 'anna');
my $third = start_psql($node, q(SET search_path = ben, public;
	SELECT gooseplus_migrate(NULL, '{"lock_id": 5, "exclude_versions": "1"}')), user => 'ben');
$node->poll_query_until('postgres',
	'SELECT count(*) = 3 FROM gooseplus_progress WHERE cardinality(waiting_for) = 1')
  or die 'not all of them are at the gate';
my $all = "other 'one'|anna|running|1|2|base|base/00001_one.sql|2|{$far_pid}";
my $here = 'postgres|' . $node->safe_psql('postgres', 'SELECT session_user')
  . "|running|1|1|base|base/00003_three.sql|1|{$gate_pid}";
my $ben = "postgres|ben|running|1|1|base|base/00003_three.sql|1|{$gate_pid}";

is(join("\n", sort split(/\n/, progress("$place, waiting_for"))),
	join("\n", sort($all, $here, $ben)), 'runs of all databases');
is(progress('pid', where => "role <> 'ben' AND database = 'postgres'"), $session,
	'a worker, by the process id that was returned');
is(progress("$place, waiting_for", user => 'ben'), $ben,
	'a role without pg_read_all_stats sees its own');
$node->safe_psql('postgres', 'GRANT pg_read_all_stats TO ben');
is(scalar(split(/\n/, progress('pid', user => 'ben'))), 3, 'and with it, all');
$gate->query_safe('SELECT pg_advisory_unlock_all()');
$far_gate->query_safe('SELECT pg_advisory_unlock_all()');
finish_psql($_) for $other, $third;
$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM gooseplus_progress')
  or die 'the worker does not end';
$far_gate->quit;

# --- other phases

# a rehearsal
write_files($node, 'base/00004_four.sql' => "-- +goose Up\n$pass\n-- +goose Down\n$pass");
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session = start_psql($node, 'SELECT count(*) FROM gooseplus_rehearse()');
wait_progress($waits);
is(progress('phase, migration, migrations, source'), 'rehearsing|1|1|base/00004_four.sql',
	'a rehearsal');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
finish_psql($session);

# a return
write_files($node, 'base/00005_five.sql' => "SELECT pg_advisory_lock_shared(2), pg_advisory_unlock_shared(2);\nSELECT 1 / 0;");
$gate->query_safe('SELECT pg_advisory_lock(2)');
$session = start_psql($node, 'CALL gooseplus_deploy()');
wait_progress("$waits AND source = 'base/00005_five.sql'");
$started = progress('started');
$gate->query_safe('SELECT pg_advisory_lock(1), pg_advisory_unlock(2)');
wait_progress("$waits AND source = 'base/00004_four.sql'");
is(progress('phase, migration, migrations, source, statement, started'),
	"returning|1|2|base/00004_four.sql|1|$started", 'a deploy that returns');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
isnt((finish_psql($session))[0], 0, 'it has failed');
is(progress('*'), '', 'a session whose run has failed is none');

# a pause between two tries
write_files($node, 'base/00005_five.sql' => 'ALTER TABLE item ADD COLUMN more text;');
$gate->query_safe('BEGIN; LOCK TABLE item IN ACCESS SHARE MODE');
$session = start_psql($node,
	q(CALL gooseplus_deploy(options => '{"ddl_lock_timeout": "20ms", "ddl_lock_retries": 1000}')));
wait_progress("phase = 'waiting to try again' AND migration = 2 AND migrations = 2"
	  . " AND source = 'base/00005_five.sql' AND statement IS NULL AND waiting_for = '{}'");
pass('a pause between two tries');
$gate->query_safe('COMMIT');
is((finish_psql($session))[0], 0, 'it ends well');

# a run that reads what others have locked
$gate->query_safe('BEGIN; LOCK TABLE goose_db_version');
$session = start_psql($node, 'SELECT gooseplus_migrate()');
wait_progress("$waits AND phase = 'preparing' AND source IS NULL");
pass('a run that has not come to a migration');
$gate->query_safe('COMMIT');
finish_psql($session);

# what waits for a version is no run
$session = start_psql($node, 'CALL gooseplus_wait(99)');
$pid = wait_activity($node, 'gooseplus: waiting for version 99');
is(progress('*'), '', 'gooseplus_wait is no run');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
finish_psql($session);

# --- odd names, long names, other encodings

my $long = "base/00007_\xc3\xa9" . ("\xe2\x82\xac" x 60) . '.sql';
my $odd = q(base/00006_a 'b' "c\d" 1 of 2 statement 3.sql);

write_files($node, $odd => "SELECT 1;\n$pass", $long => "SELECT 1;\n$pass");

# Runs them, and looks; returns what was shown of the long name.
sub shown
{
	my ($name) = @_;

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$session = start_psql($node, 'CALL gooseplus_deploy(version => 6)');
	wait_progress($waits);
	is(progress('source, statement, migration'), "$odd|2|1", "$name: a name with quotes and blanks");
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	finish_psql($session);
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$session = start_psql($node, 'CALL gooseplus_deploy()');
	wait_progress($waits);
	my ($source, $rest) = progress('source, statement, migration, migrations') =~ /^(.*?)\|(.*)/;
	is($rest, '2|1|1', "$name: the statement of a long name");
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	finish_psql($session);
	$node->safe_psql('postgres', 'CALL gooseplus_revert(5)');
	return $source;
}

is(shown('as it is'), $long, 'a long name');
$gate->quit;
$node->append_conf('postgresql.conf', 'track_activity_query_size = 100');
$node->restart;
$gate = $node->background_psql('postgres');
$gate_pid = $gate->query_safe('SELECT pg_backend_pid()');
$waits = "waiting_for = '{$gate_pid}'";
my $cut = shown('cut');
cmp_ok(length($cut), '>', 60, 'a long name that is cut is long');
cmp_ok(length($cut), '<', 100, 'and cut');
is(index($long, $cut), 0, 'at its end');
is(substr($cut, -3), "\xe2\x82\xac", 'between two characters');

# a database of another encoding, as it is seen from here
$node->safe_psql('postgres',
	"CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('latin', 'CREATE EXTENSION gooseplus');
clear_files($node);
write_files($node, "base/00001_\xc3\xa9.sql" => $pass, "base/00002_\\\xc3\xa9.sql" => $pass);
$far_gate = $node->background_psql('latin');
$far_gate->query_safe('SELECT pg_advisory_lock(1)');
$session = start_psql($node, 'SELECT gooseplus_migrate()', database => 'latin');
wait_progress('cardinality(waiting_for) = 1');
is(progress('database, source, statement'), 'latin|base/00001_\351.sql|1',
	'a name in another encoding');
is(progress('database, source, statement', database => 'latin'),
	"latin|base/00001_\xe9.sql|1", 'as its own database sees it');
$far_gate->query_safe('SELECT pg_advisory_unlock(1)');
finish_psql($session);
$_->quit for $gate, $far_gate, $revert;

$node->stop;
done_testing();
