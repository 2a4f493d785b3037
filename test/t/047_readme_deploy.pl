# What README.md and doc/deploys.md say of deploys, changed and lost files,
# repeatable migrations and watching: the files that it shows are
# deployed, in its order, the commands that it shows are typed, and what it
# prints has to come, but for times and process ids.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusDocs;
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('readme');
my ($status, $out, $err);

docs_use($node, database => 'app', user => 'deployer');

# Run SQL as deployer, and expect that it works.
sub works
{
	my ($name, $sql) = @_;

	($status, $out, $err) = query($node, $sql, database => 'app', user => 'deployer');
	is($status, 0, $name) or diag($err);
	return;
}

# --- Install, Configure, and what is there before the first deploy

my $root = migrate_root($node);

$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', 'CREATE EXTENSION gooseplus; '
	  . block('Install', 'sql', 'GRANT EXECUTE')
	  . "GRANT EXECUTE ON FUNCTION gooseplus_launch TO deployer;
	ALTER DATABASE app SET gooseplus.directory = '$root'");
write_shown('base/00001_orders.sql', 'Write a migration', 'CREATE TABLE customer');
write_shown('production/00002_first_customer.sql', 'Write a migration', 'INSERT INTO customer');
write_files(
	$node,
	'base/00003_refunds.sql' => 'CREATE TABLE refund (purchase_id int REFERENCES purchase);',
	'base/00004_currency.sql' => "ALTER TABLE customer ADD COLUMN country text;\n"
	  . "ALTER TABLE purchase ADD COLUMN currency text NOT NULL DEFAULT 'EUR';");
works('four migrations without a deploy', q(SELECT gooseplus_migrate('production')));

# --- Deploy

write_shown('base/00005_purchase_index.sql', 'Deploy', 'purchase_customer');
type_shown('Deploy', 'purchase_index');
is( $node->safe_psql('app',
		q(SELECT indisvalid FROM pg_index WHERE indexrelid = 'purchase_customer'::regclass)),
	't',
	'Deploy: the index is there');
my ($revert) = section('Deploy') =~ /`(CALL gooseplus_revert\(4, 'production'\))`/
  or die 'no way back';
works("Deploy: $revert", $revert);
is($node->safe_psql('app', q(SELECT to_regclass('purchase_customer') IS NULL)),
	't', 'Deploy: it is taken back');
works('Deploy: with other limits', block('What a deploy runs', 'sql', 'migration_timeout'));

# --- A failed deploy at night

write_files($node, 'base/00006_vouchers.sql' =>
	  "-- +goose Up\nCREATE TABLE voucher (code text PRIMARY KEY);\n-- +goose Down\nDROP TABLE voucher;\n");
write_shown('base/00007_email.sql', 'A failed deploy at night', 'customer_email');
$node->safe_psql('app', q(INSERT INTO customer (email) VALUES ('Ann@example.com')));
type_shown('A failed deploy at night', 'CALL gooseplus_deploy');
type_shown('A failed deploy at night', 'interval');
is( $node->safe_psql('app',
		q(SELECT to_regclass('voucher') IS NULL, to_regclass('customer_email') IS NULL)),
	't|t',
	'A failed deploy at night: nothing is left of it');
$node->safe_psql('app', q(DELETE FROM customer WHERE email ~ '^A'));
works('A failed deploy at night: the next one', q(CALL gooseplus_deploy('production')));

# --- Half applied

my $application = $node->background_psql('app');
my $half = block('Half applied', 'sql', 'DISTINCT ON');

# Deploy, and terminate it in the second batch, which waits for the application.
sub interrupt
{
	my ($session, $pid);

	$application->query_safe(q(UPDATE customer SET country = NULL; BEGIN;
		UPDATE customer SET email = lower(email) WHERE email = '1500@example.com'));
	$session = start_psql($node,
		q(SET client_min_messages = warning; CALL gooseplus_deploy('production')),
		database => 'app', user => 'deployer');
	$pid = wait_activity($node, 'gooseplus: 1/1 base/00008\_country.sql statement 2',
		"wait_event_type = 'Lock'");
	$node->safe_psql('app', "SELECT pg_terminate_backend($pid, 60000)");
	($status, $out, $err) = finish_psql($session);
	isnt($status, 0, 'Half applied: a deploy is terminated');
	$application->query_safe('ROLLBACK');
	return;
}

write_shown('base/00008_country.sql', 'Half applied', 'LOOP');
$node->safe_psql('app', q(INSERT INTO customer (email)
	SELECT i || '@example.com' FROM generate_series(1, 2500) i));
interrupt();
like($node->safe_psql('app', $half), qr{^8\|base/00008_country\.sql\|up\|running\|1\|2$}m,
	'Half applied: the query shows it');
($status, $out, $err) = query($node, q(SELECT gooseplus_migrate('production')),
	database => 'app', user => 'deployer');
like($err, qr/ERROR:  migration base\/00008_country\.sql is half applied/,
	'Half applied: gooseplus_migrate refuses it');
