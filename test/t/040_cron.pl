# Migrations scheduled with the real pg_cron, in both of its ways to run a job:
# through a connection, and in a background worker.
#
# pg_cron 1.4 has no schedule shorter than a minute, but one that every version
# has is "@reboot": each restart of the server starts every job once, all of
# them at the same moment.  Schedules in seconds, where there are any, come last.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The commands that people schedule, and how a second migration builds an index
# under each: while nobody else may write to the table, or while they do.
my %commands = (
	migrate => {
		sql => q(SELECT gooseplus_migrate('production')),
		index => "-- no name twice\n-- +goose Up\nCREATE UNIQUE INDEX item_name ON item (name);\n"
	},
	deploy => {
		sql => q(CALL gooseplus_deploy('production')),
		index => "-- +goose NO TRANSACTION\n-- +goose Up\n"
		  . "CREATE UNIQUE INDEX CONCURRENTLY item_name ON item (name);\n"
		  . "-- +goose Down\nDROP INDEX CONCURRENTLY IF EXISTS item_name;\n"
	});

# What pg_cron says of a run of that command, in that way, that applied so many.
sub said
{
	my ($way, $command, $count) = @_;

	return 'succeeded: CALL' if $command eq 'deploy';
	return "succeeded: SELECT $count" if $way eq 'worker';
	return "succeeded: $count rows";
}

# Databases with a table of the application; two migrations, the second of which
# is what matters, are to come.
sub new_database
{
	my ($node, $name, $command, $rows) = @_;

	write_files(
		$node,
		"$name/base/00001_shop.sql" =>
		  "-- +goose Up\nCREATE TABLE shop (id int);\n-- +goose Down\nDROP TABLE shop;\n",
		"$name/production/00002_index.sql" => $commands{$command}{index});
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER deployer");
	$node->safe_psql($name, "CREATE EXTENSION gooseplus;
		GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer;
		ALTER DATABASE $name SET gooseplus.directory = '"
		  . migrate_root($node) . "/$name';
		SET ROLE deployer;
		CREATE TABLE item (name text);
		INSERT INTO item VALUES $rows;");
	return;
}

# A job of that name in the database, as its owner.
sub schedule
{
	my ($node, $job, $schedule, $database, $command) = @_;

	$node->safe_psql('postgres', qq(SELECT cron.schedule_in_database('$job',
		'$schedule', \$\$$commands{$command}{sql}\$\$, '$database', 'deployer')));
	return;
}

# Wait until every job has ended a run that began after the server did.  (While
# a worker's messages are read, a notice can stand where the outcome will.)
sub wait_runs
{
	my ($node) = @_;

	$node->poll_query_until('postgres', q(
		SELECT bool_and(EXISTS (
			SELECT FROM cron.job_run_details d
			WHERE d.jobid = j.jobid AND d.start_time > pg_postmaster_start_time()
			AND status IN ('succeeded', 'failed') AND return_message !~ '^NOTICE'))
		FROM cron.job j))
	  or die "the jobs did not end:\n" . outcome($node, '%');
	return;
}

# Status and message of the latest run of each job of this name.
sub outcome
{
	my ($node, $job) = @_;

	return $node->safe_psql('postgres', qq(
		SELECT DISTINCT ON (jobid) status || ': ' || return_message
		FROM cron.job_run_details JOIN cron.job USING (jobid)
		WHERE jobname LIKE '$job' ORDER BY jobid, runid DESC));
}

# The state of a database: versions recorded, and the index (valid or not).
sub state_of
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, q(
		SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version;
		SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
		WHERE indrelid = 'item'::regclass));
}

