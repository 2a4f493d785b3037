# Deploys and reverts that are cut off at random points, by the death of their
# process or of the whole server, and deploys that fail and are cut off while they
# return: the next call goes on, or says exactly what there is to decide; nothing
# is done twice, and nothing stays behind.
#
# GOOSEPLUS_SEED repeats the points of a run, GOOSEPLUS_CRASHES says how many
# there are.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $crashes = $ENV{GOOSEPLUS_CRASHES} || 100;
my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**31));
my $node = new_node('deploy_crash');
my $database = 'work';

srand($seed);
note("GOOSEPLUS_SEED=$seed GOOSEPLUS_CRASHES=$crashes");

# The striker's loop must see what the others do, and be in nobody's way: it
# has a database of its own, as CREATE INDEX CONCURRENTLY waits for the
# snapshots in the same one.
$node->append_conf('postgresql.conf', "autovacuum = off\n"
	  . "bgwriter_lru_maxpages = 0\n"
	  . "full_page_writes = off\n");
$node->restart;
$node->safe_psql('postgres', "CREATE DATABASE $database");
$node->safe_psql($database,
	'CREATE EXTENSION gooseplus; CREATE TABLE divisor (n int); INSERT INTO divisor VALUES (1)');

# ------------------------------------------------------------- migrations
#
# "mark" tells how often each statement was done.  What the tests have to
# decide about after a crash is in %decide.

write_files(
	$node,
	'base/00001_tables.sql' => q(-- +goose Up
CREATE TABLE mark (name text);
CREATE TABLE item (id int, done boolean DEFAULT false, n int DEFAULT 0, note text);
INSERT INTO item (id, note) SELECT i, 'note ' || i FROM generate_series(1, 1500) i;
INSERT INTO mark VALUES ('1.4');
-- +goose Down
DROP TABLE item;
DROP TABLE mark;
),
	'base/00002_indexes.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY item_note ON item (note);
INSERT INTO mark VALUES ('2.2');
CREATE UNIQUE INDEX CONCURRENTLY item_id ON item (id);
VACUUM item;
-- +goose Down
DROP INDEX CONCURRENTLY item_id;
DELETE FROM mark WHERE name LIKE '2.%';
DROP INDEX CONCURRENTLY item_note;
),
	'base/00003_enum.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
CREATE TYPE color AS ENUM ('red');
ALTER TYPE color ADD VALUE 'green';
CREATE TABLE paint AS SELECT 'green'::color AS color;
-- +goose Down
DROP TABLE paint;
DROP TYPE color;
),
	'base/00004_batches.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO mark VALUES ('4.1');
DO $$
DECLARE
	changed int;
BEGIN
	LOOP
		UPDATE item SET done = true, n = n + 1 WHERE id IN
			(SELECT id FROM item WHERE NOT done ORDER BY id LIMIT 150);
		GET DIAGNOSTICS changed = ROW_COUNT;
		COMMIT;
		EXIT WHEN changed = 0;
	END LOOP;
END
$$;
INSERT INTO mark VALUES ('4.3');
DO $$
BEGIN
	INSERT INTO mark VALUES ('4.4');
	COMMIT;
	PERFORM count(*) FROM item a JOIN item b USING (note);
END
$$;
-- +goose Down
UPDATE item SET done = false, n = 0;
DELETE FROM mark WHERE name LIKE '4.%';
),
	'base/00005_blocks.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO mark VALUES ('5.1');
BEGIN;
INSERT INTO mark VALUES ('5.3');
ALTER TABLE item ADD COLUMN extra int DEFAULT 7;
UPDATE item SET extra = id;
COMMIT;
INSERT INTO mark VALUES ('5.7');
BEGIN;
INSERT INTO mark VALUES ('5.9');
COMMIT;
-- +goose Down
BEGIN;
ALTER TABLE item DROP COLUMN extra;
DELETE FROM mark WHERE name LIKE '5.%';
COMMIT;
),
	'base/00006_commit.sql' => q(-- +goose Up
INSERT INTO mark VALUES ('6.1');
CREATE TABLE six (id int);
COMMIT;
INSERT INTO mark VALUES ('6.4');
INSERT INTO six SELECT generate_series(1, 1000);
-- +goose Down
DROP TABLE six;
DELETE FROM mark WHERE name LIKE '6.%';
),
	'base/00007_rebuild.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
