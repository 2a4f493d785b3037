# A hot standby, and who may only read: files that have changed and repeatable
# migrations are seen there, too.

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
	'base/00002_two.sql' => "-- +goose Up\nCREATE TABLE two (id int);\n-- +goose Down\nDROP TABLE two;\n",
	'base/R_view.sql' => 'CREATE OR REPLACE VIEW all_ones AS SELECT id FROM one;',
	'production/R_grant.sql' => 'GRANT SELECT ON one TO pg_monitor;');

# The copy of the settings keeps the primary's directory.
$primary->backup('copy');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

# What a query answers there; it has to be the same on the primary.
sub on_both
{
	my ($sql) = @_;
	my $answer;

	$primary->wait_for_catchup($standby);
	$answer = $standby->safe_psql('postgres', $sql);
	is($answer, $primary->safe_psql('postgres', $sql), 'the primary says the same');
	return $answer;
}

my $status = "SELECT version, source, environment, state, applied_at IS NOT NULL FROM gooseplus_status('production')";

is( on_both($status),
	"1|base/00001_one.sql|base|pending|f\n"
	  . "2|base/00002_two.sql|base|pending|f\n"
	  . "|production/R_grant.sql|production|pending|f\n"
	  . "|base/R_view.sql|base|pending|f",
	'status before anything is applied');
is(on_both('SELECT count(*) FROM gooseplus_plan() WHERE version IS NULL'), 1, 'plan has the repeatable one');

$primary->safe_psql('postgres', "SELECT gooseplus_migrate('production')");
is( on_both($status),
	"1|base/00001_one.sql|base|applied|t\n"
	  . "2|base/00002_two.sql|base|applied|t\n"
	  . "|production/R_grant.sql|production|applied|t\n"
	  . "|base/R_view.sql|base|applied|t",
	'status follows the primary');
is(on_both("SELECT gooseplus_has_pending('production')"), 'f', 'nothing is pending');
is(on_both("SELECT count(*) FROM gooseplus_plan('production')"), 0, 'the plan is empty');
is( on_both("SELECT source FROM gooseplus_validate('production')"),
	'base/R_view.sql', 'the goose command cannot use that folder; there is nothing else to say');

# a numbered one changes, and a repeatable one
write_files(
	$primary,
	'base/00002_two.sql' => "-- +goose Up\nCREATE TABLE two (id bigint);\n-- +goose Down\nDROP TABLE two;\n",
	'base/R_view.sql' => 'CREATE OR REPLACE VIEW all_ones AS SELECT id, 1 AS one FROM one;');
is( on_both($status),
	"1|base/00001_one.sql|base|applied|t\n"
	  . "2|base/00002_two.sql|base|modified|t\n"
	  . "|production/R_grant.sql|production|applied|t\n"
	  . "|base/R_view.sql|base|pending|t",
	'status of changed files');
is( on_both("SELECT state FROM gooseplus_status(options => '{\"checksum\": \"off\"}') WHERE version = 2"),
	'applied', 'unless nobody wants to know');
is(on_both('SELECT gooseplus_has_pending()'), 't', 'a changed repeatable one is pending');
is( on_both('SELECT version, source, ordinal, statement FROM gooseplus_plan()'),
	'|base/R_view.sql|1|CREATE OR REPLACE VIEW all_ones AS SELECT id, 1 AS one FROM one;',
	'and in the plan');
is( on_both("SELECT source, severity, message FROM gooseplus_validate() WHERE source <> 'base/R_view.sql'"),
	'base/00002_two.sql|warning|The file has changed since it was applied.',
	'validate');
is( on_both("SELECT type, path, environment, version FROM gooseplus_sources('production')"),
	"sql|base/00001_one.sql|base|1\nsql|base/00002_two.sql|base|2\n"
	  . "sql|production/R_grant.sql|production|\nsql|base/R_view.sql|base|",
	'sources');

foreach my $call ('gooseplus_repair(2)', "gooseplus_migrate('production')")
{
	my (undef, undef, $err) = query($standby, "\\set VERBOSITY verbose\nSELECT $call");

	like($err, qr/ERROR:  25006: cannot execute \w+\(\) during recovery/, "$call is refused");
}

$primary->safe_psql('postgres', 'SELECT gooseplus_repair(2)');
is(on_both('SELECT state FROM gooseplus_status() WHERE version = 2'), 'applied', 'a repair on the primary');

# --- who may read the records, and who may not

$primary->safe_psql('postgres', q(
	CREATE ROLE reader LOGIN;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO reader;
	GRANT SELECT ON goose_db_version, goose_db_version_history TO reader));
write_files($primary, 'base/00001_one.sql' => 'CREATE TABLE one (id text);');
my $states = "SELECT string_agg(state, ' ') FROM gooseplus_status('production')";
my (undef, $out, $err) = query($primary, $states, user => 'reader');

is($out, 'modified applied applied pending', 'who may read the history sees it all') or diag($err);
$primary->safe_psql('postgres', 'REVOKE SELECT ON goose_db_version_history FROM reader');
(undef, $out, $err) = query($primary, $states, user => 'reader');
is($out, 'applied applied', 'who may not sees neither changes nor repeatable ones');
like($err, qr/WARNING:  repeatable migrations are left out, as the history cannot be read/, 'and is told so');

# --- after promotion

$standby->promote;
$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()')
  or die 'the standby was not promoted';
is( $standby->safe_psql('postgres', "SELECT version, source, state FROM gooseplus_migrate('production')"),
	'|base/R_view.sql|applied',
	'after promotion it runs what is due');
unlink migrate_root($primary) . '/base/00002_two.sql' or die $!;
is( $standby->safe_psql('postgres', 'SELECT version, direction, state FROM gooseplus_down_to(1)'),
	'2|down|applied',
	'and takes back what is gone');

$standby->stop;
$primary->stop;
done_testing();
