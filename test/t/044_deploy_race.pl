# Deploys beside other sessions: many at once, beside atomic runs and goose,
# cancelled, terminated and out of time.  The lock is free afterwards, no index
# is invalid, and what is done is named.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('deploy_race');

# its lock on the table would be in our way
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->reload;

my $goose_id = 4097083626;
my $deploy = 'CALL gooseplus_deploy();';
my $waiting = 'gooseplus: waiting for the migration lock%';
my ($session, $pid, $status, $out, $err);

# Reads, and keeps its snapshot: CREATE INDEX CONCURRENTLY waits for it.
my $reader = $node->background_psql('postgres', on_error_stop => 0);

# Holds the lock as goose does.
my $holder = $node->background_psql('postgres', on_error_stop => 0);

# ---------------------------------------------------------------- helpers

# Begin anew with these files, and a table with some rows.
sub begin_with
{
	my (%files) = @_;

	clear_files($node);
	write_files($node, %files);
	$node->safe_psql(
		'postgres', q(
		SET client_min_messages = warning;
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public;
		CREATE EXTENSION gooseplus;
		CREATE TABLE item (id int, note text);
		INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 1000) i;
		CREATE TABLE mark (name text)));
	return;
}

sub read_item
{
	$reader->query_safe(
		'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM item');
	return;
}

sub end_reading { $reader->query_safe('COMMIT'); return; }

# Where the database is: versions, marks, indexes of the table (an invalid one
# in brackets), and what the history says of migrations that are not applied.
# Also that nobody has, or waits for, the lock.
sub state_of
{
	return $node->safe_psql(
		'postgres', q(
		SELECT concat_ws('; ',
			'versions ' || (SELECT string_agg(version_id::text, ' ' ORDER BY id)
				FROM goose_db_version),
			'marks ' || (SELECT string_agg(name, ' ' ORDER BY name) FROM mark),
			'indexes ' || (SELECT string_agg(CASE WHEN indisvalid THEN relname::text
					ELSE '[' || relname || ']' END, ' ' ORDER BY relname)
				FROM pg_index JOIN pg_class ON oid = indexrelid
				WHERE indrelid = 'item'::regclass),
			(SELECT string_agg(concat_ws(' ', version, direction, outcome, sqlstate), ', ' ORDER BY id)
				FROM goose_db_version_history
				WHERE event = 'migration' AND outcome <> 'applied'),
			'run ' || (SELECT outcome FROM goose_db_version_history
				WHERE event = 'run' ORDER BY id DESC LIMIT 1),
			'locks ' || (SELECT nullif(count(*), 0) FROM pg_locks
				WHERE locktype = 'advisory'))));
}

# Starts a deploy in a session that goes on after an error, and then says how
# many advisory locks it has.
sub start_deploy
{
	my ($before, $call) = @_;

	return start_psql(
		$node, join "\n",
		'\set ON_ERROR_STOP off',
		'\set VERBOSITY verbose',
		$before || '',
		$call || $deploy,
		"SELECT 'alive', count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();");
}

# Waits for the end of a deploy that fails, in a session that goes on.
sub deploy_fails
{
	my ($name, $state, $pattern, $context) = @_;

	($status, $out, $err) = finish_psql($session);
	is($out, 'alive|0', "$name: the session is alive and has let go of the lock");
	like($err, qr/ERROR:  $state: $pattern/, "$name: the error says why");
	like($err, qr/^CONTEXT:  (?:.*\n)*?gooseplus_deploy.*: $context$/m,
		"$name: and where the database is");
	return;
}

sub cancel { $node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)"); return; }

# ------------------------------------------------------- many at one time

my %with_index = (
	'base/00001_first.sql' => "CREATE TABLE first (id int);\nINSERT INTO mark VALUES ('1');",
	'base/00002_index.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\n"
	  . "CREATE INDEX CONCURRENTLY item_id ON item (id);\n"
	  . "INSERT INTO mark VALUES ('2');",
	'base/00003_last.sql' => "INSERT INTO mark VALUES ('3');");
my $index_done = 'versions 0 1 2 3; marks 1 2 3; indexes item_id; run done';
my $in_index = 'gooseplus: 2/3 base/00002_index.sql statement 1';
my @sessions;