works('Half applied: status', q(SELECT state FROM gooseplus_status('production') WHERE version = 8));
is($out, 'pending', 'Half applied: the status is pending');
type_shown('Half applied', 'resume =>');

# the two other ways out
foreach my $way (q(gooseplus_revert(7, 'production')), q(gooseplus_baseline(8, 'production')))
{
	my $call = ($way =~ /revert/ ? 'CALL ' : 'SELECT ') . $way;

	like(section('Half applied'), qr/\Q$way\E/, "Half applied: $way is named");
	works("$way: back to version 7", q(CALL gooseplus_revert(7, 'production')));
	interrupt();
	works($call, $call);
	unlike($node->safe_psql('app', $half), qr/running|interrupted|failed/,
		"$way: nothing is half applied any more");
}
$node->safe_psql('app', q(UPDATE customer SET country = 'DE'));
works('after them', q(CALL gooseplus_deploy('production')));

# --- Waiting for tables

write_files($node, 'base/00009_due.sql' => 'ALTER TABLE purchase ADD COLUMN due date;');
my ($commands, @lines) = transcript('Waiting for tables', 'ddl_lock_timeout');
$application->query_safe('SELECT pg_advisory_lock(1)');
my $report = start_psql($node, 'SELECT pg_advisory_lock(1) FROM purchase LIMIT 1',
	database => 'app', user => 'deployer', name => 'report');
wait_activity($node, 'SELECT pg\_advisory\_lock(1) FROM%', "wait_event = 'advisory'");
my $deploy = start_psql($node, $commands, database => 'app', user => 'deployer');
for (my $i = 0; $i < 1800 && slurp_file("$deploy->{base}err") !~ /\(2 of 10\)/; $i++)
{
	select(undef, undef, undef, 0.1);
}
$application->query_safe('SELECT pg_advisory_unlock(1)');
finish_psql($report);
($status, $out, $err) = finish_psql($deploy);
$err =~ s/^psql:\S+:\d+: //mg;
has_come('Waiting for tables', $err, grep { $_ ne 'CALL' } @lines);
is($status, 0, 'Waiting for tables: it ends well');
$node->safe_psql('app', block('Waiting for tables', 'sql', 'ALTER DATABASE'));

# --- The history

write_files($node, 'base/00010_tax.sql' => "-- +goose Up\nALTER TABLE purchase ADD COLUMN tax numeric;\n"
	  . "-- +goose Down\nALTER TABLE purchase DROP COLUMN tax;\n");
type_shown('The history', 'LISTEN');
works('The history: the last run', block('The history', 'sql', 'LIMIT 1'));
like($out, qr/^run\|\|up\|done\|1\|.*\nmigration\|base\/00010_tax.sql\|up\|applied\|1\|/,
	'The history: all of it');

