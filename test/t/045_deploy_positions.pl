# A deploy of twenty migrations of all kinds that fails, at every position in
# turn: the database is what it was before the call, or the error names exactly
# what has stayed, and the next deploy goes on from there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('deploy_positions');
my $database = 'work';
my $deploy = 'CALL gooseplus_deploy()';
my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**31));

srand($seed);
note("GOOSEPLUS_SEED=$seed");

# Each call of fail() is a position, named MIGRATION.LETTER; "failing" says
# which of them fail.
my $start = q(
	CREATE EXTENSION gooseplus;
	CREATE TABLE failing (names text[]);
	INSERT INTO failing VALUES ('{}');
	CREATE FUNCTION fail(name text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF name = ANY (ARRAY(SELECT unnest(names) FROM public.failing)) THEN
			RAISE 'failed at %', name;
		END IF;
	END
	$$;
	CREATE FUNCTION fail_index(name text, id int) RETURNS int
		LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		PERFORM public.fail(name);
		RETURN id;
	END
	$$;
);

my $up = "-- +goose Up\n";
my $plain = "-- +goose NO TRANSACTION\n$up";
my @migrations = (
	"${up}CREATE TABLE item (id int PRIMARY KEY, note text, done boolean DEFAULT false);
INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 100) i;
CREATE TABLE mark (name text);
SELECT fail('1.a');
-- +goose Down
DROP TABLE mark, item;
",
	"${plain}SELECT fail('2.a');
INSERT INTO mark VALUES ('2');
SELECT fail('2.b');
CREATE INDEX CONCURRENTLY item_note ON item (note, fail_index('2.c', id));
SELECT fail('2.d');
-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS item_note;
DELETE FROM mark WHERE name = '2';
",
	"${plain}CREATE TYPE color AS ENUM ('red');
ALTER TYPE color ADD VALUE 'green';
CREATE TABLE paint AS SELECT 'green'::color AS color;
SELECT fail('3.a');
-- +goose Down
DROP TABLE IF EXISTS paint;
DROP TYPE color;
",
	"${up}CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
	NEW.note := upper(NEW.note);
	RETURN NEW;
END
\$\$;
CREATE TRIGGER note BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();
SELECT fail('4.a');
-- +goose Down
DROP TRIGGER note ON item;
DROP FUNCTION note();
",
	"${plain}DO \$\$
BEGIN
	FOR i IN 1 .. 5 LOOP
		PERFORM fail('5.' || chr(96 + i));
		UPDATE item SET done = true WHERE id % 5 = i - 1;
		COMMIT;
	END LOOP;
END
\$\$;
SELECT fail('5.f');
-- +goose Down
UPDATE item SET done = false;
",
	"${up}ALTER TABLE item ADD COLUMN price numeric DEFAULT 1.5;
UPDATE item SET price = id WHERE done;
SELECT fail('6.a');
-- +goose Down
ALTER TABLE item DROP COLUMN price;
",
	"${plain}BEGIN;
INSERT INTO mark VALUES ('7.1');
SELECT fail('7.a');
COMMIT;
SELECT fail('7.b');
BEGIN;
INSERT INTO mark VALUES ('7.2');
SELECT fail('7.c');
COMMIT;
-- +goose Down
BEGIN;
DELETE FROM mark WHERE name LIKE '7.%';
COMMIT;
",
	"${plain}CREATE UNIQUE INDEX CONCURRENTLY item_unique ON item (fail_index('8.a', id));
-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS item_unique;
",
	"${up}CREATE VIEW done AS SELECT id FROM item WHERE done;
COMMENT ON VIEW done IS 'what is done';
GRANT SELECT ON done TO deploy_positions;
SELECT fail('9.a');
-- +goose Down
DROP VIEW done;
",
	"${up}INSERT INTO mark VALUES ('10.1');
SELECT fail('10.a');
COMMIT;
SELECT fail('10.b');
CREATE TABLE ten (id int);
SELECT fail('10.c');
-- +goose Down
DROP TABLE IF EXISTS ten;
DELETE FROM mark WHERE name LIKE '10.%';
",
	"${plain}REINDEX INDEX CONCURRENTLY item_pkey;
SELECT fail('11.a');
VACUUM ANALYZE item;
REINDEX INDEX CONCURRENTLY item_note;
SELECT fail('11.b');
-- +goose Down
SELECT fail('11.down');
",
	"${up}CREATE TABLE part (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
INSERT INTO part VALUES (1), (2);
SELECT fail('12.a');
-- +goose Down
DROP TABLE part;
",
	"${plain}SELECT fail('13.a');
ALTER TABLE part DETACH PARTITION part_1 CONCURRENTLY;
SELECT fail('13.b');
-- +goose Down
ALTER TABLE part_1 DROP CONSTRAINT IF EXISTS part_1_id_check;
DO \$\$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'part_1'::regclass) THEN
		ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (1) TO (10);
	END IF;
