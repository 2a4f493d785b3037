# 007_random_steps.pl - random sequences of steps on random migrations, through
# goose's Provider on one database and on another through gooseplus, or
# through both in turns.  After each step both say the same and have left the
# same; see Steps.pm.
#
# The migrations depend on each other, and have gaps, empty and missing Down
# parts, and parts that fail.  Between steps files are added below the version
# reached, taken away, brought back, and mended.
#
# GOOSEPLUS_SEED repeats a run.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Steps;
use Test::More;

use constant SEQUENCES => 40;
use constant STEPS => 25;

my $seed = $ENV{GOOSEPLUS_SEED} || 1 + int rand 2**31;

# True that often.
sub chance { return rand() < $_[0]; }

sub pick { return $_[ int rand @_ ]; }

# ------------------------------------------------------------------ migrations

# What a migration can do, up and down; %v is its version, and t%t a table of
# an earlier one.
my @parts = (
	[ 'ALTER TABLE t%t ADD COLUMN c%v int;', 'ALTER TABLE t%t DROP COLUMN c%v;' ],
	[ 'CREATE INDEX i%v ON t%t (note);', 'DROP INDEX i%v;' ],
	[ 'CREATE VIEW v%v AS SELECT note FROM t%t;', 'DROP VIEW v%v;' ],
	[
		'ALTER TABLE t%t ADD CONSTRAINT k%v CHECK (id > %v);',
		'ALTER TABLE t%t DROP CONSTRAINT k%v;'
	],
	[
		'ALTER TABLE t%t RENAME note TO note%v;',
		'ALTER TABLE t%t RENAME note%v TO note;'
	],
	[ "COMMENT ON TABLE t%t IS '%v';", 'COMMENT ON TABLE t%t IS NULL;' ],
	[
		"CREATE TYPE e%v AS ENUM ('a');\nCREATE TABLE w%v (e e%v);",
		"DROP TABLE w%v;\nDROP TYPE e%v;"
	],
	[
		"-- +goose StatementBegin\n"
		  . "CREATE FUNCTION f%v() RETURNS int LANGUAGE plpgsql AS \$\$\n"
		  . "BEGIN\n\tRETURN %v;\nEND \$\$;\n-- +goose StatementEnd",
		'DROP FUNCTION f%v();'
	],
	[ 'CREATE TABLE IF NOT EXISTS r%v ();', 'DROP TABLE IF EXISTS r%v;' ]);
my @table = (
	"CREATE TABLE t%v (id int PRIMARY KEY, note text DEFAULT '%v');",
	'DROP TABLE t%v;');

# A migration: { version, name, text, mended }; mended is the text of one that
# does not fail.
sub make_migration
{
	my ($version, $tables) = @_;
	my $name = sprintf '%05d_v%d.sql', $version, $version;
	my ($up, $down, $text);
	my $new = !@$tables || chance(0.4);
	my $earlier = $new ? '' : pick(@$tables);

	($up, $down) = $new ? @table : @{ pick(@parts) };
	s/%v/$version/g, s/%t/$earlier/g foreach $up, $down;
	push @$tables, $version if $new;

	# one statement, as nothing would undo the first of two
	my $head =
	  chance(0.1) && "$up$down" !~ /;\n/ ? "-- +goose NO TRANSACTION\n" : '';
	my $what = rand;

	if ($what < 0.1) { $down = ''; }
	else { $down = "-- +goose Down\n" . ($what < 0.16 ? '' : "$down\n"); }
	# what stays is not often in the way of the next up
	$up =~ s/^CREATE TABLE t/CREATE TABLE IF NOT EXISTS t/
	  if $what < 0.16 && chance(0.8);

	my $mended = "$head-- +goose Up\n$up\n$down";
	$what = $head eq '' ? rand : 1;
	if ($what < 0.07) { $text = "-- +goose Up\n$up\nSELECT 1 / 0;\n$down"; }
	elsif ($what < 0.14 && $down ne '') { $text = "${mended}SELECT 1 / 0;\n"; }
	elsif ($what < 0.16) { $text = "$mended-- +goose Sideways\n"; }
	return {
		version => $version,
		name => $name,
		text => defined $text ? $text : $mended,
		mended => $mended
	};
}

# The migrations of a sequence, in order.  Some are late: they are not there
# from the start.
sub make_tree
{
	my ($version, @tables, @tree) = (0);

	foreach (1 .. 6 + int rand 7)
	{
		$version += chance(0.3) ? 1 + int rand 4 : 1;
		$version = 20260102030405 if $version < 2**31 && chance(0.02);
		push @tree, make_migration($version, \@tables);
		$tree[-1]{late} = @tree > 1 && chance(0.2);
		$tree[-1]{there} = !$tree[-1]{late};
	}
	return @tree;
}

