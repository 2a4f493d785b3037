# A rehearsal says what the run will do: the same locks that others see while
# it runs, for many kinds of commands.  And it leaves nothing behind, waits for
# nobody for long, and can be cancelled.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('rehearse');

$node->safe_psql(
	'postgres', q(
	CREATE ROLE other;
	CREATE TABLE parent (id int PRIMARY KEY);
	INSERT INTO parent SELECT generate_series(1, 100);
	CREATE TABLE orders (id int PRIMARY KEY, n int, note varchar(20),
		parent_id int CONSTRAINT late REFERENCES parent,
		plain text, CONSTRAINT positive CHECK (n > 0));
	INSERT INTO orders SELECT i, i, 'note ' || i, i, 'text' FROM generate_series(1, 100) i;
	ALTER TABLE orders ADD CONSTRAINT small CHECK (n < 1000) NOT VALID;
	CREATE INDEX orders_note ON orders (note);
	CREATE TABLE child (id int, order_id int REFERENCES orders);
	CREATE TABLE bare (id int NOT NULL, n int);
	CREATE TABLE part (id int) PARTITION BY RANGE (id);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
	CREATE INDEX part_id ON part (id);
	CREATE TABLE part_2 (id int);
	CREATE VIEW report AS SELECT id, n FROM orders;
	CREATE MATERIALIZED VIEW sums AS SELECT id, n FROM orders;
	CREATE UNIQUE INDEX sums_id ON sums (id);
	CREATE SEQUENCE given;
	CREATE SCHEMA app;
	CREATE TABLE app.one (id int PRIMARY KEY, note text);
	CREATE TYPE color AS ENUM ('red');
	CREATE DOMAIN amount AS int;
	CREATE TABLE priced (price amount);
	CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
	CREATE TABLE relations_before AS
		SELECT oid, oid::regclass::text AS name FROM pg_class
		WHERE relkind <> 'c' AND relname !~ '^gooseplus_';
));

my @commands = (
	'ALTER TABLE orders ADD COLUMN done boolean',
	'ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT clock_timestamp()',
	'ALTER TABLE orders DROP COLUMN note',
	'ALTER TABLE bare ALTER COLUMN n TYPE bigint',
	'ALTER TABLE orders ALTER COLUMN note TYPE varchar(40)',
	'ALTER TABLE orders ALTER COLUMN plain SET NOT NULL',
	'ALTER TABLE orders ALTER COLUMN n SET DEFAULT 1',
	'ALTER TABLE orders ALTER COLUMN n SET STATISTICS 10',
	'ALTER TABLE orders SET (fillfactor = 50)',
	'ALTER TABLE orders ADD CHECK (id > 0)',
	'ALTER TABLE orders ADD CHECK (id > 0) NOT VALID',
	'ALTER TABLE orders VALIDATE CONSTRAINT small',
	'ALTER TABLE orders DROP CONSTRAINT late',
	'ALTER TABLE bare ADD FOREIGN KEY (n) REFERENCES parent',
	'ALTER TABLE bare ADD FOREIGN KEY (n) REFERENCES parent NOT VALID',
	'ALTER TABLE bare ADD PRIMARY KEY (id)',
	'ALTER TABLE orders RENAME COLUMN plain TO fancy',
	'ALTER TABLE orders RENAME TO sales',
	'ALTER TABLE orders DISABLE TRIGGER touch',
	'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
	'ALTER TABLE orders OWNER TO other',
	'ALTER TABLE bare SET UNLOGGED; ALTER TABLE bare SET LOGGED',
	'ALTER TABLE bare SET SCHEMA app',
	'ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20)',
	'ALTER TABLE part DETACH PARTITION part_1',
	'ALTER TABLE bare INHERIT part_2',
	'ALTER DOMAIN amount ADD CHECK (VALUE > 0)',
	q(ALTER TYPE color ADD VALUE 'blue'),
	'ALTER SEQUENCE given INCREMENT BY 5',
	'ALTER INDEX orders_note RENAME TO orders_words',
	'CREATE TABLE fresh (id int REFERENCES parent)',
	'CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (30) TO (40)',
	'CREATE TABLE copied AS SELECT * FROM report',
	'CREATE INDEX orders_n ON orders (n)',
	'CREATE INDEX part_more ON part ((id + 1))',
	'CREATE TRIGGER more AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()',
	'CREATE RULE ignore AS ON DELETE TO orders DO INSTEAD NOTHING',
	'CREATE POLICY mine ON orders USING (n > 1)',
	'CREATE STATISTICS together ON id, n FROM orders',
	'CREATE VIEW more AS SELECT o.note, r.* FROM orders o JOIN report r USING (id)',
	'CREATE OR REPLACE VIEW report AS SELECT id, n, note FROM orders',
	'CREATE PUBLICATION news FOR TABLE orders',
	'REFRESH MATERIALIZED VIEW sums',
	'REFRESH MATERIALIZED VIEW CONCURRENTLY sums',
	'REINDEX INDEX orders_note',
	'REINDEX TABLE orders',
	'CLUSTER orders USING orders_note',
	'ANALYZE orders',
	'TRUNCATE orders CASCADE',
	'DROP INDEX orders_note',
	'DROP TABLE child',
	'DROP TABLE orders CASCADE',
	'DROP VIEW report',
	'DROP SCHEMA app CASCADE',
	'DROP TRIGGER touch ON orders',
	q(COMMENT ON TABLE orders IS 'bought'),
	'GRANT SELECT ON orders TO other',
	'LOCK TABLE orders IN EXCLUSIVE MODE',
	'UPDATE orders SET n = n + 1; DELETE FROM child',
	'SELECT * FROM report FOR UPDATE',
	"SELECT nextval('given')",
	"DO 'BEGIN ALTER TABLE orders ADD a int; ALTER TABLE parent ADD a int; END'",
	'LOCK TABLE pg_class IN SHARE MODE');