REINDEX INDEX CONCURRENTLY item_note;
REINDEX TABLE CONCURRENTLY item;
DROP INDEX CONCURRENTLY item_note;
CREATE INDEX CONCURRENTLY IF NOT EXISTS item_note ON item (note, id);
INSERT INTO mark VALUES ('7.5');
-- +goose Down
DELETE FROM mark WHERE name LIKE '7.%';
DROP INDEX CONCURRENTLY item_note;
CREATE INDEX CONCURRENTLY item_note ON item (note);
),
	'base/00008_alter.sql' => q(-- +goose Up
ALTER TABLE item ALTER COLUMN note TYPE varchar(50);
CREATE VIEW done AS SELECT id FROM item WHERE done;
UPDATE item SET n = n + 10;
INSERT INTO mark VALUES ('8.4');
-- +goose Down
DROP VIEW done;
UPDATE item SET n = n - 10;
ALTER TABLE item ALTER COLUMN note TYPE text;
DELETE FROM mark WHERE name LIKE '8.%';
),
	'base/00009_several.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
INSERT INTO mark VALUES ('9.1a');
INSERT INTO mark VALUES ('9.1b');
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO mark VALUES ('9.2a');
COMMIT;
INSERT INTO mark VALUES ('9.2b');
-- +goose StatementEnd
VACUUM (ANALYZE) mark;
-- +goose Down
DELETE FROM mark WHERE name LIKE '9.%';
),
	'base/00010_parts.sql' => q(-- +goose Up
CREATE TABLE part (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (100);
INSERT INTO part SELECT generate_series(1, 99);
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 5 LOOP
		INSERT INTO mark SELECT 'fill ' || i
			WHERE NOT EXISTS (SELECT FROM mark WHERE name = 'fill ' || i);
		COMMIT;
	END LOOP;
END
$$;
-- +goose Down
DROP PROCEDURE fill();
DROP TABLE part;
),
	'base/00011_detach.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE part DETACH PARTITION part_1 CONCURRENTLY;
CALL fill();
INSERT INTO mark VALUES ('11.3');
-- +goose Down
DELETE FROM mark WHERE name LIKE '11.%' OR name LIKE 'fill %';
ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (1) TO (100);
),
	'base/00012_end.sql' => q(-- +goose Up
CREATE TABLE last AS SELECT id FROM item WHERE id <= 500;
INSERT INTO mark VALUES ('12.2');
-- +goose Down
DELETE FROM mark WHERE name LIKE '12.%';
DROP TABLE last;
),
	'base/00013_may_fail.sql' => q(-- +goose NO TRANSACTION
-- +goose Up
INSERT INTO mark VALUES ('13.1');
SELECT 1 / n FROM divisor;
INSERT INTO mark VALUES ('13.3');
-- +goose Down
DELETE FROM mark WHERE name LIKE '13.%';
));

# Statements that commit a part of themselves, as VERSION.STATEMENT, and the
# query that says what to do about them.
my %decide = (
	# whatever is not done is done now
	'4.2' => q(SELECT 'retry'),
	'11.2' => q(SELECT 'retry'),
	# what it is for is done first
	'4.4' => q(SELECT CASE WHEN EXISTS (SELECT FROM mark WHERE name = '4.4')
		THEN 'skip' ELSE 'retry' END),
	# its second half: done by hand, if need be
	'9.2' => q(INSERT INTO mark SELECT '9.2b'
			WHERE EXISTS (SELECT FROM mark WHERE name = '9.2a')
			AND NOT EXISTS (SELECT FROM mark WHERE name = '9.2b');
		SELECT CASE WHEN EXISTS (SELECT FROM mark WHERE name = '9.2b')
		THEN 'skip' ELSE 'retry' END));

# --------------------------------------------------------------- striking