END
\$\$;
",
	"${up}CREATE SCHEMA app AUTHORIZATION deploy_positions;
SET search_path = app;
SET ROLE deploy_positions;
CREATE TABLE item (id int);
RESET ROLE;
SELECT public.fail('14.a');
-- +goose Down
DROP SCHEMA app CASCADE;
",
	$up,
	"${plain}-- +goose StatementBegin
INSERT INTO mark VALUES ('16.1');
SELECT fail('16.a');
INSERT INTO mark VALUES ('16.2');
-- +goose StatementEnd
SELECT fail('16.b');
-- +goose StatementBegin
INSERT INTO mark VALUES ('16.3');
COMMIT;
SELECT fail('16.c');
-- +goose StatementEnd
-- +goose Down
DELETE FROM mark WHERE name LIKE '16.%';
",
	"${up}CREATE TABLE child (id int REFERENCES item DEFERRABLE INITIALLY DEFERRED);
INSERT INTO child VALUES (1);
INSERT INTO child SELECT -1 FROM failing WHERE '17.a' = ANY (names);
-- +goose Down
DROP TABLE child;
",
	"${plain}CREATE PROCEDURE fill() LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1 .. 3 LOOP
		PERFORM fail('18.' || chr(96 + i));
		INSERT INTO mark VALUES ('18.' || i);
		COMMIT;
	END LOOP;
END
\$\$;
CALL fill();
SELECT fail('18.d');
-- +goose Down
DELETE FROM mark WHERE name LIKE '18.%';
DROP PROCEDURE fill();
",
	"${plain}CREATE INDEX CONCURRENTLY IF NOT EXISTS item_done ON item (done);
DROP INDEX CONCURRENTLY item_done;
SELECT fail('19.a');
CREATE INDEX CONCURRENTLY IF NOT EXISTS item_done ON item (done, fail_index('19.b', id));
-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS item_done;
",
	"${up}SELECT fail('20.a');
INSERT INTO mark VALUES ('20');
SELECT fail('20.b');
-- +goose Down
DELETE FROM mark WHERE name = '20';
");
my $last = @migrations;

# ---------------------------------------------------------------- helpers

sub label
{
	my ($version) = @_;

	return sprintf 'base/%05d_step.sql', $version;
}

sub labels { return join ', ', map { label($_) } @_; }

# Write the migrations; those with these versions without a Down part, and each
# other one with the position "VERSION.down" before it.
sub write_migrations
{
	my (%no_down) = map { $_ => 1 } @_;

	foreach my $version (1 .. $last)
	{
		my $text = $migrations[ $version - 1 ];

		if ($no_down{$version})
		{
			$text =~ s/-- \+goose Down\n.*//s;
		}
		elsif ($text !~ /$version\.down/)
		{
			$text =~ s/(-- \+goose Down\n)/$1SELECT public.fail('$version.down');\n/;
		}
		write_files($node, label($version) => $text);
	}
	return;
}

# Begin with the database as it is before the first deploy.
sub start_anew
{
	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $database");
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE start");
	return;
}

sub set_failing
{
	$node->safe_psql($database,
		"UPDATE failing SET names = '{" . join(',', @_) . "}'");
	return;
}

# What there is but for the records, whatever order it is in.
sub contents
{
	return join "\n", sort split /\n/,
	  dump_of($node, $database, '--exclude-table=goose_db_version*');
}

sub versions
{
	return $node->safe_psql($database,
		"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version");
}

