# gooseplus_launch(): a deploy in a background worker.  It goes on when its
# caller is gone, it is the caller's session in all that decides what happens,
# and where it cannot be that, the call says so.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = new_node('launch');
my $goose_id = 4097083626;
my $worker = "FROM pg_stat_activity WHERE backend_type = 'gooseplus deploy'";
my ($status, $out, $err);

$node->append_conf('postgresql.conf',
	"max_worker_processes = 4\nwal_level = replica\n");
$node->restart;

# Roles as they often are: the owner of everything cannot log in.
$node->safe_psql(
	'postgres', q(
	CREATE ROLE owner NOLOGIN;
	CREATE ROLE deployer LOGIN;
	CREATE ROLE other NOLOGIN;
	GRANT owner, other TO deployer;
	CREATE SCHEMA app AUTHORIZATION owner;
	GRANT EXECUTE ON FUNCTION gooseplus_launch(text, bigint, jsonb, text)
		TO owner, deployer, other;
	CREATE FUNCTION gate(id int) RETURNS void LANGUAGE sql AS
		'SELECT pg_advisory_lock_shared($1), pg_advisory_unlock_shared($1)';
));

# What holds the migration lock, or keeps a migration from ending.
my $holder = $node->background_psql('postgres', on_error_stop => 0);

sub hold
{
	my ($id) = @_;

	$holder->query_safe("SELECT pg_advisory_lock($id)");
	return;
}

sub release
{
	$holder->query_safe('SELECT pg_advisory_unlock_all()');
	return;
}

# Wait until there is no worker.
sub workers_end
{
	my ($name) = @_;

	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 $worker"),
		"$name: the worker ends");
	return;
}

# Start anew, with these files.
sub begin_with
{
	my (%files) = @_;

	clear_files($node);
	write_files($node, %files);
	$node->safe_psql('postgres',
		'SET client_min_messages = warning; DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app AUTHORIZATION owner;'
		  . 'DROP TABLE IF EXISTS goose_db_version, goose_db_version_history, one, two, seen');
	return;
}

# Call, and expect this SQLSTATE and message.
sub launch_fails
{
	my ($name, $sql, $state, $pattern, %options) = @_;

	($status, $out, $err) =
	  query($node, "\\set VERBOSITY verbose\n$sql", %options);
	is($status, 3, "$name: the call fails");
	like($err, qr/ERROR:  $state: $pattern/, "$name: and says why");
	return;
}

# The outcome of the last run, when it has ended.
sub run_outcome
{
	my ($table) = @_;

	$table ||= 'goose_db_version_history';
	workers_end("history of $table");
	return $node->safe_psql('postgres',
		"SELECT outcome, sqlstate FROM $table WHERE event = 'run' ORDER BY id DESC LIMIT 1");
}

# --- the caller goes away at once

begin_with(
	'base/00001_one.sql' => 'CREATE TABLE one (id int);',
	'base/00002_two.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\n"
	  . 'CREATE INDEX CONCURRENTLY one_id ON one (id);',
	'production/00003_three.sql' => 'CREATE TABLE two (id int);');
hold($goose_id);
my $session = start_psql($node, "SELECT gooseplus_launch('production')",
	name => 'gone');
($status, $out, $err) = finish_psql($session);
is($status, 0, 'a launched deploy does not keep its caller') or diag($err);
ok( $node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'gone'"),
	'its caller goes away');
is( $node->safe_psql('postgres',
		"SELECT pid, datname, usename, application_name, state $worker"),
	"$out|postgres|"
	  . $node->safe_psql('postgres', 'SELECT current_user')
	  . '|gooseplus_launch|active',
	'the worker is there, with the process id returned');
is($node->safe_psql('postgres', "SELECT to_regclass('goose_db_version') IS NULL"),
	't', 'and has done nothing before the lock is free');
release();
is(run_outcome(), 'done|', 'it finishes without its caller');
is( $node->safe_psql('postgres',
		'SELECT version_id FROM goose_db_version ORDER BY id'),
	"0\n1\n2\n3",
	'everything is applied, NO TRANSACTION and environment included');

# --- nothing to do, a version, the caller's transaction undone

$node->safe_psql('postgres', "SELECT gooseplus_launch('production')");
workers_end('nothing to do');
begin_with(
	'base/00001_one.sql' => 'CREATE TABLE one (id int);',
	'base/00002_two.sql' => 'CREATE TABLE two (id int);');
$node->safe_psql('postgres',
	'BEGIN; SELECT gooseplus_launch(version => 1); ROLLBACK');
is(run_outcome(), 'done|', 'the end of its transaction is no matter');
is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'),
	1, 'the version is the last one applied');