# Waits until the deploy's session shows "activity" and the write-ahead log has
# grown to "position", then so many milliseconds more, and runs the command.
# Says so; if the call has ended by itself, does nothing.
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION strike(activity text, "position" pg_lsn, pause float8, command text)
		RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		struck record;
		start timestamptz;
	BEGIN
		LOOP
			SELECT pid, state, query INTO struck FROM pg_stat_activity
				WHERE application_name = 'deploy';
			IF struck.state = 'idle' AND struck.query LIKE '%gooseplus%' THEN
				RETURN;
			END IF;
			EXIT WHEN struck.state = 'active' AND struck.query LIKE activity
				AND pg_current_wal_insert_lsn() >= "position";
			PERFORM pg_stat_clear_snapshot();
		END LOOP;
		start := clock_timestamp();
		WHILE clock_timestamp() < start + pause * '1 ms'::interval LOOP END LOOP;
		RAISE NOTICE 'striking';
		EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', format(command, struck.pid));
	END
	$$;
));

# Another one after each crash.
my $checkpointer_pid =
  "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";

my ($status, $out, $err);
my $deploy = 'CALL gooseplus_deploy()';
my $revert = 'CALL gooseplus_revert(0)';

# What a run of each kind takes, in milliseconds and bytes of log.
my (%milliseconds, %bytes);

# Runs a call to its end.
sub run_call
{
	my ($call) = @_;

	($status, $out, $err) =
	  query($node, "\\set VERBOSITY verbose\n$call", database => $database);
	return $status;
}

sub measure
{
	my ($call) = @_;
	my $position = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	my $start = time;

	run_call($call) == 0 or die "$call failed: $err";
	$milliseconds{$call} = 1000 * (time - $start);
	$bytes{$call} = $node->safe_psql('postgres',
		"SELECT pg_current_wal_insert_lsn() - '$position'");
	note(sprintf '%s: %d ms, %d bytes of log', $call, $milliseconds{$call},
		$bytes{$call});
	return;
}

# The labels and numbers of all statements that a call shows.
my @places = (
	[ 1, 4 ], [ 2, 4 ], [ 3, 3 ], [ 4, 4 ], [ 5, 10 ], [ 6, 5 ], [ 7, 5 ],
	[ 8, 4 ], [ 9, 3 ], [ 10, 4 ], [ 11, 3 ], [ 12, 2 ], [ 13, 3 ]);

# One random point of what is left of a call, as arguments of strike(): half of
# them in a statement, the others by time or by what is written; of a call that
# fails, in its return.  What has been written so far need not be recovered.
sub random_point
{
	my ($call, $fails) = @_;
	my ($now, $version, $checkpointer) = split /\|/, $node->safe_psql($database,
		"CHECKPOINT; SELECT pg_current_wal_insert_lsn(), max(version_id), ($checkpointer_pid) FROM goose_db_version");
	my @left = grep { $call eq $revert ? $_->[0] <= $version : $_->[0] > $version } @places;
	my $left = @left / @places;
	my $whole = $call eq $revert ? $revert : $deploy;
	my $kind = int rand 4;
	my $place = $left[ rand @left ];

	my ($activity, $more, $pause) = ('%', 0, 0);

	if ($fails && $kind % 2 == 0)
	{
		$pause = $milliseconds{$deploy} + rand $milliseconds{$revert};
	}
	elsif ($fails)
	{
		$more = int($bytes{$deploy} + rand $bytes{$revert});
	}
	elsif ($kind == 0 || !@left)
	{
		$pause = $left * rand $milliseconds{$whole};
	}
	elsif ($kind == 1)
	{
		$more = int($left * rand $bytes{$whole});
	}
	else
	{
		$activity = sprintf 'gooseplus: %%/%05d\_%% statement %d', $place->[0],
		  $call eq $revert ? 1 : 1 + rand $place->[1];
		$pause = rand 4;
	}
	return ($activity, $now, $more, $pause, $checkpointer);
}

