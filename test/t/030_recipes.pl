# The recipes of doc/operators.md: what is printed there is what is run here, as
# far as it is more than one call.  (The plain directory is in 071_readme.pl, Python's
# CSV loader in 013_languages.pl.)

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusDocs;
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('recipes');

# Run a shell script with these variables in its environment.
sub run_shell
{
	my ($script, %environment) = @_;
	my ($out, $err) = ('', '');

	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port,
		PGDATABASE => 'postgres', %environment);
	IPC::Run::run([ 'sh', '-ec', $script ], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

sub versions
{
	my ($table) = @_;

	return $node->safe_psql('postgres',
		"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM $table");
}

# Begin anew, with these migrations.
sub begin
{
	my (%files) = @_;

	$node->safe_psql('postgres',
		'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION gooseplus');
	clear_files($node);
	write_files($node, %files);
	return;
}

# --- multiple environments

my $script = block('Multiple environments', 'sh');
my %shop = (
	'base/00001_one.sql' => 'CREATE TABLE one (id int);',
	'production/00002_two.sql' => 'CREATE TABLE two (id int);',
	'test/00002_two.sql' => 'CREATE TABLE tried (id int);');

foreach my $case ([ production => '0 1 2' ], [ '' => '0 1' ])
{
	my ($environment, $versions) = @$case;

	begin(%shop);
	my ($status, $out, $err) = run_shell($script, APP_ENV => $environment);
	is($status, 0, "environment '$environment': the script succeeds") or diag($err);
	is(versions('goose_db_version'), $versions,
		"environment '$environment': its migrations have run");
}

# --- files that come with the application

my $yaml = block('Files that come with the application', 'yaml');
my ($args) = $yaml =~ /^  args:\n  - \|\n(.*)/ms or die 'no args in the YAML';
my $image = PostgreSQL::Test::Utils::tempdir('image');

$args =~ s/^    //mg;
$args =~ s{/tmp/push\.sql}{$image/push}g;
write_raw("$image/$_", "-- +goose Up\n$shop{$_}\n") for keys %shop;
write_raw("$image/base/00003_text.sql",
	"-- +goose Up\nCREATE TABLE said AS SELECT \$\$it's \\ \"\$1\" :x \xc3\xa9\$\$ AS t;\n\n\n");
begin();
foreach my $time ('first', 'second')
{
	my ($status, $out, $err) = run_shell("cd '$image'\n$args",
		BUNDLE => 'shop-1.4', ENVIRONMENT => 'production');
	is($status, 0, "init container: the $time pod succeeds") or diag($err);
	is(versions('goose_db_version'), '0 1 2 3',
		"init container: after the $time pod");
}
is($node->safe_psql('postgres', 'SELECT t FROM said'),
	"it's \\ \"\$1\" :x \xc3\xa9", 'init container: the text came as it is');
is( $node->safe_psql('postgres', q(SELECT md5(convert_to(body, 'UTF8'))
		FROM gooseplus_bundle_files('shop-1.4') WHERE path = 'base/00003_text.sql')),
	$node->safe_psql('postgres',
		"SELECT md5(pg_read_binary_file('$image/base/00003_text.sql'))"),
	'init container: to the last byte');
write_raw("$image/base/00004_bad.sql", "-- +goose Up\nSELECT 1 / 0;\n");
my ($status, $out, $err) = run_shell("cd '$image'\n$args",
	BUNDLE => 'shop-1.5', ENVIRONMENT => 'production');
isnt($status, 0, 'init container: a migration that fails fails the pod');
like($err, qr/division by zero.*base\/00004_bad\.sql:2:1/s,
	'init container: and says where');

# --- multiple lanes

my ($slow) = block('Multiple lanes', 'sql', 'cron.schedule') =~ /\$\$\s*(.*?)\$\$/s
  or die 'no statement of the slow lane';
my $gate = $node->background_psql('postgres');
my $application = $node->background_psql('postgres');
my $look = q(SELECT gooseplus_has_pending(NULL,
	'{"base_environment": "slow", "version_table": "goose_slow"}'));

begin(%shop,
	'slow/00001_view.sql' => 'SELECT pg_advisory_lock(1); CREATE TABLE heavy (id int);',
	'slow/00002_more.sql' => 'CREATE TABLE heavier (id int);');
$gate->query_safe('SELECT pg_advisory_lock(1)');
$application->query_safe('LISTEN slow_lane');
my $lane = start_psql($node, $slow);
wait_activity($node, 'gooseplus: 1/2 slow/00001\_view.sql%', "wait_event = 'advisory'");
is( scalar(split(/\n/, $node->safe_psql('postgres', block('Multiple lanes', 'sql')))),
	2, 'lanes: the fast one does not wait for the slow one');
is($application->query_safe($look), 't', 'lanes: the application sees that work is left');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
($status, $out, $err) = finish_psql($lane);
is($status, 0, 'lanes: the slow one ends') or diag($err);
is(versions('goose_slow'), '0 1 2', 'lanes: with records of its own');
is(versions('goose_db_version'), '0 1 2', 'lanes: beside those of the fast one');
like($application->query_safe($look),
	qr/^f\n.*"slow_lane" with payload "1".*"slow_lane" with payload "2"/s,
	'lanes: and tells the application');
$_->quit for $gate, $application;

# --- telling the application, and being told

begin('base/00001_shop.sql' => block('Telling the application, and being told', 'sql'));
$application = $node->background_psql('postgres');
$application->query_safe('LISTEN app');
($status, $out, $err) = query($node,
	q(SET shop.owner = 'Ann';
	  SELECT state FROM gooseplus_migrate(NULL, '{"variables": {"SHOP": "corner"}}')));
is($out, 'applied', 'telling: the migration has run') or diag($err);
like($err, qr/NOTICE:  hello from Ann/, 'telling: it knows a setting of the application');
is($node->safe_psql('postgres', 'SELECT name FROM shop'), 'corner',
	'telling: it knows a variable');
like($application->query_safe('SELECT 1'),
	qr/"app" with payload "shop is open"/, 'telling: and tells the application');
$application->quit;

begin('base/00001_shop.sql' => block('Telling the application, and being told', 'sql'));
docs_use($node, database => 'postgres');
type_shown('Telling the application, and being told', 'LISTEN');

done_testing();
