# README.md from "Install" to "When it fails", what doc/reference.md shows of
# each function, and the commands of doc/migrations.md: files are written and
# commands are typed as they are shown there, and what is shown has to come.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusDocs;
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('first');
my $root = migrate_root($node);
my ($status, $out, $err);

# Go on in this database, whose migrations are in that folder.
sub go_on
{
	my ($database, $folder) = @_;

	docs_use($node, database => $database, user => 'deployer',
		replace => { '/srv/app/migrations' => $folder });
	return;
}

# Another database, with gooseplus in it; deployer may call everything.
sub new_database
{
	my ($database, $folder) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION gooseplus;
		GRANT CREATE ON SCHEMA public TO deployer;
		GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer;
		GRANT ALL ON gooseplus_bundle, gooseplus_function TO deployer;
		ALTER DATABASE $database SET gooseplus.directory = '$folder'");
	go_on($database, $folder);
	return;
}

# Run SQL as deployer, and expect that it works.
sub works
{
	my ($database, $name, $sql) = @_;

	($status, $out, $err) = query($node, $sql, database => $database, user => 'deployer');
	is($status, 0, $name) or diag($err);
	return;
}

# Run a shell script as deployer.
sub shell_works
{
	my ($database, $folder, $name, $script) = @_;
	my $printed = '';

	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port,
		PGDATABASE => $database, PGUSER => 'deployer', OWNER => getpwuid($<));
	ok( IPC::Run::run([ 'sh', '-ec', "cd '$folder'\n$script" ], '>', \$printed, '2>&1'),
		$name) or diag($printed);
	return;
}

# --- Install, Configure, Write a migration, Run it

$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', block('Install', 'sql', 'CREATE EXTENSION'));
$node->safe_psql('app', block('Install', 'sql', 'GRANT EXECUTE'));
$node->safe_psql('app', block('Configure', 'sql', 'ALTER DATABASE') =~ s{/srv/app/migrations}{$root}r);
go_on('app', $root);
write_shown('base/00001_orders.sql', 'Write a migration', 'CREATE TABLE customer');
write_shown('production/00002_first_customer.sql', 'Write a migration', 'INSERT INTO customer');
type_shown('Run it', 'first_customer');
type_shown('Run it', 'no migrations to run');

# --- When it fails

write_files($node, 'base/00003_refunds.sql' =>
	  "-- +goose Up\nCREATE TABLE refund (purchase_id int REFERENCES purchase);\n"
	  . "-- +goose Down\nDROP TABLE refund;\n");
write_shown('base/00004_currency.sql', 'When it fails', 'ALTER TABLE customer');
type_shown('When it fails', 'gooseplus_db_version');
type_shown('Failures as rows', 'on_error');

# --- the functions that look

type_shown('`gooseplus_status(env, options)`', 'gooseplus_status');
type_shown('`gooseplus_db_version(options)`, `gooseplus_versions(env, options)`', 'db_version');
type_shown('`gooseplus_has_pending(env, options)`', 'has_pending');
type_shown('`gooseplus_sources(env, options)`', 'gooseplus_sources');
type_shown('`gooseplus_statements(script, direction, options)`', 'gooseplus_statements');
write_raw("$root/base/00005_noup.sql", "SELECT 1;\n");
type_shown('`gooseplus_validate(env, options)`', 'gooseplus_validate');

# --- When it fails: all problems at once

write_files(
	$node,
	'base/00004_currency.sql' => "-- +goose Up\nALTER TABLE customer ADD COLUM country text;\n"
	  . "\nALTER TABLE purchase\n    ADD COLUMN currency int NOT NUL;\n",
	'base/00006_nosemi.sql' => "-- +goose Up\nSELECT 1\n");
type_shown('When it fails', '4 problems');
foreach my $name (qw(00004_currency 00005_noup 00006_nosemi))
{
	unlink("$root/base/$name.sql") or die "could not remove a file: $!";
}

# --- the other runs

new_database('runs', $root);
type_shown('The other runs', 'gooseplus_up_by_one', '-t');
works('app', 'Settings: options', block('Settings', 'sql', 'verbose'));
like($out, qr/^3\|base\/00003_refunds\.sql\|base\|up\|applied\|/, 'Settings: it has run');

# --- functions that change files