# Starts the call, and kills its process, or stops the server.  Returns whether
# it did.  The call may have ended before that: $status is 2 if not.  Its session
# stays until the strike is over, so that it hits nobody else.
sub strike
{
	my ($call, $fails) = @_;
	my ($activity, $position, $more, $pause, $checkpointer) =
	  random_point($call, $fails);
	my $stop = rand() < 0.2;
	my $settings = rand() < 0.3 ? 'SET synchronous_commit = off;' : '';
	my $over = PostgreSQL::Test::Utils::tempdir('strike') . '/over';
	my $command =
	  $stop ? 'kill -QUIT `head -n 1 postmaster.pid`' : 'kill -KILL %s';
	my $striker = start_psql($node,
		"SELECT strike('$activity', '$position'::pg_lsn + $more, $pause, '$command')",
		name => 'striker');
	my $struck = start_psql(
		$node,
		"\\set ON_ERROR_STOP off\n\\set VERBOSITY verbose\n$settings\n$call;\n"
		  . "\\! until [ -e '$over' ]; do sleep 0.01; done\n",
		name => 'deploy',
		database => $database);
	my $striking;

	(undef, undef, $striking) = finish_psql($striker);
	write_raw($over, '');
	($status, $out, $err) = finish_psql($struck);
	$status = 3 if $status == 0 && $err =~ /ERROR: /;
	return 0 unless $striking =~ /striking/;
	if ($stop)
	{
		$node->stop('immediate', fail_ok => 1);
		$node->start;
	}
	wait_server($node, "SELECT ($checkpointer_pid) <> $checkpointer")
	  or die 'the server did not come back';
	return 1;
}

# ---------------------------------------------------------------- checking

# What is in the database but for the records, whatever order it is in.
sub contents
{
	return join "\n", sort split /\n/,
	  dump_of($node, $database, '--exclude-table=goose_db_version*');
}

# The versions that are recorded, in order.
my $recorded =
  "SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version";

# Nothing hangs on from what was cut off: no lock, no index, no transaction, no
# row of the history that says it is still running.
my $leftovers = q(
	SELECT 'lock of ' || pid FROM pg_locks WHERE locktype = 'advisory'
	UNION ALL SELECT 'invalid index ' || indexrelid::regclass FROM pg_index
		WHERE NOT indisvalid
	UNION ALL SELECT 'prepared ' || gid FROM pg_prepared_xacts
	UNION ALL SELECT 'running: ' || event || ' ' || coalesce(source, '')
		FROM goose_db_version_history WHERE outcome = 'running');

# How often what was seen, and what went wrong.
my (%hits, %decisions, @problems);
my $points = 0;

sub problem
{
	my ($text) = @_;

	push @problems, "after point $points: $text";
	return;
}

# Where the call was cut off: the statement that the journal says, or, where
# there is none, the migrations between which it is.
sub count_hit
{
	my ($call) = @_;
	my $place = $node->safe_psql($database, q(
		SELECT format('%s %s.%s', direction, version, coalesce(statement, statements + 1))
		FROM goose_db_version_history
		WHERE event = 'migration' AND outcome = 'running' ORDER BY id DESC LIMIT 1))
	  || ($call eq $deploy ? 'up' : 'down')
	  . ' with version '
	  . $node->safe_psql($database, 'SELECT max(version_id) FROM goose_db_version');

	$points++;
	$hits{$place}++;
	return;
}

# The call has failed: decide what it asks for.  Returns the call to go on
# with, undef if that is not a question that may be asked.
sub decide
{
	my ($version, $statement, $line) = $err =~
	  /ERROR:  55000: migration base\/0*(\d+)_\w+\.sql is half applied, and must not go on by itself at statement (\d+), line (\d+)\n/;
	my ($answer, $file, @lines);

	# cut off while it recorded its version
	if ($err =~ /ERROR:  55000: all statements of migration base\/\d+_\w+\.sql are done, but it must not be recorded without asking\n(?:.*\n)*?HINT: .*\{"resume": "retry"\} to record it/)
	{
		$decisions{'record'}++;
		return 'retry';
	}
	# cut off after its failure was stored, and before anything was taken back:
	# the crash has let the sequence of the versions jump
	if ($err =~ /base\/00013_may_fail\.sql is half applied, and must not go on by itself at statement 2, .*\nDETAIL: .* A version has been recorded since, or a run was cut off while it recorded one, or the server has crashed\./)
	{
		my $outcome = $node->safe_psql($database, q(
			SELECT outcome FROM goose_db_version_history
			WHERE event = 'migration' AND version = 13 ORDER BY id DESC LIMIT 1));

		problem("the outcome of 00013_may_fail.sql is \"$outcome\"")
		  unless $outcome eq 'failed';
		$decisions{'failed'}++;
		return 'retry';
	}
	if (!defined $version || !$decide{"$version.$statement"})
	{
		problem("it fails with: $err");
		return;
	}
	problem("no hint in $err")
	  unless $err =~ /HINT: .*\{"resume": "retry"\}.*\{"resume": "skip"\}/;
	($file) = glob sprintf '%s/base/%05d_*.sql', migrate_root($node), $version;
	@lines = split /\n/, slurp_file($file);
	problem("statement $version.$statement is not at line $line")
	  unless $lines[ $line - 1 ] =~ /^(DO \$\$|CALL|INSERT.*9\.2a)/;
	$answer = $node->safe_psql($database, $decide{"$version.$statement"});
	$decisions{"$version.$statement $answer"}++;
	return $answer;
}

