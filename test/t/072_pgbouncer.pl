# Through PgBouncer, in each of its modes: runs of one transaction, deploys with
# NO TRANSACTION, waiting; and what a migration leaves in its session.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($pgbouncer) = grep { -x $_ } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';

plan(skip_all => 'PgBouncer is not installed') unless $pgbouncer;

my $node = new_node('pooled');
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my ($run, $status, $out, $err);

# One connection to the server for all clients.
sub start_pooler
{
	my ($mode) = @_;
	my ($printed, $tries) = ('', 0);

	write_raw("$folder/users", qq("postgres" ""\n"deployer" ""\n));
	write_raw("$folder/ini", "[databases]
postgres = host=" . $node->host . " port=" . $node->port . "
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
admin_users = deployer
pool_mode = $mode
default_pool_size = 1
");
	$run = IPC::Run::start([ $pgbouncer, "$folder/ini" ], '>', '/dev/null', '2>', "$folder/log");
	while (pooled('SELECT 1') ne '1')
	{
		die 'PgBouncer does not start: ' . slurp_file("$folder/log") if ++$tries > 300;
		select(undef, undef, undef, 0.1);
	}
	return;
}

# A client of the pooler runs this and goes.
sub pooled
{
	my ($sql) = @_;

	write_raw("$folder/in", $sql);
	($out, $err) = ('', '');
	IPC::Run::run(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'deployer',
			'-d', "host=$folder port=$port dbname=postgres", '-f', "$folder/in" ],
		'>', \$out, '2>', \$err, IPC::Run::timeout(180));
	$status = $? >> 8;
	chomp($out, $err);
	return $out;
}

END
{
	$run->kill_kill if $run;
}

$node->safe_psql('postgres', 'CREATE ROLE deployer LOGIN; GRANT CREATE ON SCHEMA public TO deployer;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer');

foreach my $mode ('session', 'transaction', 'statement')
{
	$node->safe_psql('postgres', 'DROP OWNED BY deployer; GRANT CREATE ON SCHEMA public TO deployer;
		GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer');
	clear_files($node);
	write_files($node, 'base/00001_item.sql' => 'CREATE TABLE item (id int);');
	start_pooler($mode);

	is(pooled('SELECT version, state FROM gooseplus_migrate()'),
		'1|applied', "$mode: a run of one transaction") or diag($err);

	write_files(
		$node,
		'base/00002_index.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\n"
		  . "SET work_mem = '5MB';\nCREATE INDEX CONCURRENTLY item_id ON item (id);\n"
		  . "CREATE TEMP TABLE left_over (id int);\n"
		  . "-- +goose Down\nDROP INDEX CONCURRENTLY IF EXISTS item_id;\n");
	pooled('CALL gooseplus_deploy()');
	is($status, 0, "$mode: a deploy") or diag($err);
	is( $node->safe_psql('postgres',
			q(SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_id'::regclass)),
		't', "$mode: with CREATE INDEX CONCURRENTLY");
	is($node->safe_psql('postgres', q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')),
		0, "$mode: its lock is gone");
	is(pooled('SHOW work_mem'), $node->safe_psql('postgres', 'SHOW work_mem'),
		"$mode: the next client does not have its settings");
	is( pooled(q(SELECT to_regclass('pg_temp.left_over') IS NULL)),
		$mode eq 'session' ? 't' : 'f',
		"$mode: "
		  . ($mode eq 'session' ? 'nor its temporary tables' : 'but its temporary tables'));

	write_files(
		$node,
		'base/00003_more.sql' => "-- +goose Up\nCREATE TABLE more (id int);\n-- +goose Down\nDROP TABLE more;\n",
		'base/00004_fails.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1 / 0;\n"
		  . "-- +goose Down\nSELECT 1;\n");
	pooled('CALL gooseplus_deploy()');
	isnt($status, 0, "$mode: a deploy that fails");
	like($err, qr/division by zero.*the database is at version 2 as before the call/s,
		"$mode: returns");
	is($node->safe_psql('postgres', q(SELECT to_regclass('more') IS NULL)), 't', "$mode: indeed");

	pooled('BEGIN; CALL gooseplus_deploy()');
	like($err, $mode eq 'statement' ? qr/transaction blocks not allowed/ : qr/transaction block/,
		"$mode: not in a transaction");

	unlink(migrate_root($node) . '/base/00004_fails.sql') or die "could not remove a file: $!";
	pooled('BEGIN; SELECT gooseplus_migrate(); ROLLBACK');
	if ($mode eq 'statement')
	{
		like($err, qr/transaction blocks not allowed/, "$mode: nor does a run");
	}
	else
	{
		is($status, 0, "$mode: a run between BEGIN and ROLLBACK") or diag($err);
	}

	# a setting of one client, and another client
	pooled(q(SET gooseplus.base_environment = 'elsewhere'));
	is( pooled('SELECT gooseplus_db_version(); SHOW gooseplus.base_environment'),
		$mode eq 'session' ? "2\nbase" : "2\nelsewhere",
		"$mode: the settings of a client are "
		  . ($mode eq 'session' ? 'its own' : 'those of the next one'));
	pooled(q(RESET gooseplus.base_environment));

	# who waits has a connection to the server
	my $waiting = '';
	my $wait = IPC::Run::start(
		[ 'psql', '-XAtq', '-U', 'deployer', '-d', "host=$folder port=$port dbname=postgres",
			'-c', q(CALL gooseplus_wait(3, '150 seconds')) ],
		'>', \$waiting, '2>&1', IPC::Run::timeout(180));

	wait_activity($node, 'gooseplus: waiting for version 3%');
	my $second = IPC::Run::start(
		[ 'psql', '-XAtq', '-U', 'deployer', '-d', "host=$folder port=$port dbname=postgres",
			'-c', 'SELECT 7' ],
		'>', \$out, '2>&1', IPC::Run::timeout(180));
	my $tries = 0;
	my $queued = 0;

	# SHOW POOLS: database, user, cl_active, cl_waiting
	while (!$queued && $tries++ < 300)
	{
		my $pools = '';

		IPC::Run::run([ 'psql', '-XAtq', '-U', 'deployer',
				'-d', "host=$folder port=$port dbname=pgbouncer", '-c', 'SHOW POOLS' ],
			'>', \$pools, '2>&1', IPC::Run::timeout(180));
		$queued = $pools =~ /^postgres\|deployer\|1\|1\|/m;
		select(undef, undef, undef, 0.1) unless $queued;
	}
	ok($queued, "$mode: gooseplus_wait keeps a connection of the pool");
	is((query($node, 'SET ROLE deployer; SELECT gooseplus_migrate()'))[0], 0,
		"$mode: a run beside the pooler");
	$wait->finish;
	is($waiting, "t\n", "$mode: ends it");
	$second->finish;
	is($out, "7\n", "$mode: and the next client gets the connection");

	$run->kill_kill;
	undef $run;
}

done_testing();
