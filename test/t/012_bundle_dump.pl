# A database that carries its migrations, in a bundle and as registered
# functions, is dumped and restored: both come along, and runs go on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use File::Path qw(remove_tree);
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('bundle_dump');
my $root = migrate_root($node);
my $file = $node->basedir . '/dump';
my $new_node = new_node('bundle_restored');

write_files(
	$node,
	'base/00001_one.sql' => "CREATE TABLE one (note text);",
	'base/00004_four.sql' =>
	  "INSERT INTO one VALUES (E'four \\\\ tab\there, gr\xc3\xbc\xc3\x9fe');",
	'production/00003_three.sql' => "-- +goose Up\nINSERT INTO one VALUES ('three');\n"
	  . "-- +goose Down\nDELETE FROM one WHERE note = 'three';\n");
$node->safe_psql(
	'postgres', qq(
	CREATE SCHEMA app;
	CREATE FUNCTION app.fill() RETURNS void LANGUAGE plpgsql AS
	\$\$ BEGIN INSERT INTO one VALUES ('function'); END \$\$;
	CREATE PROCEDURE app."Empty"() LANGUAGE plpgsql AS
	\$\$ BEGIN DELETE FROM one WHERE note = 'function'; END \$\$;
	SELECT gooseplus_register(2, 'app.fill()', 'app."Empty"()', 'fill it');
	SELECT gooseplus_bundle_load('app', '$root');
	SELECT gooseplus_bundle_put('other', '00009_root.sql', '-- +goose Up');
	ALTER DATABASE postgres SET gooseplus.bundle = 'app';));
remove_tree($root);
is( $node->safe_psql('postgres',
		"SELECT version, source FROM gooseplus_up_to(3, 'production')"),
	"1|base/00001_one.sql\n2|base/00002_fill it\n3|production/00003_three.sql",
	'the bundle and the function run without the directory');

my $files = "SELECT bundle, path, body FROM gooseplus_bundle ORDER BY 1, 2";
my $functions = 'SELECT * FROM gooseplus_function';
my $dump = dump_of($node, 'postgres');

like($dump, qr/^COPY public\.gooseplus_bundle \(bundle, path, body\)/m,
	'the files are dumped as data');
