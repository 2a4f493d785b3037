# Repeatable migrations as files: beside each other in many sessions, cut off by
# a crash, taken back by a deploy that fails, and after a dump and a restore.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# with what a server has by default, sequences survive a crash
my $node = new_node('repeatable', init => { allows_streaming => 1 });
my $deploy = 'CALL gooseplus_deploy()';
my $database = 'work';
my ($status, $out, $err);

# ---------------------------------------------------------------- helpers

# A repeatable migration that makes a function; %s is what the function says.
my $function = "-- +goose Up
CREATE OR REPLACE FUNCTION NAME() RETURNS text LANGUAGE sql AS 'SELECT ''%s''';
INSERT INTO mark VALUES ('NAME %s');
-- +goose Down
DROP FUNCTION NAME();
";

sub text_of
{
	my ($name, $word) = @_;

	return ($function =~ s/NAME/$name/gr) =~ s/%s/$word/gr;
}

# Begin with a new database and these files.
sub begin_with
{
	my (%files) = @_;

	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $database WITH (FORCE)");
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION gooseplus');
	$node->safe_psql($database, 'CREATE TABLE mark (name text)');
	clear_files($node);
	write_files($node, %files);
	return;
}

sub run_call
{
	my ($call) = @_;

	($status, $out, $err) =
	  query($node, "\\set VERBOSITY verbose\n$call", database => $database);
	return $status;
}

# What was done since the last call, in the order in which it was.
sub marks
{
	return $node->safe_psql($database,
		"WITH gone AS (DELETE FROM mark RETURNING ctid, name) SELECT string_agg(name, ', ' ORDER BY ctid) FROM gone");
}

# "SOURCE state" of what is not just applied.
sub states
{
	return $node->safe_psql($database, q(
		SELECT string_agg(regexp_replace(source, '.*/', '') || ' ' || state, ', ' ORDER BY version, source)
		FROM gooseplus_status() WHERE state <> 'applied'));
}

sub versions
{
	return $node->safe_psql($database,
		"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version");
}

sub contents
{
	return dump_of($node, $database, '--exclude-table=goose_db_version*', '--exclude-table=mark');
}

my %files = (
	'base/00001_first.sql' => "CREATE TABLE first (id int);\nINSERT INTO mark VALUES ('1');",
	'base/R_a.sql' => text_of('a', 'one'),
	'base/R_b.sql' => text_of('b', 'one'));

# ------------------------------------------------------- edits

begin_with(%files, 'base/R_10.sql' => text_of('ten', 'one'), 'base/R_2.sql' => text_of('two', 'one'));
run_call($deploy);
is(marks(), '1, ten one, two one, a one, b one', 'all run once, in the order of their names, after the numbered ones');
foreach my $call ($deploy, 'SELECT gooseplus_migrate()')
{
	run_call($call);
	is(marks(), '', "$call: nothing is run again");
}
write_files($node, 'base/R_a.sql' => "-- another comment\r\n" . text_of('a', 'one') =~ s/\n/\r\n/gr);
is(states(), '', 'an edit of comments and line ends is none');
run_call($deploy);
is(marks(), '', 'and runs nothing');
write_files($node, 'base/R_a.sql' => text_of('a', 'two'), 'base/R_c.sql' => text_of('c', 'one'));
is(states(), 'R_a.sql pending, R_c.sql pending', 'one that has changed, and a new one');
is($node->safe_psql($database, 'SELECT gooseplus_has_pending()'), 't', 'are pending');
run_call('SELECT gooseplus_migrate()');
is(marks(), 'a two, c one', 'they are run');

# taken away and brought back, and back to an earlier text
unlink migrate_root($node) . '/base/R_b.sql' or die $!;
is(states(), '', 'one that is gone is not missed');
run_call($deploy);
write_files($node, 'base/R_b.sql' => text_of('b', 'one'), 'base/R_a.sql' => text_of('a', 'one'));
run_call($deploy);
is(marks(), 'a one', 'one that comes back is the same, an earlier text is another');
rename migrate_root($node) . '/base/R_b.sql', migrate_root($node) . '/base/R_bb.sql' or die $!;
run_call($deploy);
is(marks(), 'b one', 'another name is another migration');

# just written, in the same moment and of the same size
my $moment = time;
my $path = migrate_root($node) . '/base/R_a.sql';