# --- the caller's role, search_path and settings

my $seen = q(CREATE TABLE seen AS SELECT session_user::text AS session,
	current_user::text AS role, current_setting('search_path') AS path,
	current_setting('gooseplus.migration_timeout') AS migration_timeout,
	current_setting('gooseplus.lock_id') AS lock_id,
	current_setting('plpgsql.variable_conflict', true) AS preloaded,
	'${WHO}' AS who;);

begin_with('mine/00001_seen.sql' => "-- +goose ENVSUB ON\n-- +goose Up\n$seen");
$node->safe_psql('postgres',
	q(ALTER ROLE deployer SET session_preload_libraries = plpgsql));
my $mine = migrate_root($node) . '/mine';
my $caller = q(
	SET SESSION AUTHORIZATION deployer;
	SET ROLE owner;
	SET search_path = app, public;
	SET gooseplus.base_environment = '';
	SET gooseplus.migration_timeout = '77s';
	SET gooseplus.version_table = 'app.versions';
	SET gooseplus.variables = '{"WHO": "\u00e9 \"me\" \\\\"}';
	BEGIN;
	SET LOCAL gooseplus.lock_id = 4711;
	SELECT gooseplus_launch();
	COMMIT;);

$node->safe_psql('postgres',
	"SET client_encoding = 'UTF8'; SET gooseplus.directory = '$mine'; $caller");
is(run_outcome('app.versions_history'), 'done|',
	'a deploy for an owner that cannot log in');
is( $node->safe_psql('postgres', 'SELECT * FROM app.seen'),
	"deployer|owner|app, public|77s|4711|error|\xc3\xa9 \"me\" \\",
	'it has the session user, role, search_path and settings of its caller, and the libraries of a session');
is( $node->safe_psql('postgres',
		"SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'app'"),
	'owner',
	'what it creates is the owner\'s');

# a role that the session user gets by default is not one that the caller has
begin_with('base/00001_seen.sql' => $seen);
$node->safe_psql('postgres',
	'ALTER ROLE deployer SET role = other; ALTER ROLE deployer SET search_path = app, public;'
	  . 'GRANT ALL ON SCHEMA app TO deployer');
($status, $out, $err) =
  query($node, 'SET ROLE NONE; SELECT gooseplus_launch()', user => 'deployer');
is($status, 0, 'SET ROLE NONE: launched') or diag($err);
is(run_outcome('app.goose_db_version_history'), 'done|', 'SET ROLE NONE: done');
is( $node->safe_psql('postgres', 'SELECT session, role FROM app.seen'),
	'deployer|deployer',
	'SET ROLE NONE: the role is none, whatever the default is');
$node->safe_psql('postgres', 'ALTER ROLE deployer RESET ALL');

# --- options of the call

begin_with('base/00001_one.sql' => 'CREATE TABLE app.one (id int);');
$node->safe_psql('postgres',
	q(SELECT gooseplus_launch(options => '{"version_table": "app.versions", "history": false}')));
workers_end('options');
is( $node->safe_psql('postgres',
		"SELECT version_id, to_regclass('app.versions_history') IS NULL FROM app.versions WHERE version_id > 0"),
	'1|t',
	'the options of the call are the deploy\'s');

# --- notifications

begin_with('base/00001_one.sql' => 'CREATE TABLE one (id int);');
my $listener = $node->background_psql('postgres', on_error_stop => 0);
my $heard = $listener->query(
	q(LISTEN deploys; SELECT gooseplus_launch(options => '{"notify_channel": "deploys"}')));

is(run_outcome(), 'done|', 'notify: done');
for (my $i = 0; $i < 1800 && $heard !~ /"event": "run"/; $i++)
{
	usleep(100_000) if $i > 0;
	$heard .= "\n" . $listener->query('SELECT 1');
}
like($heard,
	qr/"deploys" with payload "\{.*"event": "migration".*"version": 1\b.*"outcome": "applied"/,
	'the migration is told on the channel');
like($heard, qr/"deploys" with payload "\{.*"event": "run".*"outcome": "done"/,
	'and so is the run');
$listener->quit;

# --- a deploy that fails

begin_with('base/00001_bad.sql' => 'SELECT 1 / 0;');
my $offset = -s $node->logfile;
$node->safe_psql('postgres',
	q(SELECT gooseplus_launch(options => '{"variables": {"PASSWORD": "hidden"}}')));
is(run_outcome(), 'failed|22012', 'its outcome is in the history');
my $log = slurp_file($node->logfile, $offset);
like($log, qr/ERROR:  division by zero/, 'its error is in the log');
like($log, qr/STATEMENT:  CALL gooseplus_deploy\(env => NULL\)/,
	'as that of the statement that would do the same');