like($dump, qr/^COPY public\.gooseplus_function \(/m,
	'and so are the registered functions');
unlike($dump, qr/CREATE TABLE public\.gooseplus_/,
	'their tables are the extension\'s');
unlike(dump_of($node, 'postgres', '--schema-only'),
	qr/base\/00001_one/, 'a schema alone has no files');

foreach my $format ('plain', 'custom', 'directory')
{
	my @restore =
	  $format eq 'plain'
	  ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$file.$format")
	  : ('pg_restore', '--exit-on-error', "$file.$format");

	system_or_bail('pg_dump', '-d', $node->connstr('postgres'),
		'-F', $format, '-f', "$file.$format");

	# in another server, which has never seen the files
	my $database = "restored_$format";

	$new_node->safe_psql('postgres',
		"CREATE DATABASE $database TEMPLATE template0");
	system_or_bail(@restore, '-d', $new_node->connstr($database));
	foreach my $query ($files, $functions)
	{
		is($new_node->safe_psql($database, $query),
			$node->safe_psql('postgres', $query),
			"$format: the same rows: $query");
	}
	is(dump_of($new_node, $database), $dump, "$format: the same dump");

	# the run goes on where the old database stood
	$new_node->safe_psql('postgres',
		"ALTER DATABASE $database SET gooseplus.bundle = 'app'");
	is( $new_node->safe_psql($database,
			"SELECT version, state FROM gooseplus_status('production')"),
		"1|applied\n2|applied\n3|applied\n4|pending",
		"$format: the status");
	is( $new_node->safe_psql($database,
			"SELECT version, source, state FROM gooseplus_migrate('production')"),
		'4|base/00004_four.sql|applied',
		"$format: the rest runs from the bundle");
	is( $new_node->safe_psql($database, 'SELECT note FROM one'),
		"function\nthree\nfour \\ tab\there, gr\xc3\xbc\xc3\x9fe",
		"$format: and its text has come through whole");
	is( $new_node->safe_psql($database,
			"SELECT version, direction, state FROM gooseplus_down_to(1, 'production')"),
		"4|down|empty\n3|down|applied\n2|down|applied",
		"$format: back down, functions and all");
	like($new_node->safe_psql($database, 'SELECT note FROM one'),
		qr/^four [^\n]*$/, "$format: what has no Down part is left");
}

# who may read or write bundles and functions is restored, too
$node->safe_psql('postgres',
	'CREATE ROLE deployer; GRANT SELECT, INSERT ON gooseplus_bundle TO deployer;'
	  . ' GRANT SELECT ON gooseplus_function TO deployer');
system_or_bail('pg_dump', '-d', $node->connstr('postgres'),
	'-F', 'custom', '-f', "$file.rights");
$new_node->safe_psql('postgres',
	'CREATE ROLE deployer; CREATE DATABASE restored_rights TEMPLATE template0');
system_or_bail('pg_restore', '--exit-on-error', '-d',
	$new_node->connstr('restored_rights'), "$file.rights");
my $rights = q(SELECT has_table_privilege('deployer', 'gooseplus_bundle', 'SELECT'),
	has_table_privilege('deployer', 'gooseplus_bundle', 'INSERT'),
	has_table_privilege('deployer', 'gooseplus_bundle', 'DELETE'),
	has_table_privilege('deployer', 'gooseplus_function', 'SELECT'),
	has_table_privilege('public', 'gooseplus_bundle', 'SELECT'),
	has_table_privilege('public', 'gooseplus_function', 'INSERT'));
is($new_node->safe_psql('restored_rights', $rights),
	't|t|f|t|f|f', 'the rights to the tables are restored');

# an extension in a schema of its own
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere TEMPLATE template0');
$node->safe_psql(
	'elsewhere', q(
	CREATE SCHEMA tools;
	CREATE EXTENSION gooseplus SCHEMA tools;
	SELECT tools.gooseplus_bundle_put('app', 'base/00001_one.sql', '-- +goose Up');
	CREATE FUNCTION two() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
	SELECT tools.gooseplus_register(2, 'two()');));
system_or_bail('pg_dump', '-d', $node->connstr('elsewhere'),
	'-F', 'custom', '-f', "$file.elsewhere");
$new_node->safe_psql('postgres',
	'CREATE DATABASE elsewhere TEMPLATE template0');
system_or_bail('pg_restore', '--exit-on-error', '-d',
	$new_node->connstr('elsewhere'), "$file.elsewhere");
is( $new_node->safe_psql('elsewhere',
		q(SELECT version, state FROM tools.gooseplus_migrate(NULL, '{"bundle": "app"}'))),
	"1|empty\n2|applied",
	'another schema: both run after the restore');
$new_node->safe_psql('elsewhere',
	'CREATE SCHEMA moved; ALTER EXTENSION gooseplus SET SCHEMA moved');
is( $new_node->safe_psql('elsewhere',
		q(SELECT version, state FROM moved.gooseplus_status(NULL, '{"bundle": "app"}'))),
	"1|applied\n2|applied",
	'and after the extension has moved');
is( $new_node->safe_psql('elsewhere',
		q(SELECT moved.gooseplus_bundle_put('app', 'base/00003_three.sql', '-- +goose Up');
		  SELECT count(*) FROM moved.gooseplus_bundle_files('app');
		  SELECT moved.gooseplus_unregister(2), moved.gooseplus_bundle_drop('app'))),
	"\n2\nt|2",
	'its SQL functions, too');

$node->stop;
$new_node->stop;
done_testing();
