# 009_deploy_random.pl - random sequences of steps on random migrations, many
# of them without a transaction, through goose's Provider on one database and
# on another through CALL gooseplus_deploy and gooseplus_revert, or through
# goose, gooseplus_migrate and deploys in turns.  After each step all say the
# same and have left the same, also after a failure in the middle; see Steps.pm.
#
# GOOSEPLUS_SEED repeats a run, GOOSEPLUS_SEQUENCES says how long it is.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Steps;
use Test::More;

use constant SEQUENCES => $ENV{GOOSEPLUS_SEQUENCES} || 10;
use constant STEPS => 14;

my $seed = $ENV{GOOSEPLUS_SEED} || 1 + int rand 2**31;

# True that often.
sub chance { return rand() < $_[0]; }

sub pick { return $_[ int rand @_ ]; }

# ------------------------------------------------------------------ migrations

# What the migrations find: a table to write to, a deferred constraint, an
# enum, and a procedure that commits.
my @setup = (
	'CREATE SCHEMA app',
	'CREATE TABLE log (what text)',
	'CREATE TABLE parent (id int PRIMARY KEY)',
	'CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)',
	q{CREATE TYPE mood AS ENUM ('good')},
	q{CREATE PROCEDURE commit_each(what text, good int) LANGUAGE plpgsql AS $$
		BEGIN
			FOR i IN 1 .. 4 LOOP
				INSERT INTO log VALUES (what || ' ' || i / (good - i));
				COMMIT;
			END LOOP;
		END $$});

# Several commands as one statement.
sub together
{
	return "-- +goose StatementBegin\n" . join("\n", @_) . "\n-- +goose StatementEnd";
}

sub note_that { return "INSERT INTO log VALUES ('%v $_[0]');"; }

my $forget = "DELETE FROM log WHERE what LIKE '%v %';";

# What a migration can do, up and down: lists of statements.  %v is its
# version, and t%t a table of an earlier one.  First what can be in any file.
my @anywhere = (
	[
		['ALTER TABLE t%t ADD COLUMN IF NOT EXISTS c%v int;'],
		['ALTER TABLE t%t DROP COLUMN IF EXISTS c%v;']
	],
	[
		[
			'CREATE TABLE IF NOT EXISTS w%v (mood mood);',
			"COMMENT ON TABLE w%v IS '%v';"
		],
		['DROP TABLE IF EXISTS w%v;']
	],
	[ [ note_that('a'), note_that('b') ], [$forget] ],
	[ [ together(note_that('c'), note_that('d')) ], [ together($forget, 'SELECT 1;') ] ],
	[
		[
			'INSERT INTO parent VALUES (%v) ON CONFLICT DO NOTHING;',
			'INSERT INTO child VALUES (%v);'
		],
		[
			together('DELETE FROM parent WHERE id = %v;',
				'DELETE FROM child WHERE id = %v;')
		]
	]);

# What needs NO TRANSACTION.
my @outside = (
	[
		['CREATE INDEX CONCURRENTLY i%v ON t%t (note);'],
		['DROP INDEX CONCURRENTLY i%v;']
	],
	[
		[
			'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i%v ON t%t (id);',
			'REINDEX INDEX CONCURRENTLY i%v;'
		],
		['DROP INDEX CONCURRENTLY IF EXISTS i%v;']
	],
	[ [ 'REINDEX TABLE CONCURRENTLY t%t;', 'VACUUM t%t;' ], ['VACUUM (ANALYZE) t%t;'] ],
	[
		[
			q{ALTER TYPE mood ADD VALUE IF NOT EXISTS 'mood %v';},
			q{INSERT INTO log VALUES ('%v ' || 'mood %v'::mood);}
		],
		[$forget]
	],
	[ [q{CALL commit_each('%v', 9);}], [ $forget, q{CALL commit_each('down', 10);} ] ],
	[
		[
			together('DO $$ BEGIN', note_that('e'), 'COMMIT;', note_that('f'),
				'ROLLBACK;', note_that('g'), 'END $$;')
		],
		[ together('DO $$ BEGIN', $forget, 'COMMIT;', 'END $$;') ]
	],
	[
		[
			'BEGIN;', note_that('h'), 'SAVEPOINT s;', note_that('i'),
			'ROLLBACK TO s;', 'COMMIT;'
		],
		[ 'BEGIN;', $forget, 'COMMIT;' ]
	],
	[ [ 'BEGIN;', note_that('j'), 'ROLLBACK;', note_that('k') ], [$forget] ],
	[ [ together(note_that('l'), 'COMMIT;', note_that('m')) ], [$forget] ],
	[
		[ together('BEGIN;', note_that('n'), 'COMMIT;', note_that('o'), 'ROLLBACK;') ],
		[ together($forget, 'COMMIT;', 'SELECT 1;') ]
	]);