unlike($log, qr/hidden/, 'without the options');

# --- cancel and terminate

foreach my $how ('cancel', 'terminate')
{
	begin_with('base/00001_slow.sql' => "SELECT public.gate(11);\nCREATE TABLE app.one (id int);");
	$node->safe_psql('postgres', 'GRANT ALL ON SCHEMA app, public TO deployer');
	hold(11);
	($status, $out, $err) =
	  query($node, 'SELECT gooseplus_launch()', user => 'deployer');
	is($status, 0, "$how: launched") or diag($err);
	wait_activity($node, 'gooseplus: 1/1 %slow.sql%', "pid = $out");
	# by its own user, who needs no other right
	($status, $out, $err) =
	  query($node, "SELECT pg_${how}_backend($out)", user => 'deployer');
	is($out, 't', "$how: the user who launched may") or diag($err);
	workers_end($how);
	is( $node->safe_psql('postgres',
			"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid <> 11"),
		0,
		"$how: the migration lock is free");
	is($node->safe_psql('postgres', "SELECT to_regclass('app.one') IS NULL"),
		't', "$how: the migration is undone");
	is(run_outcome(), 'failed|57014', "$how: the history has it")
	  if $how eq 'cancel';
	release();
	$node->safe_psql('postgres',
		'SET ROLE deployer; SELECT gooseplus_launch()');
	workers_end("$how: the next");
	is( $node->safe_psql(
			'postgres', 'SELECT version_id FROM goose_db_version ORDER BY id'),
		"0\n1",
		"$how: the next deploy applies it");
}
like(slurp_file($node->logfile, $offset),
	qr/FATAL:  terminating background worker "gooseplus deploy" due to administrator command/,
	'terminate: it ends like any worker');

# --- a worker that was stopped half way, and what to do with its statement

begin_with('base/00001_half.sql' => "-- +goose NO TRANSACTION\n-- +goose Up\n"
	  . "CREATE TABLE one (id int);\n"
	  . "DO \$\$ BEGIN INSERT INTO one VALUES (1); COMMIT; PERFORM gate(11); END \$\$;\n"
	  . "CREATE TABLE two (id int);");
hold(11);
my $pid = $node->safe_psql('postgres', 'SELECT gooseplus_launch()');
wait_activity($node, 'gooseplus: 1/1 %half.sql statement 2%', "pid = $pid");
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
workers_end('half way');
release();
$node->safe_psql('postgres', 'SELECT gooseplus_launch()');
is(run_outcome(), 'failed|55000', 'half way: the next deploy asks what to do');
$node->safe_psql('postgres', "SELECT gooseplus_launch(resume => 'retry')");
is(run_outcome(), 'done|', 'half way: it is told by the argument');
is( $node->safe_psql('postgres',
		"SELECT version_id, to_regclass('two') IS NOT NULL FROM goose_db_version ORDER BY id"),
	"0|t\n1|t",
	'half way: and goes on');

# --- no worker is free

begin_with('base/00001_one.sql' => 'CREATE TABLE one (id int);');
hold($goose_id);
my $launched = 0;
for (; $launched < 5; $launched++)
{
	($status, $out, $err) =
	  query($node, "\\set VERBOSITY verbose\nSELECT gooseplus_launch()");
	last if $status != 0;
}
cmp_ok($launched, '>', 0, 'deploys run side by side');
like($err,
	qr/ERROR:  53400: no background worker is free for gooseplus_launch\(\).*HINT:  .*max_worker_processes/s,
	'until no worker is free');
release();
workers_end('all of them');
is( $node->safe_psql('postgres',
		'SELECT version_id FROM goose_db_version ORDER BY id'),
	"0\n1",
	'one of them has done the work');
is( $node->safe_psql('postgres',
		q(SELECT count(*) FROM goose_db_version_history WHERE event = 'run')),
	1,
	'and the others have found nothing to do');
$node->safe_psql('postgres', 'SELECT gooseplus_launch()');
workers_end('a worker is free again');

# --- refused before a worker starts

begin_with('base/00001_one.sql' => 'CREATE TABLE one (id int);');
$offset = -s $node->logfile;
launch_fails('superuser setting',
	q(SELECT gooseplus_launch(options => '{"directory": "/tmp"}')),
	'42501', 'permission denied to set parameter "gooseplus\.directory"',
	user => 'deployer');
launch_fails('superuser setting of a superuser in another role',
	q(SET ROLE owner; SELECT gooseplus_launch(options => '{"server_environment": true}')),
	'42501', 'permission denied to set parameter "gooseplus\.server_environment"');
