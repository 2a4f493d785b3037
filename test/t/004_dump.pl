# pg_dump and a restore into a new database: there nothing is pending, and the
# next migration goes on where the old database stood.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dump');
my $file = $node->basedir . '/dump';

write_files(
	$node,
	'base/00001_one.sql' => "CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);",
	'base/00002_two.sql' => 'CREATE SCHEMA app;',
	'production/00003_three.sql' => 'CREATE TABLE app.three (id int);');
$node->safe_psql('postgres',
	q(SELECT gooseplus_migrate('production', '{"lock_table": true}')));

my $dump = dump_of($node, 'postgres');

like($dump, qr/^CREATE EXTENSION IF NOT EXISTS gooseplus /m,
	'the extension is dumped as such');
unlike($dump, qr/CREATE FUNCTION/, 'and its functions are not');
like($dump, qr/^COPY public\.goose_db_version \(id, version_id, is_applied, tstamp\)/m,
	'the version table is dumped with its data');
like($dump, qr/^COPY public\.goose_db_version_history \(id, event, run, /m,
	'and so is the history');

# the three ways to restore
foreach my $format ('plain', 'custom', 'directory')
{
	my $database = "restored_$format";
	my @restore =
	  $format eq 'plain'
	  ? ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$file.$format")
	  : ('pg_restore', '--exit-on-error', "$file.$format");

	system_or_bail('pg_dump', '-d', $node->connstr('postgres'),
		'-F', $format, '-f', "$file.$format");
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	system_or_bail(@restore, '-d', $node->connstr($database));

	is($node->safe_psql($database, "SELECT gooseplus_has_pending('production')"),
		'f', "$format: nothing is pending");
	my ($status, $out, $err) = query(
		$node,
		"SELECT gooseplus_migrate('production')",
		database => $database);
	is("$status$out", '0', "$format: a run returns no rows");
	like($err, qr/NOTICE:  no migrations to run, current version: 3$/m,
		"$format: and says that there is nothing to do");
	is( $node->safe_psql($database,
			"SELECT * FROM gooseplus_status('production')"),
		$node->safe_psql(
			'postgres', "SELECT * FROM gooseplus_status('production')"),
		"$format: the status is that of the old database");
	is(dump_of($node, $database), $dump, "$format: and so is its dump");
}

# new migrations, in the old database and in a restored one
write_files($node, 'base/00004_four.sql' => 'INSERT INTO one VALUES (4);');
foreach my $database ('postgres', 'restored_custom')
{
	is( $node->safe_psql(
			$database,
			q(SELECT version, state FROM gooseplus_migrate('production', '{"lock_table": true}'))
		),
		'4|applied',
		"$database: the next migration applies");
	is( $node->safe_psql(
			$database,
			"SELECT string_agg(version_id::text, ' ' ORDER BY id), count(DISTINCT id)"
			  . " FROM goose_db_version"),
		'0 1 2 3 4|5',
		"$database: its id follows the others");
	is( $node->safe_psql(
			$database,
			"SELECT string_agg(version::text, ' ' ORDER BY id), count(DISTINCT run),"
			  . " max(id) FROM goose_db_version_history"),
		'1 2 3 3 4 4|2|6',
		"$database: and so does the history");
	is($node->safe_psql($database, 'SELECT * FROM goose_db_version_lock'),
		0, "$database: the lock table has its row");
}

$node->stop;
done_testing();