# every column has a row in the table
my %columns = map { $_ => 1 }
  map { /`(\w+)`/g } section('The history') =~ /^\| (`.*?) \|/mg;
is( join(' ', sort keys %columns),
	$node->safe_psql('app', q(SELECT string_agg(attname, ' ' ORDER BY attname COLLATE "C")
		FROM pg_attribute WHERE attrelid = 'goose_db_version_history'::regclass AND attnum > 0)),
	'The history: its columns');

# --- A file that changed

# Edit a file: its column gets another type.
sub edit
{
	my ($type) = @_;
	my $path = "$root/base/00010_tax.sql";
	my $text = slurp_file($path);

	$text =~ s/COLUMN tax \w+/COLUMN tax $type/ or die 'nothing to edit';
	write_raw($path, $text);
	return;
}

# What is not applied, in production.
sub not_applied
{
	return $node->safe_psql('app', q(SET ROLE deployer; SELECT source, state
		FROM gooseplus_status('production') WHERE state <> 'applied'));
}

my $repair = block('A file that changed', 'sql', 'gooseplus_repair') =~ s/\n//r;

edit('real');
type_shown('A file that changed', 'modified');
type_shown('`gooseplus_repair(version, env, options)`', 'gooseplus_repair');
is(not_applied(), '', 'A file that changed: it is accepted');
edit('integer');
is(not_applied(), 'base/00010_tax.sql|modified', 'A file that changed: again');
$node->safe_psql('app', block('A file that changed', 'sql', 'ALTER DATABASE'));
($status, $out, $err) = query($node, q(SELECT gooseplus_migrate('production')),
	database => 'app', user => 'deployer');
like($err, qr/ERROR:  1 applied migration has changed since it was applied/,
	'A file that changed: now it is an error');
works("A file that changed: $repair", $repair);
is($out, 't', 'A file that changed: it was another one');
works('A file that changed: nothing is wrong any more', q(SELECT gooseplus_migrate('production')));

# --- When the file is gone

unlink("$root/base/00010_tax.sql") or die "could not remove a file: $!";
$node->safe_psql('app', 'CREATE ROLE ops LOGIN;
	GRANT SELECT, INSERT, UPDATE ON goose_db_version_history TO ops');
type_shown('When the file is gone', 'cannot be trusted');
$node->safe_psql('app', block('When the file is gone', 'sql', 'REVOKE'));
($status, $out, $err) = query($node, q(BEGIN; SELECT source FROM gooseplus_down('production'); ROLLBACK),
	database => 'app', user => 'ops');
is($out, 'base/00010_tax.sql', 'When the file is gone: a member of the owner takes it back')
  or diag($err);
type_shown('When the file is gone', 'missing');
is( $node->safe_psql('app', q(SELECT count(*) FROM pg_attribute
		WHERE attrelid = 'purchase'::regclass AND attname = 'tax')),
	0, 'When the file is gone: it is taken back');

# --- Repeatable migrations

write_shown('base/R_sales.sql', 'Repeatable migrations', 'CREATE VIEW');
type_shown('Repeatable migrations', 'gooseplus_migrate');
is(not_applied(), '', 'Repeatable migrations: it is applied');
works('Repeatable migrations: forget it',
	block('Repeatable migrations', 'sql', 'DELETE'));
is(not_applied(), 'base/R_sales.sql|pending', 'Repeatable migrations: it comes again');
works('Repeatable migrations: again', q(CALL gooseplus_deploy('production')));
write_files($node, "base/R_$_.sql" => 'SELECT 1;') for qw(a9 a10 a B);
works('Repeatable migrations: in order', q(SELECT string_agg(source, ', ')
	FROM gooseplus_migrate('production')));
$out =~ s{base/}{}g;
my ($order) = section('Repeatable migrations') =~ /byte by byte: (.*)\.$/m or die 'no order';
is($out, $order =~ s/`//gr, 'Repeatable migrations: the order of their names');

# --- In the background

write_files($node, 'base/00011_paid.sql' => 'ALTER TABLE purchase ADD COLUMN paid date;');
type_shown('In the background', 'gooseplus_launch');
$node->poll_query_until('app', q(SELECT count(*) = 0 FROM pg_stat_activity
	WHERE backend_type = 'gooseplus deploy')) or die 'the worker does not end';
works('In the background: its outcome', block('The history', 'sql', 'LIMIT 1'));
like($out, qr/^run\|\|up\|done\|/, 'In the background: done');

# --- Watch it

write_files($node, 'base/00012_channel.sql' => 'ALTER TABLE purchase ADD COLUMN channel text;');
$application->query_safe('BEGIN; LOCK TABLE purchase');
$deploy = start_psql($node, q(CALL gooseplus_deploy('production', options => '{"ddl_lock_timeout": 0}')),
	database => 'app', user => 'deployer');
wait_activity($node, 'gooseplus: 1/1 base/00012\_channel.sql statement 1', "wait_event = 'relation'");
type_shown('Watch it', 'gooseplus_progress');

# the pod comes before the version, and another one after it
my ($pod) = block('Watch it', 'yaml', 'gooseplus_wait') =~ /^  args:\n  - \|\n(.*)/ms
  or die 'no args in the YAML';
my %pods = map { $_ => '' } ('before', 'after', 'in vain');

sub start_pod
{
	my ($name, $script) = @_;

	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port,
		PGDATABASE => 'app', PGUSER => 'deployer', VERSION => 12);
	return IPC::Run::start([ 'sh', '-ec', $script ], '>', \$pods{$name}, '2>&1',
		IPC::Run::timeout(180));
}

$pod =~ s/^    //mg;
my $before = start_pod('before', $pod);
wait_activity($node, 'gooseplus: waiting for version 12');
ok(!start_pod('in vain', $pod =~ s/10 minutes/100 milliseconds/r)->finish,
	'Watch it: a pod that has waited in vain fails');
$application->query_safe('COMMIT');
finish_psql($deploy);
ok($before->finish, 'Watch it: a pod that has come before the version') or diag($pods{before});
ok(start_pod('after', $pod)->finish, 'Watch it: a pod that comes after it') or diag($pods{after});
type_shown('Watch it', '=> CALL gooseplus_wait');
$application->quit;

# --- Security

$node->safe_psql('app', "CREATE SCHEMA app;
	CREATE FUNCTION app.run_migrations() RETURNS bigint LANGUAGE sql SECURITY DEFINER
		AS 'SELECT public.gooseplus_db_version()'; "
	  . block('Security', 'sql', 'ALTER FUNCTION'));
is($node->safe_psql('app', 'SELECT app.run_migrations()'), '0',
	'Security: a wrapper has a version table of its own');

# every column has a row in the table
%columns = map { $_ => 1 }
  map { /`(\w+)`/g } section('`gooseplus_progress`') =~ /^\| (`.*?) \|/mg;
is( join(' ', sort keys %columns),
	$node->safe_psql('app', q(SELECT string_agg(attname, ' ' ORDER BY attname COLLATE "C")
		FROM pg_attribute WHERE attrelid = 'gooseplus_progress'::regclass AND attnum > 0)),
	'gooseplus_progress: its columns');

done_testing();
