# Waiting for the migration lock, which is goose's own advisory lock: it is
# seen, it ends in time, it can be cancelled, and it never makes the holder
# fail.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('lock');
my $goose_id = 4097083626;
my $migrate = 'SELECT version, state FROM gooseplus_migrate()';
my $waiting = 'gooseplus: waiting for the migration lock%';

write_files($node, 'base/00001_one.sql' => 'CREATE TABLE one (id int);');

# What holds the lock, as goose does it.
my $holder = $node->background_psql('postgres', on_error_stop => 0);
my $holder_pid = $holder->query_safe('SELECT pg_backend_pid()');

sub hold { $holder->query_safe("SELECT pg_advisory_lock($goose_id)"); return; }

sub release
{
	$holder->query_safe("SELECT pg_advisory_unlock($goose_id)");
	return;
}

# Nothing happened, and nobody but the holder has or wants a lock.
sub nothing_done
{
	my ($name) = @_;

	is( $node->safe_psql('postgres',
			"SELECT count(*), to_regclass('goose_db_version') IS NULL FROM pg_locks"
			  . " WHERE locktype = 'advisory' AND pid <> $holder_pid"),
		'0|t',
		"$name: nothing is done, no lock is left");
	return;
}

sub run_fails
{
	my ($name, $before, $options, $state, $pattern) = @_;
	my ($status, $out, $err) = query($node,
		"\\set VERBOSITY verbose\n$before;\nSELECT gooseplus_migrate(NULL, '$options')");

	is($status, 3, "$name: the run fails");
	like($err, qr/ERROR:  $state: $pattern/, "$name: and says why");
	nothing_done($name);
	return $err;
}

# --- it is seen, and goes on when the lock is free

hold();
my $session = start_psql($node, $migrate);
my $pid = wait_activity($node, $waiting);
my $event = $node->safe_psql('postgres',
	"SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE pid = $pid");

like($event, qr/^Extension\|(Extension|GooseplusMigrationLock)$/,
	'a wait event tells what it waits for');
is( $node->safe_psql(
		'postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted"),
	0,
	'it waits without being queued');
is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'),
	0, 'looking does not wait');
nothing_done('while waiting');
release();
my ($status, $out, $err) = finish_psql($session);
is($out, '1|applied', 'it goes on when the lock is free');
$node->safe_psql('postgres', 'DROP TABLE one, goose_db_version');

# --- it ends in time

hold();
$err = run_fails('timeout', 'SELECT', '{"timeout": "300ms"}', '55P03',
	'could not obtain the migration lock within gooseplus\.timeout');
like($err, qr/DETAIL:  It was held by process $holder_pid\./,
	'timeout: it names the holder');
run_fails('lock_timeout', "SET lock_timeout = '300ms'", '{}', '55P03',
	'could not obtain the migration lock within lock_timeout');
run_fails('statement_timeout', "SET statement_timeout = '300ms'",
	'{}', '57014', 'canceling statement due to statement timeout');

# --- it can be cancelled and terminated

$session = start_psql($node, $migrate);
$pid = wait_activity($node, $waiting);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
($status, $out, $err) = finish_psql($session);
is($status, 3, 'cancel: the run fails');
like($err, qr/ERROR:  canceling statement due to user request/,
	'cancel: and says why');
nothing_done('cancel');

$session = start_psql($node, $migrate);
$pid = wait_activity($node, $waiting);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 30000)");
($status, $out, $err) = finish_psql($session);
is($status, 2, 'terminate: the session ends');
nothing_done('terminate');

# the session of a cancelled run can go on
$session = $node->background_psql('postgres', on_error_stop => 0);
$pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_until(qr/begun/, "\\echo begun\n$migrate;\n");
wait_activity($node, $waiting);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
is($session->query("SELECT 'alive'"), 'alive', 'after a cancel the session is alive');
is( $node->safe_psql(
		'postgres', "SELECT query FROM pg_stat_activity WHERE pid = $pid") =~ /waiting/ ? 1 : 0,
	0,
	'and does not seem to wait');
$session->quit;

# --- other locks, and none

is( $node->safe_psql('postgres',
		q(SELECT version, state FROM gooseplus_migrate(NULL, '{"lock_id": 4711}'))),
	'1|applied',
	'another lock id does not wait');
$node->safe_psql('postgres', 'DROP TABLE one, goose_db_version');
is( $node->safe_psql('postgres',
		q(SELECT version, state FROM gooseplus_migrate(NULL, '{"lock": false}'))),
	'1|applied',
	'without the lock it does not wait');