# A cluster whose pg_cron runs jobs in that way; no jobs yet.
sub new_cron_node
{
	my ($way) = @_;
	my $node = new_node("cron_$way");

	if (!$node->safe_psql('postgres',
			q(SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron')))
	{
		my ($major) = $node->pg_version =~ /^(\d+)/;

		plan(skip_all => "pg_cron is not available: install postgresql-$major-cron");
	}
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\n"
		  . "cron.use_background_workers = " . ($way eq 'worker' ? 'on' : 'off') . "\n"
		  . "cron.host = '" . $node->host . "'\n"
		  . "cron.max_running_jobs = 20\n"
		  . "max_worker_processes = 30\n"
		  . "max_prepared_transactions = 5\n"
		  . "log_error_verbosity = verbose\n");
	$node->restart;
	$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron; CREATE ROLE deployer LOGIN');
	return $node;
}

# --- the first run of all jobs, and the second

# Jobs of a command in databases where it works, where it fails, and where two
# of them do the same work.  There an open transaction of the application (that
# outlives the restart) keeps the first from ending before the second begins.
sub schedule_command
{
	my ($node, $command) = @_;

	new_database($node, "${command}_works", $command, "('ink'), ('pen')");
	schedule($node, "$command works", '@reboot', "${command}_works", $command);
	new_database($node, "${command}_fails", $command, "('ink'), ('pen'), ('pen')");
	schedule($node, "$command fails", '@reboot', "${command}_fails", $command);
	new_database($node, "${command}_twice", $command, "('ink'), ('pen')");
	schedule($node, "$command twice $_", '@reboot', "${command}_twice", $command)
	  for 1, 2;
	$node->safe_psql("${command}_twice", "BEGIN; INSERT INTO item VALUES ('cup');
		PREPARE TRANSACTION '$command'");
	return;
}

# Both jobs are in the middle of their runs, as processes of this kind: one
# waits for the application, the other for the first.
sub wait_overlap
{
	my ($node, $way, $command) = @_;
	my $type = $way eq 'worker' ? 'pg_cron' : 'client backend';

	$node->poll_query_until("${command}_twice", qq(
		SELECT count(*) FILTER (WHERE query LIKE 'gooseplus: waiting for%') = 1
		AND count(*) FILTER (WHERE query LIKE 'gooseplus: 2/2 production/00002%'
			AND wait_event_type = 'Lock') = 1
		FROM pg_stat_activity WHERE datname = current_database()
		AND usename = 'deployer' AND backend_type = '$type'))
	  or die "the runs of $command did not overlap";
	is( $node->safe_psql("${command}_twice", q(
			SELECT backend_xid, backend_xmin FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'gooseplus: waiting for%')),
		'|',
		"$way, $command: who waits holds no snapshot and no transaction id")
	  if $command eq 'deploy';
	return;
}

sub check_first_run
{
	my ($node, $way, $command) = @_;
	my $name = "$way, $command";

	is(outcome($node, "$command works"), said($way, $command, 2),
		"$name: a run that works has succeeded");
	is(state_of($node, "${command}_works"), "0 1 2\nitem_name|t", "$name: and has worked");

	like(
		outcome($node, "$command fails"),
		qr/^failed: ERROR: +could not create unique index "item_name"\nDETAIL: .*\(pen\).*^CONTEXT: +statement 1 at production\/00002_index\.sql:3:1$/ms,
		"$name: a run that fails has failed, and where");
	like(outcome($node, "$command fails"),
		qr/^gooseplus_$command, environment "production": .*the database is at version 0\b/m,
		"$name: it says where the database is");
	ok( slurp_file($node->logfile) =~
		  /ERROR:  23505: could not create unique index "item_name"\n(?:(?!.*ERROR:).*\n)*.*gooseplus_$command, environment/,
		"$name: the SQLSTATE is in the server's log");
	is( $node->safe_psql("${command}_fails",
			q(SELECT to_regclass('shop') IS NULL, to_regclass('item_name') IS NULL)),
		't|t',
		"$name: nothing is left of it");
	is( $node->safe_psql("${command}_fails", q(SELECT gooseplus_db_version())),
		0, "$name: at version 0");
	is( $node->safe_psql("${command}_fails",
			q(SELECT version, direction, sqlstate, message FROM goose_db_version_history
			  WHERE event = 'migration' AND outcome = 'failed')),
		'2|up|23505|could not create unique index "item_name"',
		"$name: the history has the failure")
	  if $command eq 'deploy';
	is( join("\n", sort(split(/\n/, outcome($node, "$command twice _")))),
		join("\n", map { said($way, $command, $_) } 0, 2),
		"$name: of two runs at the same time both succeed, and one applies");
	is(state_of($node, "${command}_twice"),
		"0 1 2\nitem_name|t", "$name: each migration once");
	is( $node->safe_psql("${command}_twice",
			q(SELECT event, version, outcome FROM goose_db_version_history
			  ORDER BY event DESC, version)),
		"run|2|done\nmigration|1|applied\nmigration|2|applied",
		"$name: the history has one run");
	is($node->safe_psql("${command}_twice", 'SELECT count(*) FROM item'),
		3, "$name: the application was not disturbed");
	return;
}

sub check_second_run
{
	my ($node, $way, $command) = @_;
	my $name = "$way, $command";

	foreach my $job ("$command works", "$command twice 1", "$command twice 2")
	{
		is(outcome($node, $job), said($way, $command, 0),
			"$name: the next run of \"$job\" has nothing to do");
	}
	is(state_of($node, "${command}_works"), "0 1 2\nitem_name|t", "$name: and did nothing");
	is(outcome($node, "$command fails"), said($way, $command, 2),
		"$name: the next run after the repair succeeds");
	is(state_of($node, "${command}_fails"), "0 1 2\nitem_name|t", "$name: and has worked");
	return;
}

# --- schedules in seconds

sub has_seconds
{
	my ($node) = @_;

	return $node->safe_psql('postgres', q(
		SELECT string_to_array(split_part(extversion, '-', 1), '.')::int[] >= '{1,5}'
		FROM pg_extension WHERE extname = 'pg_cron')) eq 't';
}

# Wait until both jobs have ended runs that began from now on.
sub wait_seconds
{
	my ($node, $runs) = @_;
	my $now = $node->safe_psql('postgres', 'SELECT clock_timestamp()');

	$node->poll_query_until('postgres', "SELECT count(DISTINCT jobid) = 2 $runs
		AND start_time > '$now'") or die 'the jobs of every second did not run';
	return;
}

# Two jobs, every second, and a migration that appears while they run.
sub check_seconds
{
	my ($node, $way, $command) = @_;
	my $name = "$way, $command";
	my $database = "${command}_works";
	my $runs = 'FROM cron.job_run_details JOIN cron.job USING (jobid)'
	  . " WHERE jobname LIKE '$command second _' AND status IN ('succeeded', 'failed')";

	schedule($node, "$command second $_", '1 second', $database, $command) for 1, 2;
	wait_seconds($node, $runs);
	write_files($node, "$database/base/00003_more.sql" => 'CREATE TABLE more (id int);');
	wait_seconds($node, $runs);
	is($node->safe_psql('postgres', "SELECT DISTINCT status $runs"),
		'succeeded', "$name: all runs of every second succeed");
	is(state_of($node, $database), "0 1 2 3\nitem_name|t",
		"$name: what was new is applied once");
	return;
}

foreach my $way ('connection', 'worker')
{
	my $node = new_cron_node($way);

	schedule_command($node, $_) for sort keys %commands;
	$node->restart;
	foreach my $command (sort keys %commands)
	{
		wait_overlap($node, $way, $command);
		$node->safe_psql("${command}_twice", "COMMIT PREPARED '$command'");
	}
	wait_runs($node);
	check_first_run($node, $way, $_) for sort keys %commands;

	foreach my $command (sort keys %commands)
	{
		$node->safe_psql("${command}_fails",
			q(DELETE FROM item a USING item b WHERE a.name = b.name AND a.ctid > b.ctid));
	}
	$node->restart;
	wait_runs($node);
	check_second_run($node, $way, $_) for sort keys %commands;

  SKIP:
	{
		skip "$way: this pg_cron has no schedules in seconds", 1
		  unless has_seconds($node);
		check_seconds($node, $way, $_) for sort keys %commands;
	}
	$node->stop;
}

done_testing();