# The strongest lock on each relation that was there, as "relation mode", one a
# line; "modes" is a query that gives both, and whether it is a catalog.
sub strongest
{
	my ($modes) = @_;

	return qq(
	WITH ranks AS (SELECT mode, rank FROM unnest(ARRAY['AccessShareLock', 'RowShareLock',
		'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
		'ExclusiveLock', 'AccessExclusiveLock']) WITH ORDINALITY AS r (mode, rank)),
	strongest AS (SELECT name, max(rank) AS rank FROM ($modes) AS m JOIN ranks USING (mode)
		WHERE oid >= 16384 OR rank >= 4 GROUP BY name)
	SELECT name || ' ' || mode FROM strongest JOIN ranks USING (rank) ORDER BY 1);
}

# Notices and warnings would be taken for errors.
sub start_session
{
	my $session = $node->background_psql('postgres', on_error_stop => 1);

	$session->query_safe('SET client_min_messages = error');
	return $session;
}

my $runner = start_session();
my $pid = $runner->query_safe('SELECT pg_backend_pid()');

foreach my $command (@commands)
{
	my ($rehearsed, $seen, $failed);

	clear_files($node);
	write_files($node, 'base/00001_command.sql' => "$command;");
	$failed = $node->safe_psql('postgres',
		'SELECT error FROM gooseplus_rehearse() WHERE error IS NOT NULL');
	$rehearsed = $node->safe_psql(
		'postgres',
		strongest(
			q(SELECT oid, name, l->>'mode' AS mode
			FROM gooseplus_rehearse() r, jsonb_array_elements(locks) l
			JOIN relations_before ON name = l->>'relation' WHERE line > 0)));
	$runner->query_safe('BEGIN; SELECT count(*) FROM gooseplus_migrate()');
	$seen = $node->safe_psql(
		'postgres',
		strongest(
			qq(SELECT oid, name, mode FROM pg_locks
			JOIN relations_before ON oid = relation
			WHERE pid = $pid AND locktype = 'relation')));
	$runner->query_safe('ROLLBACK');
	is($failed, '', "rehearsed: $command");
	is($rehearsed, $seen, "locks of $command");
}
$runner->quit;

# What no rehearsal leaves behind: anything but values of sequences.
my %files = map { sprintf('base/%05d_step.sql', $_) => "CREATE TABLE step_$_ (id int);" } 1 .. 10;

$files{'base/00002_step.sql'} = "ALTER TABLE orders\n\tALTER COLUMN id TYPE bigint;\nSELECT nextval('given');";
$files{'base/00004_step.sql'} = "SELECT 1;\nCREATE INDEX orders_n ON orders (n);";
$files{'base/00007_step.sql'} = "SELECT 1;\nINSERT INTO orders (id)\n\tSELECT 1 / n FROM orders\n\tWHERE nowhere;";
clear_files($node);
write_files($node, %files);
$node->safe_psql('postgres', 'DROP VIEW report; DROP MATERIALIZED VIEW sums');

my $given = $node->safe_psql('postgres', 'SELECT last_value, is_called FROM given');
my $before = dump_of($node, 'postgres');
my $rows = $node->safe_psql(
	'postgres', q(
	SELECT DISTINCT source, line, state, rewrites::text, indexes::text,
		(SELECT string_agg((l->>'relation') || ' ' || (l->>'mode'), ', ' ORDER BY l->>'relation')
		 FROM jsonb_array_elements(locks) l WHERE l->>'relation' IN ('orders', 'child')),
		regexp_replace(danger, '[(][0-9]+ [a-zA-Z]+[)] for [0-9.]+ (us|ms|s)\M', '(SIZE) for TIME', 'g')
	FROM gooseplus_rehearse() WHERE source ~ '[247]_step' ORDER BY 1, 2));
my $after = dump_of($node, 'postgres');