$node->safe_psql('postgres', 'DROP TABLE one, goose_db_version');
release();
$holder->query_safe('SELECT pg_advisory_lock(-1)');
run_fails('negative lock id', 'SELECT',
	'{"timeout": "300ms", "lock_id": -1}',
	'55P03', 'could not obtain the migration lock');
$holder->query_safe('SELECT pg_advisory_unlock(-1)');

# the lock of another database is another lock
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION gooseplus');
hold();
is($node->safe_psql('other', $migrate),
	'1|applied', 'the lock of another database does not matter');
release();

# --- the lock is held as long as the transaction, and keeps goose out

$session = $node->background_psql('postgres');
$session->query_safe('SET client_min_messages = warning; BEGIN');
is($session->query_safe($migrate), '1|applied', 'a run in a transaction');
is($holder->query_safe("SELECT pg_try_advisory_lock($goose_id)"),
	'f', 'goose cannot have the lock before its end');
$session->query_safe('ROLLBACK');
is($holder->query_safe("SELECT pg_try_advisory_lock($goose_id)"),
	't', 'and can after it');
release();

# a failed run gives the lock back at once, also in a transaction that goes on
write_files($node, 'base/00002_bad.sql' => 'SELECT 1 / 0;');
$session->query_safe('BEGIN');
is( $session->query_safe(
		q(SELECT state FROM gooseplus_migrate(NULL, '{"on_error": "return"}'))),
	"undone\nfailed",
	'a failed run in a transaction');
is($holder->query_safe("SELECT pg_try_advisory_lock($goose_id)"),
	't', 'its lock is free at once');
release();
$session->query_safe('COMMIT');
unlink migrate_root($node) . '/base/00002_bad.sql' or die $!;

# --- the second of two runs

foreach my $end ('COMMIT', 'ROLLBACK')
{
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS one, goose_db_version');
	$session->query_safe('BEGIN');
	$session->query_safe($migrate);
	# in a transaction that has seen the time before
	my $later = start_psql($node,
		"BEGIN; SELECT to_regclass('one') IS NULL; $migrate; COMMIT;");

	wait_activity($node, $waiting);
	$session->query_safe($end);
	($status, $out, $err) = finish_psql($later);
	is( $out,
		$end eq 'COMMIT' ? 't' : "t\n1|applied",
		"after the first run's $end the second does what is left")
	  or diag($err);
	is( $node->safe_psql('postgres',
			'SELECT version_id FROM goose_db_version ORDER BY id'),
		"0\n1",
		"after the first run's $end each version is recorded once");
}

$node->safe_psql('postgres', 'DROP TABLE one, goose_db_version');

# --- the row of the lock table

$session->query_safe(
	'CREATE TABLE goose_db_version_lock (status integer NOT NULL DEFAULT 0);'
	  . 'INSERT INTO goose_db_version_lock VALUES (0)');
$session->query_safe(
	'BEGIN; SELECT 1 FROM goose_db_version_lock LIMIT 1 FOR UPDATE');
run_fails('lock table', 'SELECT',
	'{"lock_table": true, "timeout": "300ms"}',
	'55P03', 'could not obtain the migration lock');
my $second =
  start_psql($node, q(SELECT state FROM gooseplus_migrate(NULL, '{"lock_table": true}')));
wait_activity($node, $waiting);
# as the Go library does it
$session->query_safe('DELETE FROM goose_db_version_lock;'
	  . 'INSERT INTO goose_db_version_lock VALUES (1)');
$session->query_safe('COMMIT');
($status, $out, $err) = finish_psql($second);
is($out, 'applied', 'lock table: it goes on when the row is free') or diag($err);
$session->quit;
$node->safe_psql('postgres',
	'DROP TABLE one, goose_db_version, goose_db_version_lock');

# --- it gives way to a holder that waits for it

$node->safe_psql('postgres',
	'CREATE TABLE old (id int); INSERT INTO old SELECT generate_series(1, 1000)');
hold();
$session = start_psql($node, "\\set VERBOSITY verbose\n$migrate");
wait_activity($node, $waiting);
$holder->query_safe('CREATE INDEX CONCURRENTLY old_id ON old (id)');
($status, $out, $err) = finish_psql($session);
is($status, 3, 'give way: the waiting run fails');
like($err,
	qr/ERROR:  55P03: gave up waiting for the migration lock, as another session waits/,
	'give way: and says why');
like($err, qr/HINT:  .*gooseplus_deploy/, 'give way: and what to do');
is( $node->safe_psql('postgres',
		"SELECT indisvalid FROM pg_index WHERE indexrelid = 'old_id'::regclass"),
	't',
	'give way: the index of the holder is valid');
release();
nothing_done('give way');
is($node->safe_psql('postgres', $migrate), '1|applied', 'then it can run');

$holder->quit;
$node->stop;
done_testing();