foreach my $word ('six', 'ten')
{
	write_files($node, 'base/R_a.sql' => text_of('a', $word));
	utime $moment, $moment, $path or die $!;
	run_call($deploy);
}
is(marks(), 'a six, a ten', 'an edit in the same moment is seen');

# ------------------------------------------------------- after a restore

my $file = $node->basedir . '/dump';

$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr($database) ], 'pg_dump');
$node->safe_psql('postgres', "DROP DATABASE $database");
$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($database), $file ], 'pg_restore');
write_files($node, 'base/R_c.sql' => text_of('c', 'two'));
is(states(), 'R_c.sql pending', 'the restored database knows what was run');
run_call($deploy);
is(marks(), 'c two', 'and runs what was not');

# ------------------------------------------------------- many at one time

my $goose_id = 4097083626;

# Ten calls at once, which have all found something to do when the first of
# them begins.
sub ten_at_once
{
	my @calls = @_;
	my $holder = $node->background_psql($database);
	my @sessions;

	$holder->query_safe("SELECT pg_advisory_lock($goose_id)");
	push @sessions, start_psql($node, "$calls[$_ % @calls];", database => $database) foreach 1 .. 10;
	$node->poll_query_until($database,
		"SELECT count(*) = 10 FROM pg_stat_activity WHERE query LIKE 'gooseplus: waiting for the migration lock%'")
	  or die 'they do not wait';
	is(states(), 'R_a.sql pending, R_b.sql pending', 'all wait while something is to do');
	$holder->quit;
	return grep { $_ ne '0' } map { (finish_psql($_))[0] } @sessions;
}

begin_with(%files);
run_call($deploy);
marks();
write_files($node, 'base/R_a.sql' => text_of('a', 'two'), 'base/R_b.sql' => text_of('b', 'two'));
is(scalar(ten_at_once($deploy)), 0, 'ten deploys at once all end well');
is(marks(), 'a two, b two', 'each repeatable migration is run once');
write_files($node, 'base/R_a.sql' => text_of('a', 'six'), 'base/R_b.sql' => text_of('b', 'six'));
is(scalar(ten_at_once($deploy, 'SELECT gooseplus_migrate()')),
	0, 'ten deploys and runs of one transaction at once');
is(marks(), 'a six, b six', 'each is run once');
is( $node->safe_psql($database,
		"SELECT string_agg(n::text, ' ') FROM (SELECT count(*) AS n FROM goose_db_version_history WHERE event = 'repeatable' GROUP BY source, checksum) s"),
	'1 1 1 1 1 1', 'and is in the history once');

# ------------------------------------------------------- crashes

# Kills the process of a deploy where it waits for us.
sub kill_at_gate
{
	my $gate = $node->background_psql($database);
	my ($session, $pid);

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$session = start_psql($node, "$deploy;", database => $database);
	$pid = wait_activity($node, 'gooseplus: %', "wait_event = 'advisory'");
	kill('KILL', $pid) == 1 or die "could not kill $pid: $!";
	finish_psql($session);
	# the whole server starts anew
	eval { $gate->quit };
	wait_server($node, 'SELECT true') or die 'the server is not back';
	return;
}

my $gate = "SELECT pg_advisory_lock(1);\nSELECT pg_advisory_unlock(1);\n";

foreach my $where ('a', 'b', 'c')
{
	my $number = ord($where) - ord('a');
	my @names = ('a', 'b', 'c');
	my %now = (%files, map { ("base/R_$_.sql" => text_of($_, 'one')) } @names);

	begin_with(%now);
	run_call($deploy);
	marks();
	%now = map { ("base/R_$_.sql" => text_of($_, 'two')) } @names;
	$now{"base/R_$where.sql"} =~ s/(INSERT)/$gate$1/;
	write_files($node, %now, 'base/00002_second.sql' => "INSERT INTO mark VALUES ('2');");
	kill_at_gate();
	is(versions(), '0 1 2', "crash in R_$where: the numbered ones are applied");
	is( marks(),
		join(', ', 2, map { "$_ two" } @names[ 0 .. $number - 1 ]),
		"crash in R_$where: and those before it");
	is( states(),
		join(', ', map { "R_$_.sql pending" } @names[ $number .. 2 ]),
		"crash in R_$where: the others are pending");
	run_call($deploy);
	is($status, 0, "crash in R_$where: the next deploy goes on") or diag($err);
	is( marks(),
		join(', ', map { "$_ two" } @names[ $number .. 2 ]),
		"crash in R_$where: and runs what is left");
}

