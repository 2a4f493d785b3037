# Sessions that migrate an empty database at the same moment: each migration
# is applied exactly once, and nobody fails.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use Test::More;

my $sessions = 20;
my $migrations = 24;
my $node = new_node('race');

# What a migration does would fail, or count twice, if it ran twice.
foreach my $n (1 .. $migrations)
{
	my $file = sprintf('%s/%05d_step.sql', $n % 3 ? 'base' : 'production', $n);

	write_files($node,
		$file => "CREATE TABLE step_$n (id int);\n"
		  . "INSERT INTO step_$n SELECT generate_series(1, $n);\n"
		  . ($n == 1 ? "CREATE TABLE total (step int);\n" : '')
		  . "INSERT INTO total VALUES ($n);");
}

# Lets all sessions go at once.
sub race
{
	my ($database, $options) = @_;
	my $gate = $node->background_psql($database);
	my @running;

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	push @running,
	  start_psql(
		$node,
		"SELECT pg_advisory_lock_shared(1) \\g /dev/null\n"
		  . "SELECT pg_advisory_unlock_shared(1) \\g /dev/null\n"
		  . "SELECT state, count(*) FROM gooseplus_migrate('production', '$options') GROUP BY 1;",
		database => $database)
	  for 1 .. $sessions;
	$node->poll_query_until($database,
		"SELECT count(*) = $sessions FROM pg_locks"
		  . " WHERE locktype = 'advisory' AND NOT granted")
	  or die "the sessions did not come to the gate";
	$gate->quit;

	return map { [ finish_psql($_) ] } @running;
}

sub check_race
{
	my ($database, $options, $before) = @_;
	my $name = "options $options";

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database,
		'CREATE EXTENSION gooseplus;' . ($before || ''));

	my @results = race($database, $options);
	my @failed = grep { $_->[0] != 0 } @results;
	my @applied = grep { $_->[1] =~ /applied/ } @results;

	is(scalar(@failed), 0, "$name: no session fails")
	  or diag(join("\n", map { $_->[2] } @failed));
	is(scalar(@applied), 1, "$name: one session applies");
	is($applied[0] && $applied[0][1],
		"applied|$migrations", "$name: and it applies all");
	is( scalar(grep { $_->[2] =~ /no migrations to run, current version: $migrations$/m }
			  @results),
		$sessions - 1,
		"$name: the others have nothing to do");
	is( $node->safe_psql(
			$database,
			"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version"
		),
		join(' ', 0 .. $migrations),
		"$name: each version is recorded once, in order");
	is( $node->safe_psql(
			$database, "SELECT string_agg(step::text, ' ' ORDER BY ctid) FROM total"),
		join(' ', 1 .. $migrations),
		"$name: each migration ran once, in order");
	is($node->safe_psql($database, "SELECT count(*) FROM step_$migrations"),
		$migrations, "$name: its data is there once");
	is( $node->safe_psql(
			$database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
		0,
		"$name: no lock is left");
	return;
}

check_race('race_default', '{}');
check_race('race_table', '{"lock_table": true}');
is( $node->safe_psql(
		'race_table', 'SELECT count(*), min(status) FROM goose_db_version_lock'),
	'1|0',
	'the lock table has its one row');

# A lock table that is there already is enough.
check_race('race_row', '{"lock": false, "lock_table": true}',
	'CREATE TABLE goose_db_version_lock (status integer NOT NULL DEFAULT 0);'
	  . 'INSERT INTO goose_db_version_lock VALUES (0)');

$node->stop;
done_testing();
