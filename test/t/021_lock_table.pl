# The lock table alone keeps runs apart, also when its row or the table itself
# is not there: the Go library gooseplus deletes the row and inserts it again.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $sessions = 8;
my $migrations = 6;
my $node = new_node('lock_table');
my $create = 'CREATE TABLE goose_db_version_lock (status integer NOT NULL DEFAULT 0)';

# What a migration does would fail if it ran twice.
write_files($node,
	map { (sprintf('base/%05d_step.sql', $_) => "CREATE TABLE step_$_ (id int);") }
	  1 .. $migrations);

# Sessions that all start when the gate opens; none of them takes the advisory
# lock.
sub race
{
	my ($database, $before) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION gooseplus; $before");

	my $gate = $node->background_psql($database);
	my @running;

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	push @running,
	  start_psql(
		$node,
		"SELECT pg_advisory_lock_shared(1) \\g /dev/null\n"
		  . "SELECT count(*) FROM gooseplus_migrate(NULL, '{\"lock\": false, \"lock_table\": true, \"timeout\": \"60s\"}');",
		database => $database)
	  for 1 .. $sessions;
	$node->poll_query_until($database,
		"SELECT count(*) = $sessions FROM pg_locks"
		  . " WHERE locktype = 'advisory' AND NOT granted")
	  or die "the sessions did not come to the gate";
	$gate->quit;

	my @results = map { [ finish_psql($_) ] } @running;

	is(join(' ', map { $_->[0] } @results),
		join(' ', (0) x $sessions), "$database: no session fails")
	  or diag(join("\n", map { $_->[2] } @results));
	is( join(' ', sort map { $_->[1] } @results),
		join(' ', (0) x ($sessions - 1), $migrations),
		"$database: one session does all the work");
	is( $node->safe_psql($database,
			"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version"),
		join(' ', 0 .. $migrations),
		"$database: each version is recorded once");
	is($node->safe_psql($database, 'SELECT status FROM goose_db_version_lock'),
		0, "$database: the lock table has one row");
	return;
}

race('no_row', $create);
race('row_deleted', "$create; INSERT INTO goose_db_version_lock VALUES (0);"
	  . 'DELETE FROM goose_db_version_lock');
race('no_table', '');

# A row that somebody is about to insert is waited for, and then is the lock.
my $other = $node->background_psql('postgres');

$node->safe_psql('postgres', $create);
$other->query_safe('BEGIN; LOCK TABLE goose_db_version_lock IN EXCLUSIVE MODE;'
	  . 'INSERT INTO goose_db_version_lock VALUES (3)');

my $session = start_psql($node,
	q(SELECT count(*) FROM gooseplus_migrate(NULL, '{"lock": false, "lock_table": true}')));

wait_activity($node, 'gooseplus: preparing', "wait_event_type = 'Lock'");
$other->query_safe('COMMIT');
my ($status, $out, $err) = finish_psql($session);
is($out, $migrations, 'a row that another session inserts is waited for')
  or diag($err);
is($node->safe_psql('postgres', 'SELECT status FROM goose_db_version_lock'),
	3, 'and no other is inserted');

$other->quit;
$node->stop;
done_testing();