# without a transaction, from the first statement on
begin_with(
	'base/R_a.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\nINSERT INTO mark VALUES ('a');\n${gate}INSERT INTO mark VALUES ('end of a');\n",
	'base/R_b.sql' => text_of('b', 'one'));
kill_at_gate();
is(marks(), 'a', 'crash without a transaction: a part of it is done');
is(states(), 'R_a.sql pending, R_b.sql pending', 'it is pending');
run_call($deploy);
is($status, 0, 'the next deploy runs it') or diag($err);
is(marks(), 'a, end of a, b one', 'all of it');
is(states(), '', 'and nothing is left');

# or another text of it, if it has changed since
write_files($node, 'base/R_a.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\nINSERT INTO mark VALUES ('A');\n${gate}INSERT INTO mark VALUES ('end of A');\n");
kill_at_gate();
write_files($node, 'base/R_a.sql' => text_of('a', 'six'));
run_call($deploy);
is($status, 0, 'it has changed after the crash') or diag($err);
is(marks(), 'A, a six', 'then its new text is run');

# or the one that was there before
write_files($node, 'base/R_a.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\nINSERT INTO mark VALUES ('A');\n${gate}INSERT INTO mark VALUES ('end of A');\n");
kill_at_gate();
write_files($node, 'base/R_a.sql' => text_of('a', 'six'));
is(states(), 'R_a.sql pending', 'the file was put back after the crash: it is pending all the same');
run_call($deploy);
is($status, 0, 'the next deploy runs it') or diag($err);
is(marks(), 'A, a six', 'and what it had half replaced is back');
is(states(), '', 'and nothing is left');

# ------------------------------------------------------- failures
#
# A deploy of numbered and repeatable migrations that fails at each of them:
# the database is what it was.

my %now = (
	'base/00001_first.sql' => $files{'base/00001_first.sql'},
	'base/00002_second.sql' => "CREATE TABLE second (id int);",
	map { ("base/R_$_.sql" => text_of($_, 'one')) } 'a', 'b', 'c');
my %next = (
	'base/00003_third.sql' => "-- +goose Up\nCREATE TABLE third (id int);\n-- +goose Down\nDROP TABLE third;\n",
	'base/00004_fourth.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY first_id ON first (id);\n-- +goose Down\nDROP INDEX CONCURRENTLY first_id;\n",
	'base/R_a.sql' => text_of('a', 'two'),
	'base/R_b.sql' => text_of('b', 'two') =~ s/^/-- +goose NO TRANSACTION\n/r,
	'base/R_bb.sql' => text_of('bb', 'two'),
	'base/R_c.sql' => text_of('c', 'two'));
my ($contents, $after);

foreach my $fails (sort keys %next)
{
	begin_with(%now);
	run_call($deploy);
	marks();
	$contents = contents();
	write_files($node, %next);
	write_files($node, $fails => $next{$fails} =~ s/(-- \+goose Down)/SELECT 1 \/ 0;\n$1/r);
	run_call($deploy);
	is($status, 3, "failure in $fails");
	like($err, qr/the database is at version 2 as before the call$/m, "$fails: it says where the database is");
	is(versions(), '0 1 2', "$fails: the versions are back");
	ok(contents() eq $contents, "$fails: and all else") or diag(contents());
	is( states(),
		'00003_third.sql pending, 00004_fourth.sql pending, R_a.sql pending, R_b.sql pending, R_bb.sql pending, R_c.sql pending',
		"$fails: all is pending again");

	# the files are put back: nothing is to do
	marks();
	clear_files($node);
	write_files($node, %now);
	is(states(), '', "$fails: with the files of before, nothing is");
	write_files($node, %next);
	run_call($deploy);
	is($status, 0, "$fails: mended, it works") or diag($err);
	is(marks(), 'a two, b two, bb two, c two', "$fails: and runs each once");
	$after = contents() unless defined $after;
	ok(contents() eq $after, "$fails: with the same end");
}

# a run of one transaction
begin_with(%now);
run_call($deploy);
marks();
$contents = contents();
write_files($node, %next, 'base/R_c.sql' => "SELECT 1 / 0;");
unlink migrate_root($node) . '/base/00004_fourth.sql' or die $!;
run_call('SELECT gooseplus_migrate()');
isnt($status, 0, 'a run of one transaction fails in the last one');
ok(contents() eq $contents, 'and leaves nothing');
is(marks(), '', 'at all');

$node->stop;
done_testing();