is( $rows, q(base/00002_step.sql|2|run|{orders}|{orders_pkey,orders_note}|child AccessExclusiveLock, orders AccessExclusiveLock|
base/00002_step.sql|4|run|{}|{}||
base/00002_step.sql||run|{orders}|{orders_pkey,orders_note}|child AccessExclusiveLock, orders AccessExclusiveLock|ACCESS EXCLUSIVE on orders (SIZE) for TIME: rewrites the table, builds index orders_pkey; ACCESS EXCLUSIVE on child (SIZE) for TIME
base/00004_step.sql|2|run|{}|{}||
base/00004_step.sql|3|run|{}|{orders_n}|orders ShareLock|
base/00004_step.sql||run|{}|{orders_n}|orders ShareLock|SHARE on orders (SIZE) for TIME: builds index orders_n
base/00007_step.sql|2|run|{}|{}||
base/00007_step.sql|3|failed||||
base/00007_step.sql||failed|{}|{}||),
	'file, line, state, rewrites, indexes, locks and danger');
like(
	$node->safe_psql(
		'postgres',
		"SELECT error FROM gooseplus_rehearse() WHERE state = 'failed' AND line > 0"),
	qr/^column "nowhere" does not exist \(SQLSTATE 42703\).* at base\/00007_step\.sql:5:8\n/s,
	'the error names the place');
isnt($node->safe_psql('postgres', 'SELECT last_value, is_called FROM given'),
	$given, 'a sequence has moved on');
s/^SELECT pg_catalog.setval\(.*$//mg for $before, $after;
is($after, $before, 'nothing else has changed');

# Others are not held up for long.
my $holder = start_session();

clear_files($node);
write_files(
	$node,
	'base/00001_first.sql' => 'CREATE TABLE fresh (id int);',
	'base/00002_blocked.sql' => "ALTER TABLE parent ADD COLUMN n int;\nALTER TABLE orders ADD COLUMN m int;");
$holder->query_safe('BEGIN; SELECT count(*) FROM orders');
foreach my $options ('{"ddl_lock_timeout": "100ms"}', '{}')
{
	is( $node->safe_psql(
			'postgres', qq(
			SELECT source, line, state, split_part(error, E'\\n', 1)
			FROM gooseplus_rehearse(options => '$options') WHERE line > 0)),
		'base/00001_first.sql|2|run|
base/00002_blocked.sql|2|run|
base/00002_blocked.sql|3|failed|canceling statement due to lock timeout (SQLSTATE 55P03)',
		"a rehearsal gives up waiting for a lock, with $options");
}
$holder->query_safe('ROLLBACK');

# Neither the locks nor the limit outlive it in the caller's transaction.
$holder->query_safe('BEGIN; SELECT count(*) FROM gooseplus_rehearse()');
is($holder->query_safe('SHOW lock_timeout'), '0', 'the limit is over');
is( (query($node, 'BEGIN; LOCK TABLE parent, orders NOWAIT'))[0], 0,
	'the locks are free');
$holder->query_safe('ROLLBACK');
$holder->quit;

# A cancel from outside is an error; a limit of ours is a part of the report.
write_files($node, 'base/00003_slow.sql' => 'SELECT pg_sleep(1000);');

my $session = start_psql($node, 'SELECT * FROM gooseplus_rehearse();');
my $slow = wait_activity($node, 'gooseplus: rehearsing 3/3 base/00003_slow.sql statement 1');

$node->safe_psql('postgres', "SELECT pg_cancel_backend($slow)");

my ($status, undef, $error) = finish_psql($session);

is($status, 3, 'a cancel is an error');
like($error, qr/canceling statement due to user request.*everything is undone/s,
	'its context says that all is undone');
is( $node->safe_psql(
		'postgres', q(
		SELECT source, line, state, split_part(error, E'\n', 1)
		FROM gooseplus_rehearse(options => '{"migration_timeout": 100}') WHERE error IS NOT NULL)),
	'base/00003_slow.sql|2|failed|canceling migration due to gooseplus.migration_timeout (SQLSTATE 57014)',
	'a time limit is reported');

# Those who listen hear nothing; the log has a line.
write_files($node, 'base/00003_slow.sql' => "NOTIFY news, 'of a migration';");

my $offset = -s $node->logfile;
my ($told, $out) = query($node,
	q(LISTEN news; SELECT state FROM gooseplus_rehearse(options => '{"notify_channel": "news"}') WHERE source ~ '3' AND line > 0; SELECT 'end'));

is("$told|$out", "0|run\nend", 'nobody is notified');
$node->wait_for_log(qr/"function": "gooseplus_rehearse", .*"outcome": "rehearsed"/, $offset);
is( $node->safe_psql('postgres',
		q(SELECT to_regclass('goose_db_version'), to_regclass('goose_db_version_history'))),
	'|', 'no table of ours has been made');

done_testing();