# Invalid indexes, and locks.
sub leftovers
{
	return $node->safe_psql($database, q(
		SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid
		UNION ALL SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory'));
}

my ($status, $out, $err);

sub run_call
{
	my ($call) = @_;

	($status, $out, $err) = query($node, $call, database => $database);
	return $status;
}

# What the last line of the error's context says of the database.
sub where_it_is
{
	return $err =~ /^gooseplus_deploy, environment "base": (.*)$/m
	  || $err =~ /^CONTEXT:  gooseplus_deploy, environment "base": (.*)$/m
	  ? $1
	  : "not said: $err";
}

# Deploys, with these positions failing.
sub fail_at
{
	my @positions = @_;

	set_failing(@positions);
	run_call($deploy);
	set_failing();
	return;
}

# Checks that the last deploy has failed at a position, says where the database
# is, and is right: these versions, and these contents unless undef.
sub check_failure
{
	my ($name, $position, $where, $version, $contents) = @_;
	my $message =
	  $position eq '17.a'
	  ? 'violates foreign key constraint .*'
	  : "failed at \Q$position\E";

	like($err, qr/ERROR: .*$message$/m, "$name: it fails there");
	is(where_it_is(), $where, "$name: it says where the database is");
	is(versions(), join(' ', 0 .. $version), "$name: it is at that version");
	ok(contents() eq $contents, "$name: and has its contents")
	  if defined $contents;
	is(leftovers(), '', "$name: no invalid index and no lock is left");
	return;
}

# ------------------------------------------------------- positions

my @positions = map { /fail(?:_index)?\('(\d+\.[a-z])'/g } @migrations;

push @positions, '17.a', map { "5.$_" } 'a' .. 'e';
push @positions, map { "18.$_" } 'a' .. 'c';
@positions = sort { $a <=> $b || $a cmp $b } @positions;

# How many statements are done for good when a migration without a transaction
# fails there; and where also a part of the next one is.
my %committed = (
	'2.b' => 2,
	'2.c' => 3,
	'2.d' => 4,
	'3.a' => 3,
	'5.f' => 1,
	'7.b' => 4,
	'7.c' => 5,
	'10.b' => 3,
	'10.c' => 5,
	'11.a' => 1,
	'11.b' => 4,
	'13.b' => 2,
	'16.b' => 1,
	'16.c' => 2,
	'18.a' => 1,
	'18.b' => 1,
	'18.c' => 1,
	'18.d' => 2,
	'19.a' => 2,
	'19.b' => 3);
my %partial =
  map { $_ => 1 } '5.b', '5.c', '5.d', '5.e', '16.c', '18.b', '18.c';

sub is_half_done { my ($position) = @_; return $committed{$position} || $partial{$position}; }

# Where the database is after a failure at a position, if the return stops at
# the migration that is given; at "initial" if at none.
sub expect_return
{
	my ($position, $initial, $stop, $why) = @_;
	my $failed = int $position;
	my $reached = $stop || $initial;
	my @back = reverse $reached + 1 .. $failed - 1;
	my @parts;

	unshift @back, $failed if is_half_done($position);
	push @parts, 'taken back: ' . labels(@back) if @back;
	push @parts, 'applied: ' . labels($initial + 1 .. $stop),
	  'not taken back: ' . label($stop) . ", as $why"
	  if $stop;
	push @parts, 'the migration is undone' unless @parts;
	return join '; ', @parts,
	  "the database is at version $reached" . ($stop ? '' : ' as before the call');
}

# ------------------------------------------------------- without a failure

my @contents;

$node->safe_psql('postgres',
	'CREATE ROLE deploy_positions; CREATE DATABASE start');
$node->safe_psql('start', $start);
start_anew();
write_migrations();
$contents[0] = contents();
foreach my $version (1 .. $last)
{
	run_call("CALL gooseplus_deploy(version => $version)") == 0
	  or die "could not deploy: $err";
	$contents[$version] = contents();
}
is(leftovers(), '', 'without a failure, no invalid index and no lock is left');

# ------------------------------------------------------- all go back

start_anew();
foreach my $position (@positions)
{
	fail_at($position);
	check_failure("failure at $position", $position,
		expect_return($position, 0), 0, $contents[0]);
}
run_call($deploy);
is($status, 0, 'after all these failures a deploy ends well') or diag($err);
ok(contents() eq $contents[$last], 'and leaves what it should');

# from a version in between
start_anew();
run_call('CALL gooseplus_deploy(version => 6)');
foreach my $position ('7.a', '7.b', '8.a', '13.b', '18.b', '20.b')
{
	fail_at($position);
	check_failure("failure at $position, from version 6",
		$position, expect_return($position, 6), 6, $contents[6]);
}

# ------------------------------------------------------- a Down part fails

start_anew();
foreach my $version (grep { $_ != 15 } 1 .. $last - 1)
{
	my $initial = $version == 1 ? 0 : $version == 16 ? 14 : $version - 1;

	fail_at('20.b', "$version.down");
	check_failure(
		"failure of Down of $version",
		'20.b',
		expect_return('20.b', $initial, $version,
			"its Down part failed: failed at $version.down"),
		$version,
		$contents[$version]);
}
run_call($deploy);
is($status, 0, 'after these failures a deploy ends well') or diag($err);
ok(contents() eq $contents[$last], 'and leaves what it should');

# ------------------------------------------------------- nothing goes back

start_anew();
my $reached = 0;
foreach my $position (grep { !is_half_done($_) } @positions)
{
	my $failed = int $position;
	my $applied = labels($reached + 1 .. $failed - 1);

	set_failing($position);
	run_call(
		q(CALL gooseplus_deploy(options => '{"rollback_on_failure": false}')));
	set_failing();
	check_failure(
		"failure at $position without rollback",
		$position,
		$applied
		? "applied: $applied; the database is at version " . ($failed - 1)
		: "the migration is undone; the database is at version $reached as before the call",
		$failed - 1,
		$contents[ $failed - 1 ]);
	$reached = $failed - 1;
}

# ------------------------------------------------------- no Down part

# What the next deploy has to be told where a part of a statement is done, and
# what is to be done before.
my %decide = (
	5 => ['retry'],
	16 => ['skip'],
	18 => [ 'retry', "DELETE FROM mark WHERE name LIKE '18.%'" ]);

# One position of each migration; the one that has no Down part is itself, or
# one before it.
foreach my $failed (1 .. $last)
{
	my @mine = grep { int $_ == $failed } @positions;
	my $position = $mine[ rand @mine ];
	my @earlier = grep { $_ != 15 } 1 .. $failed - 1;
	my ($stop, $where, $name);

	next unless @mine;
	$stop = !@earlier || rand() < 0.5 ? $failed : $earlier[ rand @earlier ];
	$name = "failure at $position, no Down part of $stop";
	start_anew();
	write_migrations($stop);
	fail_at($position);
	if ($stop < $failed)
	{
		check_failure($name, $position,
			expect_return($position, 0, $stop, 'it has no Down part'),
			$stop, $contents[$stop]);
	}
	elsif (!is_half_done($position))
	{
		check_failure($name, $position, expect_return($position, 0),
			0, $contents[0]);
	}
	else
	{
		my $done = $committed{$position} || 0;

		$where = where_it_is();
		like(
			$where,
			qr/^\Qapplied: @{[labels(1 .. $failed - 1)]}; not taken back: @{[label($failed)]}, as it has no Down part; @{[label($failed)]} is half applied: $done of \E\d+ statements are done/,
			"$name: it says what has stayed");
		is( $where =~ /, and a part of statement @{[$done + 1]};/ ? 1 : 0,
			$partial{$position} || 0,
			"$name: and whether a part of a statement has");
		like($where, qr/; the database is at version @{[$failed - 1]}$/,
			"$name: and the version");
		is(versions(), join(' ', 0 .. $failed - 1), "$name: which is true");
		is(leftovers(), '', "$name: no invalid index and no lock is left");
	}
	if ($stop == $failed && $partial{$position})
	{
		my ($resume, $before) = @{ $decide{$failed} };

		run_call($deploy);
		like($err,
			qr/ERROR:  migration \Q@{[label($failed)]}\E is half applied, and must not go on by itself at statement @{[($committed{$position} || 0) + 1]}, line/,
			"$name: the next deploy asks");
		$node->safe_psql($database, $before) if $before;
		run_call("CALL gooseplus_deploy(resume => '$resume')");
	}
	else
	{
		run_call($deploy);
	}
	is($status, 0, "$name: then a deploy ends well") or diag($err);
	ok(contents() eq $contents[$last], "$name: and leaves what it should")
	  or diag("GOOSEPLUS_SEED=$seed");
}

$node->stop;
done_testing();