begin_with(%with_index);
read_item();
@sessions = map { start_psql($node, $deploy, name => 'deploy') } 1 .. 10;
wait_activity($node, $in_index, "wait_event = 'virtualxid'");
ok( $node->poll_query_until('postgres',
		"SELECT count(*) = 9 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"),
	'one of ten deploys builds an index, and nine are queued');
is( $node->safe_psql('postgres',
		"SELECT count(*), count(backend_xmin), count(backend_xid) FROM pg_stat_activity WHERE query LIKE '$waiting'"),
	'9|0|0',
	'they hold no snapshot and no transaction id');
end_reading();
{
	my @ends = map { [ finish_psql($_) ] } @sessions;

	is(scalar(grep { $_->[0] != 0 } @ends), 0, 'none of ten deploys fails')
	  or diag(join "\n", map { $_->[2] } @ends);
	is( scalar(grep { $_->[2] =~ /successfully migrated database, current version: 3/ } @ends),
		1, 'one applies');
	is( scalar(grep { $_->[2] =~ /no migrations to run, current version: 3/ } @ends),
		9, 'nine find nothing to do');
}
is(state_of(), $index_done, 'everything is done once, and the index is valid');
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM goose_db_version_history WHERE event = 'run'"),
	1,
	'the nine leave nothing in the history');

