# A deploy that cannot get a lock on a table: with ddl_lock_timeout its migration
# is undone and tried again, and nobody who reads the table waits behind it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;
use Time::HiRes qw(usleep);

my $node = new_node('ddl_lock');
my ($session, $pid, $status, $out, $err);

# its lock on the table would be in our way
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->reload;

# Reads the table in a transaction that does not end.
local $ENV{PGAPPNAME} = 'reporting';
my $reader = $node->background_psql('postgres', on_error_stop => 0);
delete $ENV{PGAPPNAME};
my $reader_pid = $reader->query_safe('SELECT pg_backend_pid()');

my $alter = "CREATE TABLE before (id int);\nALTER TABLE item ADD COLUMN price numeric;";
my $label = 'base/00002_alter.sql';
my $pausing = "gooseplus: 2/2 $label waiting to try again";

# ---------------------------------------------------------------- helpers

# Begin anew: a table, a migration that does not need it, and one that does.
sub begin_with
{
	my ($migration, %more) = @_;

	clear_files($node);
	write_files(
		$node,
		'base/00001_mark.sql' => "-- +goose Up\nCREATE TABLE mark (name text);\n"
		  . "-- +goose Down\nDROP TABLE mark;",
		$label => $migration,
		%more);
	$node->safe_psql(
		'postgres', q(
		SET client_min_messages = warning;
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public;
		CREATE EXTENSION gooseplus;
		CREATE TABLE item (id int, note text);
		INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 1000) i;
		CREATE TABLE other (id int)));
	return;
}

sub read_item
{
	$reader->query_safe('BEGIN; SELECT count(*) FROM item');
	return;
}

sub end_reading { $reader->query_safe('COMMIT'); return; }

# Starts a deploy in a session that goes on after an error.
sub start_deploy
{
	my ($options, $before) = @_;

	$session = start_psql(
		$node, join "\n",
		'\set ON_ERROR_STOP off',
		'\set VERBOSITY verbose',
		$before || '',
		"CALL gooseplus_deploy(options => '{$options}');",
		"SELECT 'alive', count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();");
	return;
}

sub end_deploy
{
	my ($name) = @_;

	($status, $out, $err) = finish_psql($session);
	is($out, 'alive|0', "$name: the session is alive and has let go of the lock");
	return;
}

# Versions, tables, columns, and what the history says has failed.
sub state_of
{
	return $node->safe_psql(
		'postgres', q(
		SELECT concat_ws('; ',
			'versions ' || (SELECT string_agg(version_id::text, ' ' ORDER BY id)
				FROM goose_db_version),
			'tables ' || (SELECT string_agg(relname::text, ' ' ORDER BY relname)
				FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
				AND relname NOT LIKE 'goose%'),
			'columns ' || (SELECT string_agg(attname::text, ' ' ORDER BY attnum)
				FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 AND NOT attisdropped),
			(SELECT string_agg(concat_ws(' ', version, direction, outcome, sqlstate), ', ' ORDER BY id)
				FROM goose_db_version_history
				WHERE event = 'migration' AND outcome <> 'applied'),
			'run ' || (SELECT outcome FROM goose_db_version_history
				WHERE event = 'run' ORDER BY id DESC LIMIT 1))));
}

my $done = 'versions 0 1 2; tables before item mark other; columns id note price; run done';
my $undone = 'versions 0; tables item other; columns id note; 2 up failed 55P03; run returned';

# Can a reader of the table go on without waiting for anybody?
sub can_read
{
	($status, $out, $err) = query($node,
		'BEGIN; LOCK TABLE item IN ACCESS SHARE MODE NOWAIT; SELECT count(*) FROM item; COMMIT');
	return $status == 0;
}

# Waits for the deploy to pause, and says whether that could be done in one
# pause: a pause can end while we look.
sub in_a_pause
{
	my ($check, $activity) = @_;

	foreach my $try (1 .. 200)
	{
		wait_activity($node, $activity || $pausing);
		return 1 if $check->();
		usleep(10_000);
	}
	return 0;
}