# What a file with a transaction can do to it.
my @inside = (
	[ [ note_that('p'), 'COMMIT;', note_that('q') ], [$forget] ],
	[ [ note_that('r'), 'ROLLBACK;', note_that('s') ], [ $forget, 'COMMIT;' ] ],
	[ [ note_that('t'), 'COMMIT;', 'BEGIN;', note_that('u') ], [$forget] ],
	[ [ 'SAVEPOINT s;', note_that('v'), 'ROLLBACK TO s;', note_that('w') ], [$forget] ],
	[ [ together(note_that('x'), 'COMMIT;', note_that('y')) ], [$forget] ]);

# What fails, in any file, and only without a transaction.
my @failures = (
	['SELECT 1 / 0;'],
	[ note_that('lost?'), 'SELECT 1 / 0;' ],
	[ together(note_that('lost'), 'SELECT 1 / 0;') ],
	['INSERT INTO child VALUES (-1);'],
	[q{CALL commit_each('%v', 3);}],
	[ together('DO $$ BEGIN', note_that('z'), 'COMMIT;', "RAISE 'no';", 'END $$;') ]);
my @failures_outside = (
	['CREATE UNIQUE INDEX CONCURRENTLY bad%v ON t%t (note);'],
	[ 'BEGIN;', note_that('lost'), 'SELECT 1 / 0;', 'COMMIT;' ],
	[ 'BEGIN;', 'INSERT INTO child VALUES (-1);', 'COMMIT;' ],
	[ together(note_that('kept'), 'COMMIT;', note_that('lost'), 'SELECT 1 / 0;') ],
	['VACUUM nowhere;']);
my @table = (
	[
		'CREATE TABLE IF NOT EXISTS t%v (id int PRIMARY KEY, note text);',
		q{INSERT INTO t%v VALUES (1, 'a'), (2, 'a'), (3, 'b') ON CONFLICT DO NOTHING;}
	],
	['DROP TABLE IF EXISTS t%v;']);

# Statements with failing ones put in at some place.
sub poisoned
{
	my ($no_transaction, @statements) = @_;
	my $failure = pick(@failures, $no_transaction ? @failures_outside : ());

	splice @statements, int rand(1 + @statements), 0, @$failure;
	return @statements;
}

# A migration: { version, name, text, mended }; mended is the text of one that
# does not fail by itself.
sub make_migration
{
	my ($version, $tables) = @_;
	my $no_transaction = @$tables && chance(0.65);
	my $earlier = @$tables ? pick(@$tables) : '';
	my (@up, @down, @text);

	if (!@$tables || chance(0.15))
	{
		push @up, @{ $table[0] };
		push @down, @{ $table[1] };
	}
	foreach (@up ? () : (1 .. 1 + int rand 3))
	{
		my $part = pick(@anywhere, $no_transaction ? (@outside) x 2 : @inside);

		# an object is made once
		next if grep { $_ eq $part->[0][0] } @up;
		push @up, @{ $part->[0] };
		unshift @down, @{ $part->[1] };
	}
	my $bad = rand;
	foreach my $mended (0, 1)
	{
		my @u = $bad < 0.2 && !$mended ? poisoned($no_transaction, @up) : @up;
		my @d =
		  $bad > 0.9 && !$mended ? poisoned($no_transaction, @down) : @down;

		push @text, join "\n", $no_transaction ? '-- +goose NO TRANSACTION' : (),
		  '-- +goose Up', @u, '-- +goose Down', @d, '';
		s/%v/$version/g, s/%t/$earlier/g foreach $text[-1];
	}
	push @$tables, $version if grep { /^CREATE TABLE t/ } @up;
	return {
		version => $version,
		name => sprintf('%05d_v%d.sql', $version, $version),
		text => $text[0],
		mended => $text[1],
		there => !(@$tables > 1 && chance(0.1))
	};
}

sub make_tree
{
	my ($version, @tables, @tree) = (0);

	foreach (1 .. 5 + int rand 6)
	{
		$version += chance(0.3) ? 1 + int rand 4 : 1;
		push @tree, make_migration($version, \@tables);
	}
	return @tree;
}

