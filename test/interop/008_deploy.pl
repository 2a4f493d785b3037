# 008_deploy.pl - CALL gooseplus_deploy and gooseplus_revert leave in a database
# what goose's Provider leaves: migrations without a transaction, transactions
# in files, failures in the middle, both in turns, and both at the same time.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Steps;
use Talk;
use Test::More;

my $online = OWN_TREES . '/online';
my @online_versions = (1 .. 10, 20, 20260303030303);

# What trees/online leaves in its tables, so that two sides that fail alike do
# not pass.
my $online_notes = 'after a rollback,batch of 0,batch of 20,batch of 70,'
  . 'batch of 70,batch of 70,batch of 70,count 2,count 4,count 6,count 8,'
  . 'group: implicit';
my $online_loans = '1,3,5,8,9,11';

# One query on a side of a run, or on a database; rows as one text.
sub values_of
{
	my ($where, $query) = @_;

	return sql($where, $query) unless ref $where;
	my ($state, $message, @lines) = ask($where->{psql}, $query);

	die $message if $state ne '00000';
	return join "\n", @lines;
}

sub online_is_there
{
	my ($where, $name) = @_;

	is( values_of($where,
			q{SELECT string_agg(note, ',' ORDER BY note COLLATE "C") FROM notes}),
		$online_notes, "$name: notes");
	is( values_of($where,
			q{SELECT string_agg(reader::text, ',' ORDER BY reader) FROM loans}),
		$online_loans, "$name: loans");
}

# ------------------------------------------------------------ up, down, in turns

# Each step: who does it in turns, the step, and what goose makes of it.
my @online_steps = (
	[ 'deploy', [ 'up-to', 3 ], '1 up, 2 up, 3 up' ],
	[ 'goose', [ 'up-to', 5 ], '4 up, 5 up' ],
	[ 'gooseplus', [ 'up-to', 7 ], '6 up, 7 up' ],
	[ 'deploy', [ 'up-to', 8 ], '8 up' ],
	[ 'goose', ['up'], '9 up empty, 10 up, 20 up, 20260303030303 up' ],
	[ 'deploy', ['up'], '' ],
	[
		'deploy', [ 'down-to', 7 ],
		'20260303030303 down, 20 down, 10 down empty, 9 down empty, 8 down'
	],
	[ 'goose', [ 'down-to', 5 ], '7 down, 6 down' ],
	[ 'gooseplus', [ 'down-to', 3 ], '5 down, 4 down' ],
	[ 'deploy', ['reset'], '3 down, 2 down, 1 down' ],
	[
		'deploy', ['up'],
		join ', ', map { $_ == 9 ? '9 up empty' : "$_ up" } @online_versions
	],
	[
		'goose', ['reset'],
		join ', ', map { /^(?:9|10)$/ ? "$_ down empty" : "$_ down" }
		  reverse @online_versions
	]);

subtest 'online' => sub {
	my $folder = copy_tree('online', $online);
	my $run = start_run('online', $folder, qw(goose deploy turns));

	$run->{deploys} = 1;
	foreach (@online_steps)
	{
		my ($by, $step, $expected) = @$_;
		my $answer = do_step($run, $step, $by) or last;

		is(text_of($answer), $expected, "$by in turn: " . describe_step($step));
		next unless $expected =~ /20260303030303 up/;
		online_is_there($_, $_->{name}) foreach @{ $run->{sides} };
	}
	stop_run($run);
};

# --------------------------------------------------------------------- failures