sub write_migration
{
	my ($folder, $migration) = @_;
	my $file = "$folder/$migration->{name}";

	unlink $file;
	return unless $migration->{there};
	open my $handle, '>', $file or die "$file: $!";
	print $handle $migration->{text};
	close $handle or die "$file: $!";
	return;
}

# Perhaps change a file; returns what was done, for whoever reads a failure.
sub change_files
{
	my ($folder, $tree) = @_;
	my @late = grep { $_->{late} } @$tree;
	my @gone = grep { !$_->{late} && !$_->{there} } @$tree;
	my @failing = grep { $_->{text} ne $_->{mended} } @$tree;
	my ($migration, $what);

	if (@late && chance(0.1))
	{
		($migration, $what) = (pick(@late), 'add');
		@$migration{qw(late there)} = (0, 1);
	}
	elsif (@gone && chance(0.4))
	{
		($migration, $what) = (pick(@gone), 'bring back');
		$migration->{there} = 1;
	}
	elsif (@failing && chance(0.1))
	{
		($migration, $what) = (pick(@failing), 'mend');
		$migration->{text} = $migration->{mended};
	}
	elsif (chance(0.03) && 3 < grep { $_->{there} } @$tree)
	{
		($migration, $what) = (pick(grep { $_->{there} } @$tree), 'take away');
		$migration->{there} = 0;
	}
	return unless $migration;
	write_migration($folder, $migration);
	return "$what $migration->{name}";
}

# ----------------------------------------------------------------------- steps

my @commands = (
	('up') x 12, ('up-to') x 14, ('up-by-one') x 14, ('down') x 12,
	('down-to') x 10, ('redo') x 7, ('reset') x 4, ('apply') x 16,
	('status') x 2, ('version') x 1, ('versions') x 2, ('has-pending') x 3,
	'sources');

sub make_step
{
	my ($tree, $table) = @_;
	my $command = pick(@commands);
	my @versions = map { $_->{version} } @$tree;
	my ($version, $direction, %options);

	if ($command =~ /^(?:up-to|down-to|apply)$/)
	{
		my $what = rand;

		$version =
			$what < 0.82 ? pick(@versions)
		  : $what < 0.9 ? 1 + int rand(3 + $versions[-1])
		  : $what < 0.96 ? 0
		  : -1;
	}
	$direction = pick(qw(up down)) if $command eq 'apply';
	$options{allow_out_of_order} = \1 if chance(0.5);
	$options{exclude_versions} = [ pick(@versions) + 0, 99 ] if chance(0.06);
	$options{exclude_names} = [ pick(@$tree)->{name} ] if chance(0.06);
	$options{versioning} = \0 if chance(0.05);
	$options{lock} = \0 if chance(0.05);
	$options{lock_id} = 20260102 if chance(0.05);
	$table = pick(qw(versions app.versions)) if chance(0.03);
	$options{version_table} = $table if $table ne 'goose_db_version';
	return [ $command, $version, $direction, \%options ];
}

# One sequence; returns how many of its steps ran something, and how many were
# errors.
sub sequence
{
	my ($number, @sides) = @_;
	my $folder = copy_tree("random_$number");
	my @tree = make_tree();
	my $table = pick(('goose_db_version') x 3, 'versions', 'app.versions');
	my $run = start_run("random_$number", $folder, @sides);
	my ($ran, $errors, @story) = (0, 0);

	push @story,
	  map { $_->{name} . ($_->{there} ? '' : ' (late)') . ":\n$_->{text}" } @tree;
	write_migration($folder, $_) foreach @tree;
	on_all($run, 'CREATE SCHEMA app');
	foreach (1 .. STEPS)
	{
		push @story, change_files($folder, \@tree);
		my $step = make_step(\@tree, $table);
		my $by = $sides[1] eq 'turns' ? pick(qw(goose gooseplus)) : 'gooseplus';
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
	}
	stop_run($run);
	return ($ran, $errors);
}

note "GOOSEPLUS_SEED=$seed";
my ($all_ran, $all_errors) = (0, 0);
foreach my $number (1 .. SEQUENCES)
{
	# each fourth one by both in turns
	my @sides = ('goose', $number % 4 ? 'gooseplus' : 'turns');

	subtest "seed $seed, sequence $number, $sides[1]" => sub {
		# a sequence is the same whatever the ones before it did
		srand $seed + $number;
		my ($ran, $errors) = sequence($number, @sides);

		$all_ran += $ran;
		$all_errors += $errors;
	};
}
cmp_ok($all_ran, '>', SEQUENCES * STEPS / 5, 'many steps ran migrations');
cmp_ok($all_errors, '>', SEQUENCES * STEPS / 10, 'many others were errors');

done_testing();
