# What is said while a migration runs or is checked, where a duration or a wait
# keeps it out of pg_regress: settings that end with their migration, and a
# time limit that is over before the first of them runs.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('put_back');
my ($status, $out, $err);

# --- settings that later migrations could rely on under goose

sub notices
{
	my ($statements) = @_;

	clear_files($node);
	write_files($node, 'base/00001_set.sql' => $statements);
	($status, $out, $err) = query($node,
		q(SELECT state FROM gooseplus_migrate(NULL, '{"versioning": false}')));
	is($out, 'applied', "$statements: applied");
	return join(' ', $err =~ /"(\w+)" is put back at the end of this migration/g);
}

$node->safe_psql('postgres', 'CREATE ROLE other');
is(notices('SET search_path = pg_catalog;'),
	'search_path', 'SET search_path is told to be put back');
is( notices("SET ROLE other;\nRESET ROLE;\nSET SESSION AUTHORIZATION other;\nRESET SESSION AUTHORIZATION;"),
	'role session_authorization',
	'and so are roles, where they are set');
is(notices("SET LOCAL search_path = pg_catalog;\nSET work_mem = '1MB';"),
	'', 'what ends anyway, or decides nothing, is not');

write_files(
	$node,
	'base/00001_set.sql' => 'SET search_path = pg_catalog;',
	'base/00002_look.sql' => "CREATE TABLE seen AS SELECT current_setting('search_path') AS path;");
$node->safe_psql('postgres',
	q(SET search_path = public; SELECT gooseplus_migrate()));
is($node->safe_psql('postgres', 'SELECT path FROM public.seen'),
	'public', 'the next migration has the search_path of the caller');

# --- the time limit is over while a migration is checked

clear_files($node);
write_files(
	$node,
	'base/00001_one.sql' => 'SELECT 1;',
	'base/00003_three.sql' => 'SELECT 3;');
$node->safe_psql(
	'postgres', q(
	DROP TABLE goose_db_version;
	CREATE FUNCTION public.two() RETURNS void LANGUAGE sql AS 'SELECT';
	SELECT gooseplus_register(2, 'public.two()')));

my $other = $node->background_psql('postgres');

$other->query_safe('BEGIN; ALTER FUNCTION public.two() COST 1; DROP FUNCTION public.two()');
($status, $out, $err) = query(
	$node, q(
	CREATE TABLE result AS
	SELECT * FROM gooseplus_migrate(NULL, '{"timeout": "1s", "on_error": "return"}')));
$other->query_safe('ROLLBACK');
$other->quit;
is($status, 0, 'time limit: it goes to the rows') or diag($err);
is( $node->safe_psql('postgres',
		'SELECT version, source, environment, direction, state FROM result'
		  . ' WHERE version IS NOT NULL ORDER BY version'),
	join("\n",
		'1|base/00001_one.sql|base|up|pending',
		'2|base/00002_two|base|up|pending',
		'3|base/00003_three.sql|base|up|pending'),
	'time limit: each migration has its row');
is( $node->safe_psql('postgres',
		q(SELECT state, version IS NULL, split_part(error, E'\n', 1) FROM result WHERE error IS NOT NULL)),
	'failed|t|canceling run due to gooseplus.timeout (SQLSTATE 57014)',
	'time limit: and a row of its own says what has happened');
is($node->safe_psql('postgres', "SELECT to_regclass('goose_db_version') IS NULL"),
	't', 'time limit: nothing is done');

$node->stop;
done_testing();