sub write_migration
{
	my ($folder, $migration) = @_;
	my $file = "$folder/$migration->{name}";

	return unless $migration->{there};
	open my $handle, '>', $file or die "$file: $!";
	print $handle $migration->{text};
	close $handle or die "$file: $!";
	return;
}

# Perhaps add a late file, or mend one; returns what was done.
sub change_files
{
	my ($folder, $tree) = @_;
	my @late = grep { !$_->{there} } @$tree;
	my @failing = grep { $_->{text} ne $_->{mended} } @$tree;
	my ($migration, $what);

	if (@late && chance(0.1))
	{
		($migration, $what) = (pick(@late), 'add');
		$migration->{there} = 1;
	}
	elsif (@failing && chance(0.2))
	{
		($migration, $what) = ($failing[0], 'mend');
		$migration->{text} = $migration->{mended};
	}
	return unless $migration;
	write_migration($folder, $migration);
	return "$what $migration->{name}";
}

# ----------------------------------------------------------------------- steps

# Commands that go up, that go down, and that goose alone has.
my @ups = ('up', 'up-to');
my @downs = (('down-to') x 3, 'reset');
my @commands_of_goose = qw(up-by-one down redo apply);

# The next command: mostly the other way after one that worked.
sub next_command
{
	my ($by, $last_up) = @_;

	return pick(qw(has-pending status)) if chance(0.06);
	return pick(@commands_of_goose) if $by eq 'goose' && chance(0.4);
	return pick(chance($last_up ? 0.3 : 0.8) ? @ups : @downs);
}

sub make_step
{
	my ($tree, $table, $by, $last_up) = @_;
	my $command = next_command($by, $last_up);
	my @versions = map { $_->{version} } @$tree;
	my ($version, $direction, %options);

	$version = chance(0.9) ? pick(@versions) : int rand(3 + $versions[-1])
	  if $command =~ /^(?:up-to|down-to|apply)$/;
	$direction = pick(qw(up down)) if $command eq 'apply';
	$options{allow_out_of_order} = \1 if chance(0.5);
	$options{exclude_versions} = [ pick(@versions) + 0 ] if chance(0.05);
	$options{history} = \0 if chance(0.3);
	$options{lock} = \0 if chance(0.05);
	$options{version_table} = $table if $table ne 'goose_db_version';
	return [ $command, $version, $direction, \%options ];
}

# One sequence; returns how many of its steps ran something, and how many were
# errors.
sub sequence
{
	my ($number, $side) = @_;
	my $folder = copy_tree("deploy_$number");
	my @tree = make_tree();
	my $table = pick(('goose_db_version') x 3, 'app.versions');
	my $run = start_run("deploy_$number", $folder, 'goose', $side);
	my ($ran, $errors, $last_up, @story) = (0, 0, 0);

	$run->{deploys} = 1;
	push @story,
	  map { $_->{name} . ($_->{there} ? '' : ' (late)') . ":\n$_->{text}" } @tree;
	write_migration($folder, $_) foreach @tree;
	on_all($run, $_) foreach @setup;
	foreach (1 .. STEPS)
	{
		push @story, change_files($folder, \@tree);
		my $by = $side eq 'turns' ? pick(qw(goose gooseplus deploy deploy)) : 'deploy';
		my $step = make_step(\@tree, $table, $by, $last_up);
		push @story, "$by: " . describe_step($step);
		my $answer = do_step($run, $step, $by);

		if (!$answer)
		{
			diag join "\n", "GOOSEPLUS_SEED=$seed, sequence $number", @story;
			last;
		}
		$story[-1] .= ' => ' . text_of($answer);
		$errors++ if $answer->{kind};
		$ran++ if grep { / (?:up|down)/ } @{ $answer->{lines} };
		$last_up = $step->[0] =~ /^up/ && !$answer->{kind};
	}
	stop_run($run);
	return ($ran, $errors);
}

note "GOOSEPLUS_SEED=$seed";
my ($all_ran, $all_errors) = (0, 0);
foreach my $number (1 .. SEQUENCES)
{
	my $side = $number % 2 ? 'deploy' : 'turns';

	subtest "seed $seed, sequence $number, $side" => sub {
		# a sequence is the same whatever the ones before it did
		srand $seed + $number;
		my ($ran, $errors) = sequence($number, $side);

		$all_ran += $ran;
		$all_errors += $errors;
	};
}
note "$all_ran steps ran migrations, $all_errors were errors";
cmp_ok($all_ran, '>', SEQUENCES * STEPS / 8, 'many steps ran migrations');
cmp_ok($all_errors, '>', SEQUENCES * STEPS / 25, 'many others were errors');

done_testing();