# Parts that fail, one in each line: a name, the error, what is in the log
# then, and the statements.  A and B write a and b to the log, FAIL fails, and
# brackets are StatementBegin and StatementEnd.
my $outside = <<'EOT';
in the middle => 22012, a: A; FAIL; B;
at first => 22012, : FAIL; A; B;
one of several commands => 22012, : [ A; FAIL; B; ]
several commands, the second statement => 22012, a: A; [ B; FAIL; ]
COMMIT between commands => 22012, a: [ A; COMMIT; B; FAIL; ]
ROLLBACK between commands => 22012, : [ A; ROLLBACK; B; FAIL; ]
BEGIN between commands => 22012, : [ A; BEGIN; B; FAIL; ]
inside BEGIN => 22012, : BEGIN; A; FAIL; B; COMMIT;
behind COMMIT => 22012, a: BEGIN; A; COMMIT; FAIL; B;
in a second BEGIN => 22012, a: BEGIN; A; COMMIT; BEGIN; B; FAIL; COMMIT;
behind ROLLBACK => 22012, b: BEGIN; A; ROLLBACK; B; FAIL;
behind ROLLBACK TO => 22012, : BEGIN; A; SAVEPOINT s; B; ROLLBACK TO s; FAIL; COMMIT;
code that commits => P0001, a: [ DO $$ BEGIN A; COMMIT; B; RAISE 'no'; END $$; ]
code that rolls back => 22012, b: [ DO $$ BEGIN A; ROLLBACK; B; COMMIT; PERFORM 1 / 0; END $$; ]
a procedure that commits => 22012, ab: CALL commits(); A;
code that commits inside BEGIN => 2D000, : BEGIN; A; CALL commits(); COMMIT;
a deferred constraint => 23503, a: A; [ B; INSERT INTO child VALUES (-1); ]
a deferred constraint at COMMIT => 23503, : BEGIN; A; INSERT INTO child VALUES (-1); B; COMMIT;
an index that cannot be => 23505, a: A; CREATE UNIQUE INDEX CONCURRENTLY once ON twice (n); B;
VACUUM inside BEGIN => 25001, : BEGIN; A; VACUUM twice; COMMIT;
VACUUM among several commands => 25001, : [ VACUUM twice; A; ]
CONCURRENTLY among several commands => 25001, : [ A; DROP INDEX CONCURRENTLY twice_n; ]
SAVEPOINT without BEGIN => 25P01, a: A; SAVEPOINT s; B;
LOCK TABLE without BEGIN => 25P01, a: A; LOCK TABLE twice; B;
a read-only transaction => 25006, a: A; BEGIN READ ONLY; B; COMMIT;
a time limit of its own => 57014, a: A; SET statement_timeout = '20ms'; SELECT pg_sleep(30); B;
a value of a new enum => 55P04, a: A; [ ALTER TYPE mood ADD VALUE 'bad'; SELECT 'bad'::mood; ]
EOT
my $inside = <<'EOT';
in the middle => 22012, : A; FAIL; B;
behind COMMIT => 22012, a: A; COMMIT; FAIL; B;
later behind COMMIT => 22012, ab: A; COMMIT; B; FAIL;
behind COMMIT and BEGIN => 22012, a: A; COMMIT; BEGIN; B; FAIL;
behind ROLLBACK => 22012, b: A; ROLLBACK; B; FAIL;
COMMIT between commands => 22012, a: [ A; COMMIT; B; FAIL; ]
code that commits => 2D000, : A; CALL commits(); B;
code that commits behind COMMIT => 22012, aab: A; COMMIT; CALL commits();
a deferred constraint => 23503, : A; INSERT INTO child VALUES (-1); B;
a deferred constraint behind COMMIT => 23503, a: A; COMMIT; INSERT INTO child VALUES (-1);
a value of a new enum => 55P04, : A; ALTER TYPE mood ADD VALUE 'sad'; SELECT 'sad'::mood;
a savepoint of its own => 22012, : A; SAVEPOINT s; B; ROLLBACK TO s; FAIL;
EOT

# Statements as they stand in a file.
sub statements_of
{
	my ($text) = @_;

	$text =~ s/\b([AB])\b/"INSERT INTO log VALUES ('" . lc($1) . "')"/ge;
	$text =~ s/\bFAIL\b/SELECT 1 \/ 0/g;
	$text =~ s/; */;\n/g;
	$text =~ s/\[ */-- +goose StatementBegin\n/g;
	$text =~ s/\] */-- +goose StatementEnd\n/g;
	return $text;
}