# ------------------------------------------------------- plainly, for contrast

begin_with($alter);
read_item();
start_deploy('');
$pid = wait_activity($node, "gooseplus: 2/2 $label statement 2",
	"wait_event = 'relation'");
ok(!can_read(), 'without ddl_lock_timeout, readers wait behind the deploy');
end_reading();
end_deploy('without ddl_lock_timeout');
unlike($err, qr/tried again/, 'and it is not tried again');
is(state_of(), $done, 'but it ends');

# ------------------------------------------------------- undone and tried again

begin_with($alter);
read_item();
start_deploy('"ddl_lock_timeout": "100ms", "ddl_lock_retries": 1000');
$pid = wait_activity($node, $pausing);
ok( in_a_pause(sub {
		return $node->safe_psql('postgres',
			"SELECT string_agg(locktype, ' ' ORDER BY locktype) FROM pg_locks WHERE pid = $pid"
		) eq 'advisory virtualxid';
	}),
	'while it pauses, a deploy holds no lock but the one on the run');
ok( in_a_pause(sub {
		return $node->safe_psql('postgres',
			"SELECT count(backend_xmin) + count(backend_xid) FROM pg_stat_activity WHERE pid = $pid"
		) eq '0';
	}),
	'no snapshot and no transaction id');
ok(in_a_pause(\&can_read), 'and readers go on without waiting');
is($node->safe_psql('postgres', "SELECT to_regclass('before') IS NULL"),
	't', 'the migration is undone whole');
is($node->safe_psql('postgres', "SELECT to_regclass('mark') IS NULL"),
	'f', 'the one before it stays');
end_reading();
end_deploy('ddl_lock_timeout');
is(state_of(), $done, 'when the reader has ended, it ends well');
like($err,
	qr/NOTICE: .*migration base\/00002_alter\.sql is undone and tried again in \d+ ms \(1 of 1000\)/,
	'a NOTICE says what happens');
like($err,
	qr/DETAIL:  .*line 3\b.*table "item" is locked by process $reader_pid \(application "reporting"\) with a query of [\d.]+ \w+/,
	'and who holds the lock, and how long its query has been there');
is($node->safe_psql('postgres',
		"SELECT count(*) FROM goose_db_version_history WHERE event = 'migration' AND version = 2"),
	1, 'the history has the migration once');

# the row of a table is held, not the table
begin_with("CREATE TABLE before (id int);\nALTER TABLE item ADD COLUMN price numeric;\nUPDATE other SET id = 2;");
$node->safe_psql('postgres', 'INSERT INTO other VALUES (1)');
$reader->query_safe('BEGIN; UPDATE other SET id = 3');
start_deploy('"ddl_lock_timeout": "100ms", "ddl_lock_retries": 1000');
wait_activity($node, $pausing);
end_reading();
end_deploy('row lock');
is(state_of(), $done, 'row lock: it ends well');
like($err,
	qr/DETAIL:  .*line 4\b.* process $reader_pid \(application "reporting"\) with a query of/,
	'row lock: and names the holder');

# ------------------------------------------------------- too often

begin_with($alter);
read_item();
start_deploy('"ddl_lock_timeout": "50ms", "ddl_lock_retries": 2');
end_deploy('retries exhausted');
like($err, qr/ERROR:  55P03: canceling statement due to lock timeout/,
	'retries exhausted: the error says why');
is(scalar(() = $err =~ /tried again in/g), 2,
	'retries exhausted: it has been tried again twice');
like($err,
	qr/^gooseplus_deploy, environment "base": taken back: base\/00001_mark.sql; the database is at version 0 as before the call$/m,
	'retries exhausted: and where the database is');
end_reading();
is(state_of(), $undone, 'retries exhausted: which is true');

