# The mistakes of a first day: each gets a message that says what to do.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use File::Copy qw(move);
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('newcomer');
my $root = migrate_root($node);
my $orders = "-- +goose Up\nCREATE TABLE orders (id int);\n"
  . "-- +goose Down\nDROP TABLE orders;\n";

$node->safe_psql('postgres', <<'END');
CREATE ROLE deployer LOGIN;
CREATE SCHEMA app AUTHORIZATION deployer;
GRANT CREATE ON SCHEMA public TO deployer;
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT objid::regprocedure FROM pg_depend
              WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
                AND classid = 'pg_proc'::regclass LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO deployer', f);
    END LOOP;
END;
$$;
END

# What the role deployer, or the superuser, is told who says this.
sub says
{
	my ($sql, %options) = @_;
	my @user = $options{superuser} ? () : (user => 'deployer');
	my (undef, undef, $err) = query($node, $sql, @user);

	return $err;
}

# A second file makes the run fail with that error and that advice.
sub file_says
{
	my ($name, $text, $error, $advice) = @_;

	write_raw("$root/base/00002_second.sql", $text);
	like(says('SELECT gooseplus_migrate()'),
		qr/ERROR:  $error\n(?:DETAIL: .*\n)?HINT:  $advice\n(?:.*\n)*.*base\/00002_second\.sql/,
		$name);
	unlink "$root/base/00002_second.sql" or die $!;
	return;
}

write_raw("$root/base/00001_orders.sql", $orders);

# --- the directory

like(
	says(q(SELECT gooseplus_migrate(NULL, '{"directory": "/srv/nowhere"}')),
		superuser => 1),
	qr/ERROR:  could not find the directory .*\nHINT:  Set "gooseplus\.directory" to the directory/,
	'a directory that is not there');
like(
	says(q(SELECT gooseplus_migrate(NULL, '{"directory": "/srv/nowhere"}'))),
	qr/ERROR:  permission denied .*\nHINT:  A superuser sets "gooseplus\.directory"/,
	'a directory of the own, and no superuser');

foreach my $closed ($root, "$root/base", "$root/base/00001_orders.sql")
{
	chmod 0, $closed or die $!;
	like(
		says('SELECT gooseplus_migrate()'),
		qr/ERROR:  could not .*Permission denied\nHINT:  The operating system's user of the server must be able to read/,
		'what the server cannot read: ' . substr($closed, length($root)));
	chmod 0700, $closed or die $!;
}
rename $root, "$root.inside" or die $!;
mkdir $root or die $!;
rename "$root.inside", "$root/inside" or die $!;
$node->append_conf('postgresql.conf', "gooseplus.directory = '$root/inside'");
$node->reload;
chmod 0, $root or die $!;
like(
	says('SELECT gooseplus_migrate()'),
	qr/ERROR:  could not find .*Permission denied\nHINT:  .* and to enter all folders above it/,
	'a folder above it is closed');
chmod 0700, $root or die $!;
rename "$root/inside", "$root.inside" or die $!;
rmdir $root or die $!;
rename "$root.inside", $root or die $!;
$node->append_conf('postgresql.conf', "gooseplus.directory = '$root'");
$node->reload;

# --- names of folders and files

like(
	says(q(SELECT gooseplus_plan('prodution'))),
	qr/WARNING:  environment "prodution" has no folder .*\nDETAIL:  The folders there are "base"\./,
	'a misspelled environment');

move("$root/base/00001_orders.sql", "$root/00001_orders.sql") or die $!;
rmdir "$root/base" or die $!;
like(
	says('SELECT gooseplus_migrate()'),
	qr/WARNING:  environment "base" has no folder .*\nDETAIL:  There are no folders\.\nHINT:  .* taken if "gooseplus\.base_environment" is empty/,
	'files that are in no folder');
unlike(
	says(q(SELECT gooseplus_plan('eu', options => '{"base_environment": ""}'))),
	qr/base_environment/, 'no such advice where it is so');
mkdir "$root/base" or die $!;
move("$root/00001_orders.sql", "$root/base/orders-1.sql") or die $!;
like(
	says('SELECT gooseplus_migrate()'),
	qr/NOTICE:  no migrations to run, .*\nDETAIL:  .* have no migrations\.\nHINT:  A migration is a file called NUMBER_name\.sql/,
	'a file whose name is that of no migration');