# The parts of a text above, all or those with these numbers: name, error,
# log, statements.
sub parts_of
{
	my ($text, @numbers) = @_;
	my @parts = map { [ /^(.*) => (\w+), (\w*): (.*)$/ ] } split /\n/, $text;

	$_->[3] = statements_of($_->[3]) foreach @parts;
	return @numbers ? @parts[@numbers] : @parts;
}

sub write_file
{
	my ($file, @lines) = @_;

	open my $handle, '>', $file or die "$file: $!";
	print $handle map { "$_\n" } @lines;
	close $handle or die "$file: $!";
	return;
}

# A migration that fails on its way up or down: what is left is what goose
# leaves.
sub failing
{
	my ($run, $version, $direction, $head, $part) = @_;
	my ($name, $error, $log, $statements) = @$part;
	my $file = "$run->{folder}/${version}_fails.sql";
	my $up = $direction eq 'up';
	my $answer;

	$name = join ' ', $direction, $head ? 'without a transaction:' : 'with a transaction:', $name;
	on_all($run, 'TRUNCATE log');
	write_file($file, $head, '-- +goose Up', $up ? $statements : 'SELECT 1;',
		'-- +goose Down', $up ? () : $statements);
	if (!$up)
	{
		do_step($run, ['up']) or return 0;
	}
	$answer = do_step($run, $up ? ['up'] : [ 'down-to', $version - 1 ])
	  or return 0;
	is(text_of($answer), "ERROR $error", "$name: fails");
	foreach my $side (@{ $run->{sides} })
	{
		is( values_of($side, q{SELECT string_agg(what, '' ORDER BY what) FROM log}),
			$log, "$name: log of $side->{name}");
	}
	if ($up) { unlink $file; }
	else { write_file($file, '-- +goose Up', '-- +goose Down'); }
	return 1;
}

subtest 'failures' => sub {
	my $folder = copy_tree('failures');
	my $run = start_run('failures', $folder, qw(goose deploy));
	my $version = 100;
	my $no = '-- +goose NO TRANSACTION';
	my @cases = (
		(map { [ 'up', $no, $_ ] } parts_of($outside)),
		(map { [ 'up', '', $_ ] } parts_of($inside)),
		(map { [ 'down', $no, $_ ] } parts_of($outside, 0, 4, 8, 12, 18)),
		(map { [ 'down', '', $_ ] } parts_of($inside, 0, 3, 8)));

	on_all($run, $_)
	  foreach 'CREATE TABLE log (what text)',
	  'CREATE TABLE parent (id int PRIMARY KEY)',
	  'CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)',
	  'CREATE TABLE twice AS SELECT 1 AS n FROM generate_series(1, 2)',
	  'CREATE INDEX twice_n ON twice (n)',
	  "CREATE TYPE mood AS ENUM ('good')",
	  statements_of('CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN'
		  . ' A; COMMIT; B; COMMIT; A; PERFORM 1 / 0; END $$');
	foreach my $case (@cases)
	{
		failing($run, ++$version, @$case) or last;
	}
	stop_run($run);
};

# ------------------------------------------------------ who goes on after a failure

# One has failed half-way through a file that can run again; the other one, or
# the same, finishes it: who, in order, and what is in the log of it then.
# goose begins again; a deploy, too, if it was not a deploy that failed.
my @finishes = (
	[ 'deploy', 'goose', 'aab' ],
	[ 'goose', 'deploy', 'aab' ],
	[ 'deploy', 'deploy', 'ab' ],
	[ 'goose', 'goose', 'aab' ]);