launch_fails('unknown option',
	q(SELECT gooseplus_launch(options => '{"color": "red"}')),
	'22023', 'unrecognized option "color"');
launch_fails('lock table',
	q(SELECT gooseplus_launch(options => '{"lock_table": true}')),
	'0A000', 'gooseplus_deploy cannot hold the row of the lock table');
launch_fails('resume', q(SELECT gooseplus_launch(resume => 'perhaps')),
	'22023', 'invalid value for "resume": "perhaps"');
launch_fails('resume as an option',
	q(SELECT gooseplus_launch(options => '{"resume": "perhaps"}')),
	'22023', 'invalid value for "resume": "perhaps"');
launch_fails('environment', q(SELECT gooseplus_launch('../other')),
	'22023', 'invalid name of an environment');
launch_fails('version', q(SELECT gooseplus_launch(version => 0)),
	'22023', 'invalid version: 0');
launch_fails('options', q(SELECT gooseplus_launch(options => NULL)),
	'22004', 'options must not be null');
launch_fails('read-only transaction',
	'BEGIN READ ONLY; SELECT gooseplus_launch()',
	'25006', 'cannot execute gooseplus_launch\(\) in a read-only transaction');
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION launch_for_all() RETURNS int LANGUAGE sql SECURITY DEFINER
		AS 'SELECT gooseplus_launch()'));
launch_fails('security definer', 'SELECT launch_for_all()', '42501',
	'gooseplus_launch\(\) cannot be called within a security-definer function',
	user => 'deployer');
launch_fails('session user without login',
	'SET SESSION AUTHORIZATION owner; SELECT gooseplus_launch()',
	'28000', 'gooseplus_launch\(\) cannot be called by a session user that is not permitted to log in');
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');
launch_fails('no right to', 'SELECT gooseplus_launch()', '42501',
	'permission denied for function gooseplus_launch', user => 'stranger');
unlike(slurp_file($node->logfile, $offset),
	qr/background worker "gooseplus deploy"/, 'none of them started a worker');

# --- the worker cannot become its caller

my $ended = 'background worker of gooseplus_launch\(\) ended before the deploy began';
my $before = $node->background_psql('postgres', on_error_stop => 0,
	extra_params => [ '-U', 'deployer' ]);

# What a session that was there before says.
sub session_error
{
	my ($sql) = @_;

	$before->query($sql);
	$err = $before->{stderr};
	$before->{stderr} = '';
	return $err;
}

$before->query_safe('SET ROLE owner');
$node->safe_psql('postgres', 'REVOKE owner FROM deployer');
$offset = -s $node->logfile;
like(session_error('SELECT gooseplus_launch()'),
	qr/ERROR:  $ended.*HINT:  The server log has the worker's error\./s,
	'a role that its session user may not take on any more');
like(slurp_file($node->logfile, $offset),
	qr/ERROR:  permission denied to set role "owner"/,
	'the log has the reason');
$before->query_safe('RESET ROLE');
$node->safe_psql('postgres', 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
like(session_error('SELECT gooseplus_launch()'),
	qr/ERROR:  $ended/,
	'a database that its session user may not connect to any more');
$node->safe_psql('postgres', 'GRANT CONNECT ON DATABASE postgres TO PUBLIC');
$before->quit;

# a lock of the calling transaction that the worker needs to connect
launch_fails('own lock', q(
	BEGIN; LOCK TABLE pg_authid;
	SELECT gooseplus_launch(options => '{"timeout": "200ms"}');), '57014',
	'background worker of gooseplus_launch\(\) was not ready within gooseplus\.timeout');
workers_end('own lock');
launch_fails('cancel of the call', q(
	BEGIN; LOCK TABLE pg_authid; SET statement_timeout = '200ms';
	SELECT gooseplus_launch();), '57014',
	'canceling statement due to statement timeout');
workers_end('cancel of the call');
is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'),
	0, 'no deploy has begun');

# --- a migration cannot launch deploys, which would launch others

begin_with('base/00001_launch.sql' => 'SELECT gooseplus_launch();');
launch_fails('migration', 'CALL gooseplus_deploy()', '55006',
	'gooseplus_launch\(\) cannot be called by a migration');
launch_fails('migration of one transaction', 'SELECT gooseplus_migrate()',
	'55006', 'gooseplus_launch\(\) cannot be called by a migration');

# --- in recovery

$holder->quit;
$node->stop;
$node->append_conf('postgresql.conf', "hot_standby = on\n");
write_raw($node->data_dir . '/standby.signal', '');
$node->start;
launch_fails('in recovery', 'SELECT gooseplus_launch()', '25006',
	'cannot execute gooseplus_launch\(\) during recovery');
$node->stop;
done_testing();