# A deploy was cut off while it returned: takes back the rest, as the error says.
# Returns false if it says something else.
sub finish_return
{
	return 0
	  unless $err =~
	  /ERROR:  55000: migration base\/0*\d+_\w+\.sql is half taken back\n(?:.*\n)*?HINT:  CALL gooseplus_revert, to a version below (\d+), goes on with it\./;
	$decisions{'revert'}++;
	return 1 if run_call("CALL gooseplus_revert($1 - 1)") == 0;
	problem("the revert fails with: $err");
	return 0;
}

# A deploy that fails, and is cut off while it returns, if there are points
# left.
sub check_return
{
	my ($contents) = @_;
	my $crashed;

	$node->safe_psql($database, 'UPDATE divisor SET n = 0');
	$crashed = $points < $crashes ? strike($deploy, 1) : run_call($deploy) == 0;
	count_hit($deploy) if $status == 2;
	$node->safe_psql($database, 'UPDATE divisor SET n = 1');
	return if $crashed;
	problem("it does not return: $err")
	  unless $status == 3
	  && $err =~ /ERROR:  22012.*taken back: .*; the database is at version 0 as before the call$/ms
	  && contents() eq $contents;
	return;
}

# Calls, with crashes on the way as long as there are points left, until the
# call has ended well.  Returns false if it never does.
sub call_until_done
{
	my ($call) = @_;
	my $answer;

	foreach my $try (1 .. 50)
	{
		my $this = $call;
		my $crashed = 0;

		$this =~ s/\(\)/(resume => '$answer')/ if $answer;
		if ($points < $crashes && rand() < ($call eq $deploy ? 0.9 : 0.6))
		{
			$crashed = strike($this);
		}
		else
		{
			run_call($this);
		}
		count_hit($call) if $status == 2;
		# without synchronous_commit, a crash undoes what ended before it
		return 1 if $status == 0 && !$crashed;
		$answer = undef;
		next if $crashed || finish_return();
		$answer = decide() || return 0;
	}
	problem("it never ends: $err");
	return 0;
}

# Calls until done, and compares.
sub check_call
{
	my ($call, $contents, $versions) = @_;
	my $left;

	call_until_done($call) || return 0;
	problem("$call leaves other contents")
	  unless contents() eq $contents;
	$left = $node->safe_psql($database, "$recorded; $leftovers");
	problem("$call leaves $left") unless $left eq $versions;
	return 1;
}

# ---------------------------------------------------------------- all of it

my $all = join ' ', 0 .. 13;
my ($empty, $full);

run_call($deploy);
run_call($revert);
$empty = contents();
measure($deploy);
$full = contents();
measure($revert);
is(contents(), $empty, 'without a crash, a revert undoes all that a deploy does');

while ($points < $crashes && !@problems)
{
	check_return($empty) if rand() < 0.5;
	check_call($deploy, $full, $all) || last;
	check_call($revert, $empty, '0') || last;
}

note("hit $_: $hits{$_}") foreach sort keys %hits;
note("decided $_: $decisions{$_}") foreach sort keys %decisions;
is(join("\n", @problems), '', "$points crashes, and each time the next call can go on")
  or diag("GOOSEPLUS_SEED=$seed");
is($points, $crashes, 'so many crashes as asked for');
cmp_ok(scalar(keys %hits), '>=', $crashes / 8, 'in many places');

$node->stop;
done_testing();