move("$root/base/orders-1.sql", "$root/base/00001_orders.sql") or die $!;

write_raw("$root/base/1_again.sql", $orders);
like(
	says('SELECT gooseplus_migrate()'),
	qr/ERROR:  duplicate migration version 1: "base\/00001_orders\.sql" and "base\/1_again\.sql"\nHINT:  Give one/,
	'two files with one version');
unlink "$root/base/1_again.sql" or die $!;

# --- what is in a file

file_says('no annotation', "SELECT 1;\n",
	'statement before .*', 'Put a line "-- \+goose Up" before .*');
file_says('a misspelled annotation', "-- +goose Upp\nSELECT 1;\n",
	'unrecognized annotation "Upp"', 'The annotations are Up, Down, .*');
file_says('a section that is there twice', "-- +goose Up\n-- +goose Up\nSELECT 1;\n",
	'duplicate annotation "-- \+goose Up"', 'Put the section .* first, .*');
file_says('two annotations on a line', "-- +goose Up -- +goose StatementBegin\nSELECT 1;\n",
	'more than one annotation on a line', 'Give each annotation a line of its own\.');
file_says('no semicolon', "-- +goose Up\nSELECT 1\n",
	'statement is not terminated .*', 'End the statement with a semicolon, .*');
file_says('an open parenthesis', "-- +goose Up\nCREATE TABLE t (i int;\n",
	'unclosed parenthesis', '.*look for a missing quote, .*');
file_says('a command of psql', "-- +goose Up\n\\i other.sql\nSELECT 1;\n",
	'syntax error .*', 'Commands of psql do not work in a migration\.');
file_says('a variable without ENVSUB', "-- +goose Up\nSELECT \${VALUE};\n",
	'syntax error .*', 'Variables are put in after a line "-- \+goose ENVSUB ON"\.');
file_says('a command that no transaction can hold', "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n",
	'VACUUM cannot run .*', 'Run it by CALL gooseplus_deploy, .*');

# --- the call

like(
	says(q(SELECT gooseplus_migrate(NULL, '{"verbos": true}'))),
	qr/ERROR:  unrecognized option "verbos"\nHINT:  The options are .*"verbose"/,
	'a misspelled option');
like(
	says(q(SELECT gooseplus_migrate('{"verbose": true}'))),
	qr/HINT:  The environment comes first: gooseplus_migrate\(NULL, /,
	'options in the place of the environment');
like(
	says(q(SELECT gooseplus_migrate('3'))),
	qr/HINT:  To migrate up to a version, call gooseplus_up_to\(3\)/,
	'a version in the place of the environment');
like(
	says("BEGIN;\nCALL gooseplus_deploy()"),
	qr/HINT:  Call it from the client, by itself and outside of a transaction block/,
	'a deploy in a transaction');

# --- the version table

# one that found nothing to run has made it all the same
$node->safe_psql('postgres',
	'DROP TABLE goose_db_version; REVOKE CREATE ON SCHEMA public FROM deployer');
like(
	says('SELECT gooseplus_migrate()'),
	qr/ERROR:  permission denied to create the version table .*\nHINT:  .*grant CREATE on the schema/,
	'no right to create tables');
unlike(
	says("SET search_path = app, public;\nSELECT gooseplus_migrate()"),
	qr/another one/, 'the first version table is no news');
$node->safe_psql('postgres', 'GRANT CREATE ON SCHEMA public TO deployer');
like(
	says('SELECT gooseplus_migrate()'),
	qr/NOTICE:  beginning with a new version table public\.goose_db_version\nDETAIL:  There is another one, app\.goose_db_version\.\nHINT:  If that one is meant, /,
	'the version table is in another schema');
$node->safe_psql('postgres', 'CREATE SCHEMA tenant AUTHORIZATION deployer');
unlike(
	says(q(SELECT gooseplus_migrate(NULL, '{"version_table": "tenant.goose_db_version"}'))),
	qr/another one/, 'which is as it should be where the schema is named');
like(
	says('SELECT gooseplus_status()', superuser => 1),
	qr/ERROR:  table public\.goose_db_version cannot be trusted\n.*\nHINT:  Use SET ROLE deployer before the call/,
	'a superuser looks at the table of a role');

$node->stop;
done_testing();