begin_with($alter);
read_item();
start_deploy('"ddl_lock_timeout": "50ms", "ddl_lock_retries": 0');
end_deploy('no retries');
like($err, qr/ERROR:  55P03: canceling statement due to lock timeout/,
	'no retries: the error says why');
unlike($err, qr/tried again/, 'no retries: it is not tried again');
end_reading();
is(state_of(), $undone, 'no retries: the deploy has returned');

# lock_timeout alone makes it fail, too
begin_with($alter);
read_item();
start_deploy('', "SET lock_timeout = '50ms';");
end_deploy('lock_timeout');
unlike($err, qr/tried again/, 'lock_timeout: it is not tried again');
end_reading();
is(state_of(), $undone, 'lock_timeout: the deploy has returned');

# ------------------------------------------------------- deadlocks

# The migration has "item" and wants "other"; another session has that one and
# waits for "item".  The deploy looks for deadlocks first, so it is cancelled.
my $gate = $node->background_psql('postgres');

begin_with("ALTER TABLE item ADD COLUMN price numeric;\nSELECT pg_advisory_xact_lock(7);\nALTER TABLE other ADD COLUMN more int;\nCREATE TABLE before (id int);");
$gate->query_safe('SELECT pg_advisory_lock(7)');
start_deploy('"ddl_lock_timeout": "60s"', "SET deadlock_timeout = '50ms';");
wait_activity($node, "gooseplus: 2/2 $label statement 2",
	"wait_event = 'advisory'");
$reader->query_safe("SET deadlock_timeout = '60s'; BEGIN; SELECT count(*) FROM other");
$reader->query_until(qr/begun/, "\\echo begun\nSELECT count(*) FROM item;\n");
wait_activity($node, 'SELECT count(*) FROM item%', "wait_event = 'relation'");
$gate->query_safe('SELECT pg_advisory_unlock(7)');
$gate->quit;
# ends as soon as the deploy has let go of the table
$reader->query_safe('COMMIT');
end_deploy('deadlock');
is(state_of(), $done, 'deadlock: it ends well');
like($err, qr/NOTICE: .*is undone and tried again in \d+ ms \(1 of 10\)\nDETAIL:  Process \d+ waits for AccessExclusiveLock .* blocked by process $reader_pid/,
	'deadlock: it is undone and tried again');

# ------------------------------------------------------- on the way down

# A Down part, in the return from a failure and in gooseplus_revert().
my %down = (
	'base/00001_mark.sql' => "-- +goose Up\nALTER TABLE item ADD COLUMN price numeric;\nCREATE TABLE mark (name text);\n"
	  . "-- +goose Down\nDROP TABLE mark;\nALTER TABLE item DROP COLUMN price;");
my $pausing_down = 'gooseplus: %base/00001_mark.sql waiting to try again';

# The second migration fails as soon as the reader reads.
sub fail_beside_reader
{
	my ($options) = @_;

	begin_with(
		"DO \$\$ BEGIN\nLOOP\nEXIT WHEN EXISTS (SELECT FROM pg_locks WHERE relation = 'item'::regclass AND pid = $reader_pid);\nEND LOOP;\nRAISE 'now';\nEND \$\$;",
		%down);
	start_deploy($options);
	wait_activity($node, "gooseplus: 2/2 $label statement 1");
	read_item();
	return;
}

fail_beside_reader('"ddl_lock_timeout": "50ms", "ddl_lock_retries": 1000');
wait_activity($node, $pausing_down);
is($node->safe_psql('postgres', "SELECT to_regclass('mark') IS NULL"),
	'f', 'return: the Down part is undone whole');
ok(in_a_pause(\&can_read, $pausing_down),
	'return: while it pauses, readers go on without waiting');
end_reading();
end_deploy('return');
like($err,
	qr/taken back: base\/00001_mark.sql; the database is at version 0 as before the call$/m,
	'return: when the reader has ended, it ends well');
