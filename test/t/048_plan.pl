# A plan waits for nobody and nobody waits for it: while a run is on, while
# others lock the tables that it is about, and on a table that it talks about
# in a transaction that stays open.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('plan');

$node->safe_psql('postgres',
	'CREATE TABLE orders (id int CHECK (id IS NOT NULL), note text, day timestamp)'
);
write_files(
	$node,
	'base/00001_orders.sql' => <<'EOT',
ALTER TABLE orders ALTER id SET NOT NULL, ALTER note SET NOT NULL;
ALTER TABLE orders ALTER day TYPE date USING day::date;
ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
CREATE INDEX ON orders (day);
DROP TABLE orders;
EOT
	'base/00002_orders.sql' => 'CREATE TABLE orders (id int);');

my $plan = 'SELECT version, ordinal, hazard IS NOT NULL FROM gooseplus_plan()';
my $expected = "1|1|t\n1|2|t\n1|3|t\n1|4|t\n1|5|f\n2|1|f";

is($node->safe_psql('postgres', $plan), $expected, 'the plan');

# everything that a run would want is locked
my $holder = $node->background_psql('postgres');
$holder->query_safe(
	"BEGIN; LOCK TABLE orders; SELECT pg_advisory_xact_lock(4097083626);");
is( $node->safe_psql('postgres', "SET lock_timeout = 1; $plan"),
	$expected, 'the plan while the tables and the migration lock are held');
is( $node->safe_psql(
		'postgres',
		"SET lock_timeout = 1; SELECT count(*) FROM gooseplus_validate() WHERE severity = 'warning'"
	),
	4,
	'validate, too');
$holder->query_safe('ROLLBACK');

# it leaves no lock on a table, nor a transaction id, nor anything else
is( $node->safe_psql(
		'postgres',
		"BEGIN; SELECT FROM gooseplus_plan();
		SELECT count(*), pg_current_xact_id_if_assigned() IS NULL FROM pg_locks
		WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation = 'orders'::regclass
			OR mode NOT IN ('AccessShareLock', 'ExclusiveLock')); COMMIT"
	) =~ s/\A\n+//r,
	'0|t',
	'no lock is left');
is( $node->safe_psql('postgres', "SELECT to_regclass('goose_db_version') IS NULL"),
	't', 'no version table is made');

# what it says of a new table is not true of one that is there by now
$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
write_files($node, 'base/00003_index.sql' => 'CREATE INDEX ON orders (id);');
is( $node->safe_psql('postgres',
		'SELECT source, line, hazard FROM gooseplus_plan()'),
	'base/00003_index.sql|2|CREATE INDEX without CONCURRENTLY lets nobody write to table orders until the index is built',
	'a table that a run has made is there');

# The hazards of a migration, without those that are expected elsewhere.
sub hazards_of
{
	my ($text) = @_;

	write_files($node, 'base/00003_index.sql' => $text);
	return $node->safe_psql('postgres',
		'SELECT line, hazard FROM gooseplus_plan() WHERE hazard IS NOT NULL');
}

my $server = $node->safe_psql('postgres', 'SHOW server_version_num');

$node->safe_psql('postgres', 'ALTER TABLE orders ADD note text, ADD day date');
SKIP:
{
	skip 'NOT NULL is no constraint with a name before PostgreSQL 18', 5
	  if $server < 180000;

	is( hazards_of('ALTER TABLE orders ADD CONSTRAINT x NOT NULL note;'),
		'2|NOT NULL on column note reads all of table orders while nobody can read or write it',
		'NOT NULL as a constraint');
	is(hazards_of('ALTER TABLE orders ADD CONSTRAINT x NOT NULL note NOT VALID;'),
		'', 'one that is not valid yet');
	$node->safe_psql('postgres',
		'ALTER TABLE orders ADD CONSTRAINT x NOT NULL note NOT VALID');
	is( hazards_of('ALTER TABLE orders ALTER note SET NOT NULL;'),
		'2|SET NOT NULL on column note reads all of table orders while nobody can read or write it',
		'SET NOT NULL that has to validate');
	is( hazards_of(
			"ALTER TABLE orders VALIDATE CONSTRAINT x;\nALTER TABLE orders ALTER note SET NOT NULL;"
		),
		'',
		'after it is validated');
	is( hazards_of(
			'ALTER TABLE orders ADD c int GENERATED ALWAYS AS (id + 1) VIRTUAL;'),
		'',
		'an expression that is not stored');
}
SKIP:
{
	skip 'there is no REPACK before PostgreSQL 19', 1
	  if $server < 190000;

	is( hazards_of("REPACK orders;\nREPACK (CONCURRENTLY) orders;"),
		'2|REPACK rewrites table orders while nobody can read or write it',
		'REPACK');
}

$holder->quit;
$node->stop;
done_testing();