# once more without anybody in the way, all of them let go at once
foreach my $round (1 .. 3)
{
	begin_with(%with_index);
	$holder->query_safe('SELECT pg_advisory_lock(1)');
	@sessions = map {
		start_psql($node,
			"SELECT pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1) \\g /dev/null\n$deploy")
	} 1 .. 10;
	$node->poll_query_until('postgres',
		"SELECT count(*) = 10 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'the sessions did not come to the gate';
	$holder->query_safe('SELECT pg_advisory_unlock(1)');
	my @ends = map { [ finish_psql($_) ] } @sessions;

	is(join('', grep { /ERROR/ } map { $_->[2] } @ends), '',
		"round $round: none fails");
	is( scalar(grep { $_->[2] =~ /no migrations to run/ } @ends),
		9, "round $round: nine find nothing to do");
	is(state_of(), $index_done, "round $round: everything is done once");
}

# ------------------------------------------------------- beside atomic runs

begin_with(%with_index);
read_item();
my $one = start_psql($node, $deploy);
wait_activity($node, $in_index, "wait_event = 'virtualxid'");
@sessions = map {
	start_psql($node, "\\set VERBOSITY verbose\nSELECT gooseplus_migrate() \\g /dev/null")
} 1 .. 10;
# each has asked for the lock at least once, or has given up already
$node->poll_query_until('postgres',
	"SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'active' AND query ~ 'gooseplus_migrate|gooseplus: preparing' AND pid <> pg_backend_pid()")
  or die 'gooseplus_migrate() did not come to the lock';
end_reading();
($status, $out, $err) = finish_psql($one);
is($status, 0, 'a deploy does not fail beside ten atomic runs') or diag($err);
{
	my @ends = map { [ finish_psql($_) ] } @sessions;

	is( scalar(grep {
				$_->[0] != 0
				  && $_->[2] !~ /ERROR:  55P03: gave up waiting for the migration lock/
			} @ends),
		0,
		'they find nothing to do, or give up')
	  or diag(join "\n", map { $_->[2] } @ends);
}
is(state_of(), $index_done, 'everything is done once, and the index is valid');

# now these wait first, and the deploy comes later
foreach my $round (1 .. 3)
{
	begin_with(%with_index);
	$holder->query_safe("SELECT pg_advisory_lock($goose_id)");
	@sessions = map {
		start_psql($node, "\\set VERBOSITY verbose\nSELECT gooseplus_migrate(options => '{\"exclude_versions\": \"2\"}') \\g /dev/null")
	} 1 .. 10;
	$node->poll_query_until('postgres',
		"SELECT count(*) = 10 FROM pg_stat_activity WHERE query LIKE '$waiting'")
	  or die 'gooseplus_migrate() does not wait';
	$one = start_psql($node, q(CALL gooseplus_deploy(options => '{"allow_out_of_order": true}')));
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'the deploy does not wait';
	$holder->query_safe("SELECT pg_advisory_unlock($goose_id)");
	($status, $out, $err) = finish_psql($one);
	is($status, 0, "round $round: a deploy behind ten atomic runs does not fail")
	  or diag($err);
	finish_psql($_) foreach @sessions;
	is( $node->safe_psql('postgres',
			q(SELECT string_agg(version_id::text, ' ' ORDER BY version_id), (SELECT string_agg(name, ' ' ORDER BY name) FROM mark),
			  (SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass) FROM goose_db_version)),
		'0 1 2 3|1 2 3|t',
		"round $round: everything is done once, and the index is valid");
}

# ------------------------------------------------------- beside goose

begin_with(%with_index);
$holder->query_safe("SELECT pg_advisory_lock($goose_id)");
$session = start_deploy();
$pid = wait_activity($node, $waiting);
is( $node->safe_psql('postgres',
		"SELECT wait_event_type, wait_event, backend_xmin, backend_xid FROM pg_stat_activity WHERE pid = $pid"),
	'Lock|advisory||',
	'a deploy is queued behind goose, with no snapshot');
$holder->query_safe('CREATE INDEX CONCURRENTLY item_note ON item (note)');
is( $node->safe_psql('postgres',
		"SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_note'::regclass"),
	't',
	'whoever holds the lock can build an index meanwhile');
$holder->query_safe("SELECT pg_advisory_unlock($goose_id)");
($status, $out, $err) = finish_psql($session);
is($out, 'alive|0', 'it wakes, and lets go of the lock') or diag($err);
is( state_of(),
	'versions 0 1 2 3; marks 1 2 3; indexes item_id item_note; run done',
	'and has done everything');

# time is over while it waits
begin_with(%with_index);
$holder->query_safe("SELECT pg_advisory_lock($goose_id)");
my $holder_pid = $holder->query_safe('SELECT pg_backend_pid()');
my $nothing = 'nothing was run; the database is at version 0 as before the call';

foreach my $limit (
	[ "SET gooseplus.timeout = '200ms';", '55P03', 'could not obtain the migration lock within gooseplus\.timeout' ],
	[ "SET lock_timeout = '200ms';", '55P03', 'could not obtain the migration lock within lock_timeout' ],
	[ "SET statement_timeout = '200ms';", '57014', 'canceling statement due to statement timeout' ])
{
	my ($set, $state, $pattern) = @$limit;

	$session = start_deploy($set);
	deploy_fails("$set while waiting", $state, $pattern, $nothing);
	like($err, qr/DETAIL:  It was held by process $holder_pid\./,
		"$set it names the holder")
	  if $state eq '55P03';
}
$session = start_deploy();
$pid = wait_activity($node, $waiting);
cancel();
deploy_fails('cancel while waiting', '57014',
	'canceling statement due to user request', $nothing);
$session = start_deploy();
$pid = wait_activity($node, $waiting);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
($status, $out, $err) = finish_psql($session);
is($status, 2, 'terminate while waiting: the session ends');
is( $node->safe_psql('postgres',
		"SELECT count(*), to_regclass('goose_db_version') IS NULL FROM pg_locks"
		  . " WHERE locktype = 'advisory' AND pid <> $holder_pid"),
	'0|t',
	'whoever did not get the lock has done nothing, and waits no more');
$holder->query_safe("SELECT pg_advisory_unlock($goose_id)");


# ------------------------------------------------------- cancelled

my $no_transaction = "-- +goose NO TRANSACTION\n-- +goose Up\n";
my $cancelled = 'canceling statement due to user request';
my $first = "-- +goose Up\nINSERT INTO mark VALUES ('1');\n"
  . "-- +goose Down\nDELETE FROM mark WHERE name = '1';";
my %down_sleeps = ('base/00001_first.sql' => "-- +goose Up\nINSERT INTO mark VALUES ('1');\n"
	  . "-- +goose Down\nDELETE FROM mark WHERE name = '1';\nSELECT pg_sleep(600);");

# The first migration is done; the second one, whose Up part this is, is
# interrupted where the session shows "activity".  CREATE INDEX CONCURRENTLY
# has the reader to wait for.
sub start_second
{
	my ($second, $activity, $extra, %more) = @_;

	begin_with(
		'base/00001_first.sql' => $first,
		'base/00002_second.sql' => $second,
		%more);
	read_item() if $extra =~ /virtualxid/;
	$session = start_deploy();
	$pid = wait_activity($node, $activity, $extra);
	return;
}

# The cause is gone: the next deploy does what is left.
sub next_finishes
{
	my ($name, $second, $state) = @_;

	write_files($node, 'base/00002_second.sql' => $second) if $second;
	$session = start_deploy();
	($status, $out, $err) = finish_psql($session);
	is($out, 'alive|0', "$name: the next deploy ends");
	unlike($err, qr/ERROR/, "$name: well");
	is(state_of(), $state, "$name: and has done what was left");
	return;
}

# in one transaction
my $sleeps = "INSERT INTO mark VALUES ('2');\nSELECT pg_sleep(600);";

start_second($sleeps, 'gooseplus: 2/2 base/00002_second.sql statement 2',
	"wait_event = 'PgSleep'");
cancel();
deploy_fails('cancel in a transaction', '57014', $cancelled,
	'taken back: base/00001_first.sql; the database is at version 0 as before the call');
like($err, qr/^CONTEXT:  .*statement 2 at base\/00002_second.sql:3:1$/m,
	'cancel in a transaction: and where it was');
is(state_of(), 'versions 0; 2 up failed 57014; run returned',
	'cancel in a transaction: nothing is left');
next_finishes('cancel in a transaction',
	"INSERT INTO mark VALUES ('2');",
	'versions 0 1 2; marks 1 2; 2 up failed 57014; run done');

# in CREATE INDEX CONCURRENTLY, which waits for the reader: so does what cleans
# up after it
my $index = $no_transaction
  . "INSERT INTO mark VALUES ('2');\n"
  . "CREATE INDEX CONCURRENTLY item_id ON item (id);\n"
  . "INSERT INTO mark VALUES ('3');\n";
my $index_ends = 'marks 1 2 3; indexes item_id';
my $in_second = 'gooseplus: 2/2 base/00002_second.sql statement 2';
my $cleaning = 'gooseplus: 2/2 base/00002_second.sql cleaning up';

start_second($index, $in_second, "wait_event = 'virtualxid'");
cancel();
wait_activity($node, $cleaning, "wait_event = 'virtualxid'");
end_reading();
deploy_fails('cancel in CONCURRENTLY', '57014', $cancelled,
	'applied: base/00001_first.sql; not taken back: base/00002_second.sql, as it has no Down part; '
	  . 'base/00002_second.sql is half applied: 1 of 3 statements are done; the database is at version 1');
is( state_of(), 'versions 0 1; marks 1 2; 2 up failed 57014; run failed',
	'cancel in CONCURRENTLY: no index is left');
next_finishes('cancel in CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up failed 57014; run done");

# and that is cancelled as well
start_second($index, $in_second, "wait_event = 'virtualxid'");
cancel();
wait_activity($node, $cleaning, "wait_event = 'virtualxid'");
cancel();
deploy_fails('cancel twice in CONCURRENTLY', '57014', $cancelled,
	'applied: base/00001_first.sql; not taken back: base/00002_second.sql, as it has no Down part; '
	  . 'what CONCURRENTLY left behind in base/00002_second.sql could not be cleaned up \(canceling statement due to user request\); '
	  . 'base/00002_second.sql is half applied: 1 of 3 statements are done; the database is at version 1');
is( state_of(), 'versions 0 1; marks 1 2; indexes [item_id]; 2 up failed 57014; run failed',
	'cancel twice in CONCURRENTLY: the index is left, and named');
end_reading();
next_finishes('cancel twice in CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up failed 57014; run done");

# in code that commits
my $code = $no_transaction
  . "INSERT INTO mark VALUES ('2');\n"
  . "-- +goose StatementBegin\n"
  . "DO \$\$ BEGIN\nINSERT INTO mark VALUES ('3');\nCOMMIT;\n"
  . "INSERT INTO mark VALUES ('4');\nPERFORM pg_sleep(600);\nEND \$\$;\n"
  . "-- +goose StatementEnd\n"
  . "INSERT INTO mark VALUES ('5');\n";
my $code_context =
	'applied: base/00001_first.sql; not taken back: base/00002_second.sql, as it has no Down part; '
  . 'base/00002_second.sql is half applied: 1 of 3 statements are done, and a part of statement 2; the database is at version 1';

start_second($code, $in_second, "wait_event = 'PgSleep'");
cancel();
deploy_fails('cancel in a DO block', '57014', $cancelled, $code_context);
is( state_of(), 'versions 0 1; marks 1 2 3; 2 up failed 57014; run failed',
	'cancel in a DO block: what it has committed stays');
$session = start_deploy();
deploy_fails('after a cancel in a DO block', '55000',
	'migration base/00002_second.sql is half applied, and must not go on by itself at statement 2, line 5',
	'.*the database is at version 1 as before the call');
like($err, qr/HINT: .*\{"resume": "retry"\}.*\{"resume": "skip"\}/,
	'after a cancel in a DO block: and what to decide');
$session = start_deploy(undef, "CALL gooseplus_deploy(resume => 'skip');");
($status, $out, $err) = finish_psql($session);
is($out, 'alive|0', 'after a cancel in a DO block: a deploy that skips it ends well')
  or diag($err);
like(state_of(), qr/^versions 0 1 2; marks 1 2 3 5; .*; run done$/,
	'after a cancel in a DO block: and has done what was left');

# with a Down part, all of it goes away
start_second("$code-- +goose Down\nDELETE FROM mark WHERE name <> '1';\n",
	$in_second, "wait_event = 'PgSleep'");
cancel();
deploy_fails('cancel in a DO block with a Down part', '57014', $cancelled,
	'taken back: base/00002_second.sql, base/00001_first.sql; the database is at version 0 as before the call');
is(state_of(), 'versions 0; 2 up failed 57014; run returned',
	'cancel in a DO block with a Down part: nothing is left');

# in the return: the first cancel begins it, the second one stops it
start_second($sleeps, 'gooseplus: 2/2 base/00002_second.sql statement 2',
	"wait_event = 'PgSleep'", %down_sleeps);
cancel();
$pid = wait_activity($node, 'gooseplus: %base/00001_first.sql statement 2',
	"wait_event = 'PgSleep'");
cancel();
deploy_fails('cancel in the return', '57014', $cancelled,
	'applied: base/00001_first.sql; not taken back: base/00001_first.sql, as its Down part failed: canceling statement due to user request; the database is at version 1');
is( state_of(),
	'versions 0 1; marks 1; 2 up failed 57014, 1 down failed 57014; run failed',
	'cancel in the return: it stops there');
next_finishes('cancel in the return', "INSERT INTO mark VALUES ('2');",
	'versions 0 1 2; marks 1 2; 2 up failed 57014, 1 down failed 57014; run done');

# ------------------------------------------------------- terminated

# The session ends, and the lock is free.
sub terminated
{
	my ($name, $state) = @_;

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
	($status, $out, $err) = finish_psql($session);
	is($status, 2, "$name: the session ends");
	is(state_of(), $state, "$name: and the state is known");
	return;
}

start_second($sleeps, $in_second, "wait_event = 'PgSleep'");
terminated('terminate in a transaction', 'versions 0 1; marks 1; run running');
next_finishes('terminate in a transaction', "INSERT INTO mark VALUES ('2');",
	'versions 0 1 2; marks 1 2; run done');
is( $node->safe_psql('postgres',
		"SELECT string_agg(outcome, ' ' ORDER BY id) FROM goose_db_version_history WHERE event = 'run'"),
	'interrupted done',
	'terminate in a transaction: the next deploy notes that it was interrupted');

start_second($index, $in_second, "wait_event = 'virtualxid'");
terminated('terminate in CONCURRENTLY',
	'versions 0 1; marks 1 2; indexes [item_id]; 2 up running; run running');
end_reading();
next_finishes('terminate in CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up interrupted; run done");

# the old index stays in use beside the new one
my $reindex = $index =~ s/CREATE INDEX CONCURRENTLY .*/REINDEX INDEX CONCURRENTLY item_id;/r;
my $reindex_down = "$reindex-- +goose Down\nDELETE FROM mark WHERE name <> '1';\n";
my %with_old = (
	'base/00001_first.sql' => "CREATE INDEX item_id ON item (id);\nINSERT INTO mark VALUES ('1');");
my $reindexing = 'versions 0 1; marks 1 2; indexes item_id [item_id_ccnew]; 2 up running; run running';

start_second($reindex, $in_second, "wait_event = 'virtualxid'", %with_old);
terminated('terminate in REINDEX CONCURRENTLY', $reindexing);
end_reading();
next_finishes('terminate in REINDEX CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up interrupted; run done");

# no Down part knows of the new one
start_second($reindex_down, $in_second, "wait_event = 'virtualxid'", %with_old);
terminated('terminate in REINDEX CONCURRENTLY, to revert', $reindexing);
end_reading();
$session = start_deploy(undef, 'CALL gooseplus_revert(1);');
($status, $out, $err) = finish_psql($session);
is($out, 'alive|0', 'terminate in REINDEX CONCURRENTLY: a revert ends well') or diag($err);
like($err, qr/NOTICE:  00000: dropping the invalid index "item_id_ccnew"/,
	'terminate in REINDEX CONCURRENTLY: it says what it drops');
is( state_of(), 'versions 0 1; marks 1; indexes item_id; 2 up interrupted; run done',
	'terminate in REINDEX CONCURRENTLY: and leaves nothing behind');

# nor does the one that a failed deploy runs, if it could not drop it before
start_second($reindex_down, $in_second, "wait_event = 'virtualxid'", %with_old);
cancel();
wait_activity($node, $cleaning, "wait_event = 'virtualxid'");
cancel();
wait_activity($node, 'gooseplus: %putting in order', "wait_event = 'virtualxid'");
end_reading();
deploy_fails('cancel twice in REINDEX CONCURRENTLY', '57014', $cancelled,
	'.*taken back: base/00002_second.sql.*');
is( state_of(), 'versions 0 1; marks 1; indexes item_id; 2 up failed 57014; run failed',
	'cancel twice in REINDEX CONCURRENTLY: nothing is left behind');

start_second($code, $in_second, "wait_event = 'PgSleep'");
terminated('terminate in a DO block',
	'versions 0 1; marks 1 2 3; 2 up running; run running');
$session = start_deploy();
deploy_fails('after a termination in a DO block', '55000',
	'migration base/00002_second.sql is half applied, and must not go on by itself at statement 2, line 5',
	'.*the database is at version 1 as before the call');

start_second($sleeps, $in_second, "wait_event = 'PgSleep'", %down_sleeps);
cancel();
$pid = wait_activity($node, 'gooseplus: %base/00001_first.sql statement 2',
	"wait_event = 'PgSleep'");
terminated('terminate in the return',
	'versions 0 1; marks 1; 2 up failed 57014; run running');
next_finishes('terminate in the return', "INSERT INTO mark VALUES ('2');",
	'versions 0 1 2; marks 1 2; 2 up failed 57014; run done');

# ------------------------------------------------------- the client is gone

# Waits until the backend has ended.
sub backend_ends
{
	my ($name) = @_;

	ok($node->poll_query_until('postgres',
			"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
		"$name: its backend ends");
	return;
}

# the server looks after it
$node->safe_psql('postgres',
	q(ALTER SYSTEM SET client_connection_check_interval = '100ms'));
$node->reload;
start_second($sleeps, $in_second, "wait_event = 'PgSleep'");
$session->{run}->kill_kill;
backend_ends('client gone in a transaction');
is(state_of(), 'versions 0 1; marks 1; run running',
	'client gone in a transaction: the state is known');
next_finishes('client gone in a transaction',
	"INSERT INTO mark VALUES ('2');",
	'versions 0 1 2; marks 1 2; run done');
start_second($index, $in_second, "wait_event = 'virtualxid'");
$session->{run}->kill_kill;
backend_ends('client gone in CONCURRENTLY');
end_reading();
next_finishes('client gone in CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up interrupted; run done");
$node->safe_psql('postgres',
	'ALTER SYSTEM RESET client_connection_check_interval');
$node->reload;

# the server notices only when it has something to say
$holder->query_safe('SELECT pg_advisory_lock(7)');
start_second(
	"SELECT pg_advisory_xact_lock(7);\nINSERT INTO mark VALUES ('2');",
	'gooseplus: 2/3 base/00002_second.sql statement 1',
	"wait_event = 'advisory'",
	'base/00003_third.sql' => "INSERT INTO mark VALUES ('3');");
$session->{run}->kill_kill;
$holder->query_safe('SELECT pg_advisory_unlock(7)');
backend_ends('client gone');
like(state_of(), qr/^versions 0 1 2(?: 3)?; marks 1 2(?: 3)?; run (?:running|done)$/,
	'client gone: what is applied is recorded');
next_finishes('client gone', undef,
	'versions 0 1 2 3; marks 1 2 3; run done');

# ------------------------------------------------------- out of time

# A deploy with these options fails by itself.
sub limited
{
	my ($options) = @_;

	$session = start_deploy(undef, "CALL gooseplus_deploy(options => '$options');");
	return;
}

my $late = 'canceling migration due to gooseplus.migration_timeout';
my $run_late = 'canceling run due to gooseplus.timeout';
my $swallows = "DO \$\$ BEGIN\nPERFORM pg_sleep(600);\n"
  . "EXCEPTION WHEN query_canceled THEN NULL;\nEND \$\$;";

foreach my $limit ([ migration_timeout => $late ], [ timeout => $run_late ])
{
	my ($setting, $message) = @$limit;

	foreach my $way ([ 'in a transaction', '', 'SELECT pg_sleep(600);' ],
		[ 'without one', $no_transaction, 'SELECT pg_sleep(600);' ],
		[ 'swallowed in a transaction', '', $swallows ],
		[ 'swallowed without one', $no_transaction, $swallows ])
	{
		my ($what, $head, $statement) = @$way;
		my $name = "$setting $what";

		begin_with(
			'base/00001_first.sql' => $first,
			'base/00002_second.sql' =>
			  "$head\n-- +goose StatementBegin\n$statement\n-- +goose StatementEnd\nINSERT INTO mark VALUES ('2');\n");
		limited(qq({"$setting": "500ms"}));
		($status, $out, $err) = finish_psql($session);
		is($out, 'alive|0',
			"$name: the session is alive and has let go of the lock");
		like($err, qr/ERROR:  57014: \Q$message\E\nDETAIL:  The limit is 500 ms/,
			"$name: the error says why");
		# code that swallows a cancel has done its work
		if ($what eq 'swallowed without one')
		{
			like($err, qr/half applied: 1 of 2 statements are done; the database is at version 1/,
				"$name: and where the database is");
			is(state_of(), 'versions 0 1; marks 1; 2 up failed 57014; run failed',
				"$name: the next statement has not run");
		}
		else
		{
			like($err, qr/taken back: base\/00001_first.sql; the database is at version 0 as before the call$/m,
				"$name: and where the database is");
			is(state_of(), 'versions 0; 2 up failed 57014; run returned',
				"$name: nothing is left");
		}
	}
}

# the run's limit does not count for the return, the migration's does
begin_with(
	'base/00001_first.sql' => "-- +goose Up\nINSERT INTO mark VALUES ('1');\n"
	  . "-- +goose Down\nSELECT pg_sleep(1);\nDELETE FROM mark;",
	'base/00002_second.sql' => 'SELECT pg_sleep(600);');
limited('{"timeout": "500ms"}');
deploy_fails('return after timeout', '57014', $run_late,
	'taken back: base/00001_first.sql; the database is at version 0 as before the call');
is(state_of(), 'versions 0; 2 up failed 57014; run returned',
	'return after timeout: it takes its time');
begin_with(
	'base/00001_first.sql' => "-- +goose Up\nINSERT INTO mark VALUES ('1');\n"
	  . "-- +goose Down\nDELETE FROM mark;\nSELECT pg_sleep(600);",
	'base/00002_second.sql' => 'SELECT 1 / 0;');
limited('{"migration_timeout": "500ms"}');
deploy_fails('late return', '22012', 'division by zero',
	"applied: base/00001_first.sql; not taken back: base/00001_first.sql, as its Down part failed: $late; the database is at version 1");
is( state_of(),
	'versions 0 1; marks 1; 2 up failed 22012, 1 down failed 57014; run failed',
	'late return: it stops there');

# a late cleaning up is bounded, too
begin_with(
	'base/00001_first.sql' => $first,
	'base/00002_second.sql' => $index);
read_item();
limited('{"migration_timeout": "500ms"}');
($status, $out, $err) = finish_psql($session);
is($out, 'alive|0', 'late in CONCURRENTLY: the session is alive');
like($err, qr/ERROR:  57014: $late/, 'late in CONCURRENTLY: the error says why');
is( state_of(), 'versions 0 1; marks 1 2; indexes [item_id]; 2 up failed 57014; run failed',
	'late in CONCURRENTLY: the state is known');
end_reading();
next_finishes('late in CONCURRENTLY', undef,
	"versions 0 1 2; $index_ends; 2 up failed 57014; run done");

# each statement has its own statement_timeout, which a file can change
begin_with(
	'base/00001_many.sql' => $no_transaction
	  . "SELECT pg_sleep(0.25);\n" x 4
	  . "SET statement_timeout = 0;\nSELECT pg_sleep(1);\nINSERT INTO mark VALUES ('1');",
	'base/00002_next.sql' => 'SELECT pg_sleep(600);');
$session = start_deploy("SET statement_timeout = '800ms';",
	q(CALL gooseplus_deploy(options => '{"rollback_on_failure": false}');));
deploy_fails('statement_timeout', '57014',
	'canceling statement due to statement timeout',
	'applied: base/00001_many.sql; the database is at version 1');
is(state_of(), 'versions 0 1; marks 1; 2 up failed 57014; run failed',
	'statement_timeout: each statement has its own, and the next migration that of the session');

# ------------------------------- a cancel that comes while a migration commits

# A commit takes 100 ms then.  A cancel that comes meanwhile waits for its end,
# and the next message brings it: the migration is done, and is taken back like
# those before it.  Early or late, it comes to the same.
$node->append_conf('postgresql.conf', 'fsync = on');
$node->reload;
begin_with(
	map {
		(   "base/0000${_}_mark.sql" => "-- +goose Up\nINSERT INTO mark VALUES ('$_');\n"
			  . ('', '', 'SELECT pg_advisory_xact_lock(77);', 'SELECT pg_sleep(600);')[$_]
			  . "\n-- +goose Down\nDELETE FROM mark WHERE name = '$_';")
	} 1 .. 3);
foreach my $try (1 .. 3)
{
	my $canceler = start_psql(
		$node, q(SET statement_timeout = '60s';
		DO $$ DECLARE deploy int; BEGIN
			LOOP
				SELECT pid INTO deploy FROM pg_locks WHERE locktype = 'advisory' AND objid = 77;
				EXIT WHEN FOUND;
			END LOOP;
			PERFORM pg_sleep(0.03);
			PERFORM pg_cancel_backend(deploy);
		END $$;));

	$session = start_deploy('SET commit_delay = 100000; SET commit_siblings = 0;');
	is((finish_psql($canceler))[0], 0, "cancel while it commits, $try: it is sent");
	deploy_fails("cancel while it commits, $try", '57014',
		'canceling statement due to user request',
		'taken back: (?:base/00002_mark.sql, )?base/00001_mark.sql; the database is at version 0 as before the call');
	like(state_of(), qr/^versions 0; (?:.* 57014; )?run returned$/,
		"cancel while it commits, $try: all is taken back");
}

# ------------------------------- terminated while waits for locks are watched

# the watch comes every millisecond, also to a process that is about to end
begin_with('base/00001_sleep.sql' => 'SELECT pg_sleep(600);');
my $log_at = -s $node->logfile;
foreach (1 .. 10)
{
	$session = start_psql($node, q(CALL gooseplus_deploy(options => '{"ddl_lock_timeout": "1ms"}');));
	wait_activity($node, 'gooseplus: 1/1 base/00001_sleep.sql statement 1', "wait_event = 'PgSleep'");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
	finish_psql($session);
}
unlike(slurp_file($node->logfile, $log_at), qr/terminated by signal/,
	'ten deploys that are terminated while they watch for locks, and no crash');

$reader->quit;
$holder->quit;
$node->stop;
done_testing();