is(state_of(),
	'versions 0; tables item other; columns id note; 2 up failed P0001; run returned',
	'return: which is true');

fail_beside_reader('"ddl_lock_timeout": "50ms", "ddl_lock_retries": 1');
end_deploy('return, retries exhausted');
like($err,
	qr/ERROR:  P0001: now\n.*: applied: base\/00001_mark.sql; not taken back: base\/00001_mark.sql, as its Down part failed: canceling statement due to lock timeout; the database is at version 1$/ms,
	'return, retries exhausted: the first error goes out, and says what has stayed');
is( state_of(),
	'versions 0 1; tables item mark other; columns id note price; 2 up failed P0001, 1 down failed 55P03; run failed',
	'return, retries exhausted: which is true');

$session = start_psql($node,
	q(CALL gooseplus_revert(0, options => '{"ddl_lock_timeout": "50ms", "ddl_lock_retries": 1000}')));
wait_activity($node, $pausing_down);
end_reading();
($status, $out, $err) = finish_psql($session);
is($status, 0, 'revert: when the reader has ended, it ends well') or diag($err);
like(state_of(), qr/^versions 0; tables item other; columns id note; .*; run done$/,
	'revert: and nothing is left');

# ------------------------------------------------------- what it is not for

# without a transaction nothing can be undone whole, so it waits
begin_with("-- +goose NO TRANSACTION\n-- +goose Up\n$alter");
read_item();
start_deploy('"ddl_lock_timeout": "50ms"');
wait_activity($node, "gooseplus: 2/2 $label statement 2",
	"wait_event = 'relation'");
end_reading();
end_deploy('without a transaction');
unlike($err, qr/tried again/, 'without a transaction: it is not tried again');
is(state_of(), $done, 'without a transaction: it ends well');

# the file's own limit wins, and the session's is there again afterwards
begin_with(
	"INSERT INTO mark VALUES (current_setting('lock_timeout'));\nSET lock_timeout = '7s';\n"
	  . "INSERT INTO mark VALUES (current_setting('lock_timeout'));",
	'base/00003_none.sql' =>
	  "-- +goose NO TRANSACTION\n-- +goose Up\nINSERT INTO mark VALUES (current_setting('lock_timeout'));");
start_deploy('"ddl_lock_timeout": "5s"', "SET lock_timeout = '9s';");
end_deploy('lock_timeout in files');
is( $node->safe_psql('postgres', 'SELECT name FROM mark ORDER BY ctid'),
	"5s\n7s\n9s",
	'a migration has its own lock_timeout, the session keeps its');

# ------------------------------------------------------- the end in a pause

my $long = '"ddl_lock_timeout": "50ms", "ddl_lock_retries": 1000';

begin_with($alter);
read_item();
start_deploy($long);
$pid = wait_activity($node, $pausing);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
end_deploy('cancel while waiting');
like($err, qr/ERROR:  57014: canceling statement due to user request/,
	'cancel while waiting: the error says why');
is( state_of(),
	'versions 0; tables item other; columns id note; 2 up failed 57014; run returned',
	'cancel while waiting: the deploy has returned');
start_deploy(qq($long, "timeout": "700ms"));
end_deploy('timeout while waiting');
like($err, qr/ERROR:  57014: canceling run due to gooseplus.timeout/,
	'timeout while waiting: the error says why');
like( state_of(),
	qr/^versions 0; tables item other; columns id note; .*run returned$/,
	'timeout while waiting: the deploy has returned');
start_deploy($long);
$pid = wait_activity($node, $pausing);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
($status, $out, $err) = finish_psql($session);
is($status, 2, 'terminate while waiting: the session ends');
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
	0, 'terminate while waiting: the lock is free');
end_reading();
start_deploy($long);
end_deploy('after that');
like(state_of(), qr/^versions 0 1 2; tables before item mark other; columns id note price; .*run done$/,
	'after that a deploy ends well');

$reader->quit;
$node->stop;
done_testing();