foreach (@finishes)
{
	my ($first, $second, $log) = @$_;

	subtest "$second goes on where $first has failed" => sub {
		my $database = database('finishes');
		my $folder = copy_tree("finishes_${first}_$second");
		my $options = options($folder, '"rollback_on_failure": false');
		my %by = (
			goose => sub { provider($database, $folder, 'up') },
			deploy => sub { deploy($database, $options) });
		my $in_log = q{SELECT string_agg(what, '' ORDER BY what) FROM log};

		sql($database, 'CREATE TABLE log (what text)');
		sql($database, 'CREATE TABLE twice AS SELECT 1 AS n FROM generate_series(1, 2)');
		write_file("$folder/1_fails.sql", '-- +goose NO TRANSACTION', '-- +goose Up',
			statements_of('A; CREATE UNIQUE INDEX CONCURRENTLY once ON twice (n); B;'),
			'-- +goose Down', 'DELETE FROM log;', 'DROP INDEX CONCURRENTLY once;');
		isnt($by{$first}->()->{status}, 0, "$first fails");
		is(sql($database, $in_log), 'a', 'one statement is done');
		is(invalid_indexes($database), $first eq 'goose' ? 'once' : '',
			'invalid indexes');
		sql($database, 'DROP INDEX once') if $first eq 'goose';
		sql($database, 'DELETE FROM twice WHERE ctid = (SELECT min(ctid) FROM twice)');

		my $result = $by{$second}->();
		is($result->{status}, 0, "$second finishes it") or diag $result->{err};
		is(sql($database, $in_log), $log, 'log');
		is(version_rows($database), "0|t\n1|t", 'version rows');

		# and a deploy sees that it is done
		$result = deploy($database, $options);
		is($result->{status}, 0, 'a deploy') or diag $result->{err};
		like($result->{err}, qr/no migrations to run/, 'has nothing to do');
		$result =
		    $second eq 'goose'
		  ? provider($database, $folder, 'down-to', 0)
		  : revert($database, $options, 0);
		is($result->{status}, 0, 'the way back') or diag $result->{err};
		is(sql($database, $in_log), '', 'nothing is left in the log');
		is(version_rows($database), '0|t', 'nor in the version table');
		$result = deploy($database, $options);
		is($result->{status}, 0, 'a deploy') or diag $result->{err};
		is(sql($database, $in_log), 'ab', 'begins with the first statement');
	};
}

# ------------------------------------------------------ differences that are meant

# The same files by both; returns the databases, and the results of both.
sub both
{
	my ($name, %files) = @_;
	my $folder = copy_tree($name);
	my ($by_goose, $by_deploy) = map { database("${name}_$_") } qw(goose deploy);

	write_file("$folder/${_}_file.sql", @{ $files{$_} }) foreach keys %files;
	my $goose = provider($by_goose, $folder, 'up');
	my $deploy = deploy($by_deploy,
		options($folder, '"rollback_on_failure": false'));
	return ($by_goose, $by_deploy, $goose, $deploy);
}

subtest 'what a transaction cannot do is found before anything runs' => sub {
	my ($by_goose, $by_deploy, $goose, $deploy) = both(
		'early',
		1 => [ '-- +goose Up', 'CREATE TABLE early (i int);' ],
		2 => [ '-- +goose Up', 'CREATE INDEX CONCURRENTLY early_i ON early (i);' ]);

	like($goose->{err}, qr/25001/, 'goose fails');
	is(version_rows($by_goose), "0|t\n1|t", 'at the second file');
	like($deploy->{err}, qr/cannot run inside a transaction/, 'and so does a deploy');
	is(sql($by_deploy, q{SELECT to_regclass('early')}), '', 'before the first one');
};

subtest 'a BEGIN without its COMMIT' => sub {
	my ($by_goose, $by_deploy, $goose, $deploy) = both(
		'open',
		1 => [ '-- +goose Up', 'CREATE TABLE first (i int);' ],
		2 => [
			'-- +goose NO TRANSACTION', '-- +goose Up',
			'BEGIN;', 'CREATE TABLE lost (i int);'
		]);

	is($goose->{status}, 0, 'goose says that all is well');
	like($deploy->{err}, qr/ends inside a transaction/, 'a deploy says what is wrong');
	is(version_rows($by_deploy), version_rows($by_goose), 'version rows are the same');
	is(schema_dump($by_deploy), schema_dump($by_goose), 'and so is the schema');
};

