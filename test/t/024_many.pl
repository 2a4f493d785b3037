# Very many of something in one run: commands in one block, which must not
# keep their memory to its end, and deferrable constraints in the database,
# which a migration that touches none of them must not pay for.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('many');
my ($status, $out, $err);

# --- 150,000 INSERTs in one block

SKIP:
{
	skip('the memory of a process cannot be seen', 3)
	  unless defined memory_peak($$);

	my $commands = 150_000;
	my $limit = 400_000;		# kB; all of the commands' memory would be 1.5 GB
	my $session = $node->background_psql('postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	write_files($node,
		'base/00001_items.sql' => 'CREATE TABLE item (id int, name text);',
		'base/00002_block.sql' => "-- +goose Up\n-- +goose StatementBegin\n"
		  . join('', map { "INSERT INTO item VALUES ($_, 'item $_');\n" } 1 .. $commands)
		  . "-- +goose StatementEnd\n");
	$session->query_safe('SET client_min_messages = warning');
	is( $session->query_safe('SELECT statements, rows FROM gooseplus_migrate() WHERE version = 2'),
		"1|$commands",
		'a block of very many commands runs');
	my $peak = memory_peak($pid);

	cmp_ok($peak, '<', $limit, 'without keeping the memory of each');
	note("peak: $peak kB");
	$session->quit;
	is($node->safe_psql('postgres', 'SELECT count(DISTINCT id) FROM item'),
		$commands, 'and all of them have run');
}

# --- 3,000 deferrable foreign keys

my $keys = 3000;
my $empty = 1000;

clear_files($node);
$node->safe_psql(
	'postgres', qq(
	DROP TABLE IF EXISTS item, goose_db_version;
	DO \$\$
	BEGIN
		FOR n IN 1 .. $keys LOOP
			EXECUTE format('CREATE TABLE tree_%s (id int PRIMARY KEY,'
				' up int REFERENCES tree_%s DEFERRABLE INITIALLY DEFERRED)', n, n);
			IF n % 100 = 0 THEN
				COMMIT;
			END IF;
		END LOOP;
	END \$\$));
write_files($node,
	map { (sprintf('base/%05d_empty.sql', $_) => '-- nothing') } 1 .. $empty);
($status, $out, $err) = query($node,
	q(SET client_min_messages = warning;
	SELECT state, count(*) FROM gooseplus_migrate(NULL, '{"timeout": "30s"}') GROUP BY 1));
is($out, "empty|$empty",
	"$empty empty migrations do not go through $keys deferrable constraints each")
  or diag($err);

# one of them is checked where it has something to check
clear_files($node);
write_files(
	$node,
	'base/01001_good.sql' => 'INSERT INTO tree_7 VALUES (2, 1), (1, NULL);',
	'base/01002_bad.sql' => 'INSERT INTO tree_8 VALUES (1, 2);',
	'base/01003_late.sql' => 'INSERT INTO tree_8 VALUES (2, NULL);');
($status, $out, $err) = query($node, 'SELECT gooseplus_migrate()');
is($status, 3, 'a violation among them is found');
like($err, qr/CONTEXT:  end of migration base\/01002_bad\.sql/, 'in its place');

$node->stop;
done_testing();
