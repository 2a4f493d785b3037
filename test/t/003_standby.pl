# A hot standby: looking works there as it does on the primary, running is
# refused, and what the primary applies is seen after replay.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_node('primary', init => { allows_streaming => 1 });
my $standby = PostgreSQL::Test::Cluster->new('standby');

write_files(
	$primary,
	'base/00001_one.sql' => 'CREATE TABLE one (id int);',
	'base/00002_two.sql' => 'CREATE TABLE two (id int);',
	'production/00003_three.sql' => 'CREATE TABLE three (id int);');

# The copy of the settings keeps the primary's directory.
$primary->backup('copy');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

sub on_standby
{
	my ($sql) = @_;

	$primary->wait_for_catchup($standby);
	return $standby->safe_psql('postgres', $sql);
}

my $status =
  "SELECT version, source, environment, state, applied_at IS NOT NULL"
  . " FROM gooseplus_status('production')";

is( on_standby($status),
	"1|base/00001_one.sql|base|pending|f\n"
	  . "2|base/00002_two.sql|base|pending|f\n"
	  . "3|production/00003_three.sql|production|pending|f",
	'status without a version table');
is(on_standby('SELECT gooseplus_db_version()'),
	0, 'db_version without a version table');

$primary->safe_psql('postgres', 'SELECT gooseplus_migrate()');
is( on_standby($status),
	"1|base/00001_one.sql|base|applied|t\n"
	  . "2|base/00002_two.sql|base|applied|t\n"
	  . "3|production/00003_three.sql|production|pending|f",
	'status follows the primary');
is( on_standby("SELECT applied_at FROM gooseplus_status() WHERE version = 2"),
	$primary->safe_psql(
		'postgres', 'SELECT tstamp FROM goose_db_version WHERE version_id = 2'),
	'applied_at is the time of the version table');
is(on_standby('SELECT gooseplus_db_version()'), 2, 'db_version');
is(on_standby("SELECT * FROM gooseplus_versions('production')"),
	'2|3', 'versions');
is( on_standby(
		"SELECT gooseplus_has_pending(), gooseplus_has_pending('production')"),
	'f|t',
	'has_pending');
is( on_standby("SELECT environment, version FROM gooseplus_sources('production')"),
	"base|1\nbase|2\nproduction|3",
	'sources');
is(on_standby("SELECT count(*) FROM gooseplus_validate('production')"),
	0, 'validate finds nothing');
write_files($primary,
	'production/00004_bad.sql' => "SELECT 1;\nSELEC 2;");
is( on_standby(
		"SELECT source, line, severity FROM gooseplus_validate('production')"),
	'production/00004_bad.sql|3|error',
	'validate finds a wrong file');
unlink migrate_root($primary) . '/production/00004_bad.sql'
  or die "could not remove a file: $!";
is( on_standby(
		"SELECT ordinal, line, statement FROM gooseplus_statements("
		  . "E'-- +goose Up\\nSELECT 1;\\nSELECT 2;\\n')"),
	"1|2|SELECT 1;\n2|3|SELECT 2;",
	'statements');

$primary->safe_psql('postgres', 'CREATE TABLE here (id int)');
write_files($primary,
	'production/00005_here.sql' => "CREATE INDEX ON three (id);\n"
	  . "ALTER TABLE here ALTER id TYPE text, ALTER id SET NOT NULL;");
is( on_standby(
		"SELECT version, ordinal, line, left(hazard, 24) FROM gooseplus_plan('production')"),
	"3|1|2|\n5|1|2|\n5|2|3|the new type of column i\n5|2|3|SET NOT NULL on column i",
	'plan');
unlink migrate_root($primary) . '/production/00005_here.sql'
  or die "could not remove a file: $!";

my (undef, undef, $err) =
  query($standby, "\\set VERBOSITY verbose\nSELECT gooseplus_migrate('production')");

like($err,
	qr/ERROR:  25006: cannot execute gooseplus_migrate\(\) during recovery/,
	'a run is refused');
(undef, undef, $err) =
  query($standby, "\\set VERBOSITY verbose\nSELECT gooseplus_migrate()");
like($err, qr/25006/, 'also with nothing pending');
is( $standby->safe_psql('postgres',
		"SELECT state FROM gooseplus_status('production') WHERE version = 3"),
	'pending',
	'the version stays pending');

$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()')
  or die 'the standby was not promoted';
is( $standby->safe_psql(
		'postgres',
		"SELECT version, state FROM gooseplus_migrate('production')"),
	'3|applied',
	'after promotion it runs');

$standby->stop;
$primary->stop;
done_testing();