$node->safe_psql('postgres', 'GRANT pg_read_server_files, pg_write_server_files TO deployer');
$node->safe_psql('app', 'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer;
	GRANT ALL ON gooseplus_function TO deployer');
go_on('app', $root);
type_shown('`gooseplus_create(name, env, sequential, options)`', 'gooseplus_create');
write_files($node, 'production/20991121220054_prices_in_yen.sql' => 'SELECT 1;');
type_shown('`gooseplus_fix(env, options, include_applied)`', 'gooseplus_fix');
type_shown('`gooseplus_register(version, up, down, name, env)`, `gooseplus_unregister(version, env)`',
	'gooseplus_register');

# --- bundles

clear_files($node);
write_shown('base/00001_orders.sql', 'Write a migration', 'CREATE TABLE customer');
write_files($node, 'base/00002_two.sql' => "SELECT 'it''s \\';",
	'production/00003_three.sql' => 'CREATE TABLE three (id int);');
new_database('bundles', $root);
type_shown('`gooseplus_bundle_...`', 'gooseplus_bundle_put');
mkdir($node->basedir . '/client') or die "could not make a folder: $!";
system_or_bail('cp', '-R', $root, $node->basedir . '/client/migrations');
shell_works('bundles', $node->basedir . '/client', 'Bundles: from a client',
	block('Bundles', 'sh', 'gooseplus_bundle_put'));
works('bundles', 'Bundles: run it', block('Bundles', 'sql', 'gooseplus_migrate'));
like($out, qr/\n3\|production\/00003_three\.sql\|production\|up\|applied\|/, 'Bundles: it has run');
is( $node->safe_psql('bundles', "SELECT count(*) FROM gooseplus_bundle_files('shop')
		WHERE convert_to(body, 'UTF8') = pg_read_binary_file('$root/' || path)"),
	3, 'Bundles: to the last byte');
type_shown('Bundles', 'gooseplus_bundle_load');

# --- Data and dumps

my $old = $node->basedir . '/old';

mkdir($old) or die "could not make a folder: $!";
clear_files($node);
write_shown('base/00001_country.sql', 'Data and dumps', 'CREATE TABLE country');
new_database('olddb', $root);
works('olddb', 'Data and dumps: data in the file', 'SELECT gooseplus_migrate()');
works('olddb', 'Data and dumps: the rows', q(SELECT string_agg(name, ', ' ORDER BY code) FROM country));
is($out, 'Germany, France, Italy, Norway; or Noreg', 'Data and dumps: they have come');
$node->safe_psql('olddb', 'DROP EXTENSION gooseplus; DROP TABLE goose_db_version, goose_db_version_history');
shell_works('olddb', $old, 'Data and dumps: a dump', block('Data and dumps', 'sh', 'pg_dump'));
new_database('newdb', $old);
works('newdb', 'Data and dumps: the dump is a migration', 'SELECT gooseplus_migrate()');
is( $node->safe_psql('newdb', 'SELECT count(*) FROM public.country'), 4, 'Data and dumps: all of it');

# --- See it coming, Rehearse it

my $plan = $node->basedir . '/plan';

write_raw("$plan/base/00005_refunds.sql", "-- +goose Up
CREATE TABLE refunds (id int, order_id int);
CREATE INDEX ON refunds (order_id);
ALTER TABLE orders ALTER total SET NOT NULL,
    ALTER note TYPE varchar(20);
");
write_raw("$plan/base/00006_index.sql",
	"-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY ON orders (total);\n");
mkdir("$plan/production") or die "could not make a folder: $!";
new_database('plan', $plan);
works('plan', 'See it coming: what is there', 'CREATE TABLE orders (total numeric, note text)');
type_shown('See it coming', 'gooseplus_plan');
type_shown('`gooseplus_plan(env, version, options)`', 'gooseplus_plan');
works('plan', 'See it coming: for a pipeline', block('See it coming', 'sql', 'safe'));
is($out, 'f', 'See it coming: it is not safe');
works('plan', 'Rehearse it: with limits', block('Rehearse it', 'sql', 'ddl_lock_timeout'));
like($out, qr/base\/00005_refunds\.sql\|base\|2\|CREATE TABLE refunds/, 'Rehearse it: a report');

# --- Roles

$node->safe_psql('app', block('Roles', 'sql', 'watcher LOGIN'));
$node->safe_psql('app', block('Roles', 'sql', 'OWNER'));
foreach my $role ('watcher', 'pod')
{
	($status, $out, $err) =
	  query($node, 'SELECT gooseplus_db_version()', database => 'app', user => $role);
	is($out, 3, "Roles: $role sees the version") or diag($err);
	($status, $out, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => 'app', user => $role);
	like($err, qr/permission denied for function gooseplus_migrate/, "Roles: and cannot migrate");
	($status, $out, $err) =
	  query($node, 'SELECT up FROM goose_db_version_history', database => 'app', user => $role);
	like($err, qr/permission denied/, "Roles: nor read the texts");
}
($status, $out, $err) =
  query($node, q(CALL gooseplus_wait(3, '0')), database => 'app', user => 'pod');
is($out, 't', 'Roles: pod waits') or diag($err);
($status, $out, $err) =
  query($node, 'SELECT count(*) FROM gooseplus_progress', database => 'app', user => 'watcher');
is($out, 0, 'Roles: watcher watches') or diag($err);

# --- Backups and restore

my ($schema, $rows) = split(/\n/, block('Backups and restore', 'sh', '--schema-only'));

$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
shell_works('restored', $old, 'Backups: the schema, and the rows of the version table',
	"export PGUSER=\$OWNER; { $schema; $rows; } | psql -Xq -v ON_ERROR_STOP=1");
is( $node->safe_psql('restored', 'SELECT (SELECT max(version_id) FROM goose_db_version), (SELECT count(*) FROM customer)'),
	'3|0', 'Backups: the version is there, and no other rows');

# --- A plain directory

clear_files($node);
write_files($node, map { ("0000${_}_t$_.sql" => "CREATE TABLE t$_ (id int);") } 1, 2);
docs_use($node, database => 'app');
type_shown('A plain directory', 'gooseplus_sources');

done_testing();
