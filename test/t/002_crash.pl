# A run that is cut off in the middle, by the death of its process or of the
# whole server: nothing is left of it, and the next run does everything.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('crash');

$node->safe_psql('postgres',
	"CREATE TABLE kept (id int PRIMARY KEY, note text);"
	  . "INSERT INTO kept VALUES (1, 'before'), (2, 'before');"
	  . "CREATE FUNCTION kept() RETURNS int LANGUAGE sql AS 'SELECT 1'");
write_files(
	$node,
	'base/00001_tables.sql' => "CREATE TABLE fresh (id int);\n"
	  . "INSERT INTO fresh SELECT generate_series(1, 10000);",
	'base/00002_old.sql' => "ALTER TABLE kept ADD COLUMN more int DEFAULT 7;\n"
	  . "UPDATE kept SET note = 'changed';\n"
	  . "DROP FUNCTION kept();\n"
	  . "TRUNCATE fresh;",
	'base/00003_long.sql' => "CREATE TABLE late (id int);\n"
	  . "SELECT pg_sleep(600);",
	'base/00004_end.sql' => "CREATE TABLE last (id int);");

# Starts a run and waits until it sleeps; returns session and process id.
sub start_run
{
	my $session = start_psql($node, 'SELECT gooseplus_migrate()');
	my $pid = wait_activity($node,
		'gooseplus: 3/4 base/00003_long.sql statement 2',
		"wait_event = 'PgSleep'");

	return ($session, $pid);
}

my $before = dump_of($node, 'postgres');
my ($session, $pid) = start_run();
my ($status, $out, $err);

PostgreSQL::Test::Utils::system_or_bail('pg_ctl', 'kill', 'KILL', $pid);
($status, $out, $err) = finish_psql($session);
isnt($status, 0, 'the caller of the killed run gets an error');
wait_server($node, 'SELECT NOT pg_is_in_recovery()')
  or die 'the server did not come back';
is(dump_of($node, 'postgres'), $before, 'nothing is left after SIGKILL');
is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'),
	0, 'the version is what it was');
is( $node->safe_psql('postgres',
		"SELECT string_agg(state, ' ') FROM gooseplus_status()"),
	'pending pending pending pending',
	'all migrations are pending');

($session, $pid) = start_run();
$node->stop('immediate');
($status, $out, $err) = finish_psql($session);
isnt($status, 0, 'the caller of a run on a stopped server gets an error');
$node->start;
is(dump_of($node, 'postgres'), $before,
	'nothing is left after an immediate stop');

# a terminated backend is an orderly end
($session, $pid) = start_run();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
($status, $out, $err) = finish_psql($session);
like($err, qr/terminating connection due to administrator command/,
	'a terminated run says so');
$node->poll_query_until('postgres',
	"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid")
  or die 'the backend did not end';
is($node->safe_psql(
		'postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
	0, 'its lock is gone');
is(dump_of($node, 'postgres'), $before, 'nothing is left after termination');

write_files($node,
	'base/00003_long.sql' => "CREATE TABLE late (id int);\n"
	  . "SELECT pg_sleep(0);");
is( $node->safe_psql('postgres',
		"SELECT string_agg(state, ' ') FROM gooseplus_migrate()"),
	'applied applied applied applied',
	'the next run applies everything');
is( $node->safe_psql(
		'postgres', "SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version"),
	'0 1 2 3 4',
	'each version is recorded once');
is($node->safe_psql('postgres', 'SELECT note, more FROM kept WHERE id = 2'),
	'changed|7', 'and its data is there');

$node->stop;
done_testing();