subtest 'settings end with their migration' => sub {
	my ($by_goose, $by_deploy, $goose, $deploy) = both(
		'settings',
		1 => [
			'-- +goose NO TRANSACTION', '-- +goose Up',
			'CREATE SCHEMA one;', 'SET search_path = one, public;',
			'CREATE TABLE in_one ();'
		],
		2 => [ '-- +goose Up', 'CREATE TABLE two ();' ]);

	is($_->{status}, 0, 'works') or diag $_->{err} foreach $goose, $deploy;
	my @places = map {
		sql($_, q{SELECT string_agg(oid::regclass::text, ' ' ORDER BY relname)
			FROM pg_class WHERE relname IN ('in_one', 'two')})
	} $by_goose, $by_deploy;
	is($places[0], 'one.in_one one.two', 'under goose they reach the next one');
	is($places[1], 'one.in_one two', 'in a deploy they do not');
};

# ------------------------------------------------------------- at the same time

# Each round starts several at once; some go part of the way, so that the lock
# changes hands in the middle.
foreach my $round (1 .. 3)
{
	subtest "all at once, round $round" => sub {
		my $database = database('at_once');
		my $folder = copy_tree("at_once_$round", $online);
		my $options = options($folder, '"drop_concurrently": "always"');
		my @commands = (
			(map { [ 'a deploy', Interop::deploy_command($database, $options, @$_) ] }
				[], ['version => 4'], ['version => 8']),
			(map { [ 'goose', Interop::provider_command($database, $folder, @$_) ] }
				[ 'up-to', 3 ], ['up']));
		my @order = ((@commands) x 2)[ $round .. $round + $#commands ];
		my @started = map { [ $_->[0], start_command(@$_[ 1 .. $#$_ ]) ] } @order;

		foreach (@started)
		{
			my ($who, $command) = @$_;
			my ($status, $out, $err) = finish_command($command);

			is($status, 0, "$who does not fail") or diag $err;
		}
		is(version_rows($database), join("\n", map { "$_|t" } 0, @online_versions),
			'each version is recorded once, in order');
		online_is_there($database, 'each statement has run once');
		is(invalid_indexes($database), '', 'no invalid index');
	};
}

# One builds an index, held up by an open transaction, and the other one waits
# for the lock: the wait must not hold up the index for good.
foreach my $turn ([ 'goose', 'deploy' ], [ 'deploy', 'goose' ])
{
	my ($holder, $waiter) = @$turn;

	subtest "$waiter waits while $holder builds an index" => sub {
		my $database = database('building');
		my $folder = copy_tree("building_$holder", $online);
		my %command = (
			goose => [ Interop::provider_command($database, $folder, 'up') ],
			deploy => [ Interop::deploy_command($database, options($folder)) ]);
		my %waits = (
			goose => q{query LIKE '%pg_try_advisory_lock%'},
			deploy => q{wait_event = 'advisory' AND backend_xid IS NULL
				AND backend_xmin IS NULL});
		my $seen = 'SELECT count(*) = 1 FROM pg_stat_activity'
		  . ' WHERE datname = current_database() AND pid <> pg_backend_pid() AND ';

		provider($database, $folder, 'up-to', 1);
		my $writer = start_talk('psql', qw(-X -A -t -q -d), $database);
		ask($writer, 'BEGIN');
		ask($writer, q{INSERT INTO readers VALUES (1000, 'late', 'city')});
		my $first = start_command(@{ $command{$holder} });
		ok(wait_for_sql($database, "$seen wait_event = 'virtualxid'"),
			"$holder is about to build an index");
		my $second = start_command(@{ $command{$waiter} });
		ok(wait_for_sql($database, $seen . $waits{$waiter}),
			"$waiter waits, without a snapshot");
		ask($writer, 'COMMIT');
		stop_talk($writer);
		foreach (@$turn)
		{
			my ($status, $out, $err) =
			  finish_command($_ eq $holder ? $first : $second);

			is($status, 0, "$_ does not fail") or diag $err;
		}
		is(version_rows($database), join("\n", map { "$_|t" } 0, @online_versions),
			'each version is recorded once, in order');
		is(invalid_indexes($database), '', 'no invalid index');
	};
}

done_testing();
