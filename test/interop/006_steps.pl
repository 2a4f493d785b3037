# 006_steps.pl - fixed sequences of steps through goose's Provider and through
# gooseplus: every command, its errors, out of order, exclusions, without
# versioning, and other version tables.  After each step both say the same and
# have left the same; see Steps.pm.
#
# A sequence is a text: in each line a step, "=>", and what goose makes of it,
# which is part of the test so that two sides that fail alike do not pass.  A
# step can also be "file VERSION" and "no file VERSION", which bring a file and
# take it away, and "sql COMMAND".
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use JSON::PP;
use Steps;
use Test::More;

my $json = JSON::PP->new->allow_nonref;

# The migrations of all sequences, by version; a sequence starts with 1 to 6.
my %bodies = (
	1 => [ 'CREATE TABLE a (id int PRIMARY KEY);', 'DROP TABLE a;' ],
	2 => [
		"ALTER TABLE a ADD COLUMN two text;\nCREATE INDEX a_two ON a (two);",
		'ALTER TABLE a DROP COLUMN two;'
	],
	3 => ['CREATE TABLE IF NOT EXISTS c (id int);'],
	4 => [
		"-- +goose StatementBegin\n"
		  . "CREATE FUNCTION d() RETURNS int LANGUAGE plpgsql AS \$\$\n"
		  . "BEGIN\n\tRETURN 4;\nEND\n\$\$;\n-- +goose StatementEnd",
		'DROP FUNCTION d();'
	],
	6 => [ 'CREATE VIEW e AS SELECT id FROM a;', 'DROP VIEW e;' ],
	# late ones
	5 => [ "CREATE TYPE f AS ENUM ('x');", 'DROP TYPE f;' ],
	8 => [ 'CREATE TABLE h ();', 'DROP TABLE h;' ],
	20260102030405 => [ 'CREATE TABLE z ();', 'DROP TABLE z;' ],
	# failing ones
	10 => [ "CREATE TABLE half ();\nSELECT 1 / 0;", 'DROP TABLE half;' ],
	11 => [ 'CREATE TABLE k ();', "DROP TABLE k;\nDROP TABLE k;" ],
	12 => [ 'CREATE TABLE l ();', "DROP TABLE l;\n-- +goose Sideways" ],
	13 => [ 'CREATE TABEL m ();', 'DROP TABLE m;' ],
	# ones that can run again and again
	30 => [ 'CREATE TABLE IF NOT EXISTS p ();', 'DROP TABLE IF EXISTS p;' ],
	31 => [ 'CREATE TABLE IF NOT EXISTS q ();', 'DROP TABLE IF EXISTS q;' ]);

# The files that a sequence has from the start.
my @first = (1, 2, 3, 4, 6);

sub file_of
{
	my ($folder, $version) = @_;

	return sprintf '%s/%02d_v.sql', $folder, $version;
}

sub write_file
{
	my ($folder, $version) = @_;
	my ($up, $down) = @{ $bodies{$version} };
	my $file = file_of($folder, $version);

	open my $handle, '>', $file or die "$file: $!";
	print $handle "-- +goose Up\n$up\n",
	  defined $down ? "-- +goose Down\n$down\n" : '';
	close $handle or die "$file: $!";
	return;
}

# A step of its words: [ command, version, direction, options ].
sub parse_step
{
	my ($text) = @_;
	my ($command, @words) = split ' ', $text;
	my %options = map { /^(\w+)=(.*)$/ ? ($1 => $json->decode($2)) : () } @words;
	my @arguments = grep { !/=/ } @words;

	return [ $command, @arguments[ 0, 1 ], \%options ];
}

# Run one sequence.
sub sequence
{
	my ($name, $text, @versions) = @_;

	subtest $name => sub {
		my $folder = copy_tree("steps_$name");
		my $run = start_run("steps_$name", $folder, qw(goose gooseplus));

		write_file($folder, $_) foreach @versions ? @versions : @first;
		foreach my $line (grep { /\S/ } split /\n/, $text)
		{
			my ($step, $expected) = split /\s*=>\s*/, $line;

			$step =~ s/^\s+//;
			if ($step =~ /^file (\d+)/) { write_file($folder, $1); }
			elsif ($step =~ /^no file (\d+)/) { unlink file_of($folder, $1); }
			elsif ($step =~ /^sql (.*)/) { on_all($run, $1); }
			else
			{
				my $answer = do_step($run, parse_step($step)) or last;

				is(text_of($answer), $expected, "$step: what goose makes of it");
			}
		}
		stop_run($run);
	};
	return;
}

sequence('up', <<'EOT');
	has-pending => true
	versions => 0 6
	version => 0
	sources => 1 01_v.sql, 2 02_v.sql, 3 03_v.sql, 4 04_v.sql, 6 06_v.sql
	up-by-one => 1 up
	up-to 1 =>
	up-to 3 => 2 up, 3 up
	up-to 2 =>
	up-to 5 => 4 up
	up-to 5 =>
	status => 1 applied 01_v.sql, 2 applied 02_v.sql, 3 applied 03_v.sql, 4 applied 04_v.sql, 6 pending 06_v.sql
	versions => 4 6
	up-to 0 => ERROR invalid version
	up-to -3 => ERROR invalid version
	up-by-one => 6 up
	up-by-one => ERROR no next version
	up-to 0 => ERROR invalid version
	has-pending => false
	up =>
	up-to 99 =>
	file 8
	file 20260102030405
	up-to 9223372036854775807 => 8 up, 20260102030405 up
	version => 20260102030405
	up-by-one => ERROR no next version
	up =>
EOT

sequence('down', <<'EOT');
	down => ERROR no next version
	redo => ERROR no next version
	reset =>
	down-to 0 =>
	up => 1 up, 2 up, 3 up, 4 up, 6 up
	down => 6 down
	down => 4 down
	down => 3 down empty
	up => 3 up, 4 up, 6 up
	up =>
	down-to 3 => 6 down, 4 down
	down-to 3 =>
	down-to 5 =>
	down-to 99 =>
	down-to -1 => ERROR invalid version
	redo => 3 down empty, 3 up
	down-to 1 => 3 down empty, 2 down
	redo => 1 down, 1 up
	reset => 1 down
	reset =>
	up-to 2 => 1 up, 2 up
	redo => 2 down, 2 up
	reset => 2 down, 1 down
	down => ERROR no next version
EOT

sequence('apply', <<'EOT');
	apply 7 up => ERROR version not found
	apply 7 down => ERROR version not found
	apply 0 up => ERROR invalid version
	apply -1 down => ERROR invalid version
	apply 1 down => ERROR not applied
	apply 1 up => 1 up
	apply 1 up => ERROR already applied
	apply 4 up => 4 up
	apply 2 down => ERROR not applied
	has-pending => ERROR out of order
	up => ERROR out of order
	up-to 2 => ERROR out of order
	up-to 1 => ERROR out of order
	up-by-one => ERROR out of order
	status => 1 applied 01_v.sql, 2 pending 02_v.sql, 3 pending 03_v.sql, 4 applied 04_v.sql, 6 pending 06_v.sql
	apply 2 up => 2 up
	down => 2 down
	apply 1 down => 1 down
	apply 2 up => ERROR 42P01
	redo => 4 down, 4 up
	versions => 4 6
	down => 4 down
	apply 3 up => 3 up
	apply 3 down => 3 down empty
	apply 3 up => 3 up
EOT

sequence('out_of_order', <<'EOT');
	up-to 3 => 1 up, 2 up, 3 up
	apply 6 up => 6 up
	up allow_out_of_order=true => 4 up
	file 5
	up => ERROR out of order
	has-pending => ERROR out of order
	has-pending allow_out_of_order=true => true
	file 8
	up-by-one => ERROR out of order
	up-to 4 => ERROR out of order
	up-to 4 allow_out_of_order=true =>
	up-by-one allow_out_of_order=true => 5 up
	up-by-one => 8 up
	version => 8
	status => 1 applied 01_v.sql, 2 applied 02_v.sql, 3 applied 03_v.sql, 4 applied 04_v.sql, 5 applied 05_v.sql, 6 applied 06_v.sql, 8 applied 08_v.sql
	redo => 8 down, 8 up
	down-to 5 => 8 down
	down-to 5 =>
	version => 6
	down => 5 down
	down-to 4 =>
	down-to 5 =>
	down => 4 down
	down-to 4 => 6 down
	up allow_out_of_order=true => 4 up, 5 up, 6 up, 8 up
	down-to 3 => 8 down, 6 down, 5 down, 4 down
	apply 8 up => 8 up
	up-to 5 allow_out_of_order=true => 4 up, 5 up
	down-to 4 => 5 down
	down-to 4 =>
	reset => 4 down, 8 down, 3 down empty, 2 down, 1 down
EOT

# a file that is gone, above the target or not; and versions without a file
sequence('missing_files', <<'EOT');
	up => 1 up, 2 up, 3 up, 4 up, 6 up
	no file 4
	up =>
	up-to 4 =>
	has-pending => false
	sources => 1 01_v.sql, 2 02_v.sql, 3 03_v.sql, 6 06_v.sql
	status => 1 applied 01_v.sql, 2 applied 02_v.sql, 3 applied 03_v.sql, 6 applied 06_v.sql
	down => ERROR version not found
	redo => ERROR version not found
	reset => ERROR version not found
	down-to 3 => ERROR version not found
	apply 4 down => ERROR version not found
	down-to 4 => 6 down
	down-to 4 =>
	up-by-one => 6 up
	no file 6
	up-by-one => ERROR no next version
	versions => 6 3
	file 4
	down => ERROR version not found
	file 6
	down => 6 down
	reset => 4 down, 3 down empty, 2 down, 1 down
EOT

# a call that fails half-way
sequence('failing', <<'EOT');
	up-to 2 => 1 up, 2 up
	file 10
	up => 3 up, 4 up, 6 up, ERROR 22012
	up => ERROR 22012
	up-by-one => ERROR 22012
	apply 10 up => ERROR 22012
	no file 10
	file 11
	file 8
	up allow_out_of_order=true => 8 up, 11 up
	down => ERROR 42P01
	reset => ERROR 42P01
	redo => ERROR 42P01
	apply 11 down => ERROR 42P01
	down-to 10 => ERROR 42P01
	sql DELETE FROM goose_db_version WHERE version_id = 11
	up => ERROR 42P07
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (11, true)
	sql DROP TABLE k
	file 31
	up => 31 up
	sql DROP VIEW e
	down-to 4 => 31 down, ERROR 42P01
	no file 11
	sql DELETE FROM goose_db_version WHERE version_id = 11
	reset => 8 down, ERROR 42P01
EOT

# files that goose does not take, and that the server does not take
sequence('syntax', <<'EOT', 1, 2, 12);
	up-to 2 => 1 up, 2 up
	up => ERROR syntax
	up-by-one => ERROR syntax
	apply 12 up => ERROR syntax
	up-to 11 =>
	down => 2 down
	up => ERROR syntax
	no file 12
	file 13
	up => 2 up, ERROR syntax
	up-by-one => ERROR syntax
	reset => 2 down, 1 down
EOT

sequence('exclusions', <<'EOT');
	sources exclude_versions=[2,4] => 1 01_v.sql, 3 03_v.sql, 6 06_v.sql
	sources exclude_names=["01_v.sql"] => 2 02_v.sql, 3 03_v.sql, 4 04_v.sql, 6 06_v.sql
	sources exclude_names=["nothing.sql"] exclude_versions=[77,6] => 1 01_v.sql, 2 02_v.sql, 3 03_v.sql, 4 04_v.sql
	versions exclude_names=["06_v.sql"] => 0 4
	up exclude_versions=[2] exclude_names=["06_v.sql"] => 1 up, 3 up, 4 up
	status exclude_versions=[3] => 1 applied 01_v.sql, 2 pending 02_v.sql, 4 applied 04_v.sql, 6 pending 06_v.sql
	has-pending => ERROR out of order
	has-pending exclude_versions=[2] => true
	has-pending exclude_versions=[2,6] => false
	apply 2 up exclude_versions=[2] => ERROR version not found
	apply 2 up exclude_names=["02_v.sql"] => ERROR version not found
	up-by-one exclude_versions=[2] => 6 up
	up-by-one exclude_versions=[2] => ERROR no next version
	down exclude_versions=[6] => ERROR version not found
	down exclude_versions=[1] => ERROR version not found
	down-to 4 exclude_versions=[3,1] => 6 down
	reset exclude_names=["03_v.sql"] => ERROR version not found
	redo exclude_versions=[2] => 4 down, 4 up
	up exclude_versions=[0] => ERROR invalid version
	up exclude_versions=[-5] => ERROR invalid version
	reset => 4 down, 3 down empty, 1 down
EOT

# files run in order and nothing is recorded; a down takes them as an up does
sequence('no_versioning', <<'EOT', 30, 31);
	up versioning=false => 30 up, 31 up
	up versioning=false => 30 up, 31 up
	up-to 30 versioning=false => 30 up, 31 up
	up-to 0 versioning=false => ERROR invalid version
	up-by-one versioning=false => ERROR not without versioning
	has-pending versioning=false => true
	version versioning=false => ERROR not without versioning
	versions versioning=false => 0 31
	status versioning=false => 30 pending 30_v.sql, 31 pending 31_v.sql
	down versioning=false => 31 down
	down versioning=false => 31 down
	redo versioning=false => 31 down, 31 up
	down-to 30 versioning=false => 30 down, 31 down
	down-to -1 versioning=false => ERROR invalid version
	reset versioning=false => 30 down, 31 down
	apply 30 up versioning=false => 30 up
	apply 30 up versioning=false => 30 up
	apply 31 down versioning=false => 31 down
	apply 32 down versioning=false => ERROR version not found
	up => 30 up, 31 up
	versions => 31 31
	status versioning=false => 30 pending 30_v.sql, 31 pending 31_v.sql
	reset versioning=false => 30 down, 31 down
	version => 31
	file 1
	up versioning=false => 1 up, 30 up, 31 up
	up versioning=false => ERROR 42P07
	file 11
	reset versioning=false => 1 down, ERROR 42P01
EOT

# two providers with tables of their own in one database
sequence('version_tables', <<'EOT', 30, 31);
	sql CREATE SCHEMA app
	up-to 30 version_table="app.versions" => 30 up
	up-by-one => 30 up
	version version_table="app.versions" => 30
	up version_table="versions" lock_id=77 => 30 up, 31 up
	up version_table="app.versions" lock=false => 31 up
	has-pending => true
	has-pending version_table="app.versions" => false
	down version_table="app.versions" => 31 down
	status version_table="versions" => 30 applied 30_v.sql, 31 applied 31_v.sql
	status version_table="app.versions" => 30 applied 30_v.sql, 31 pending 31_v.sql
	reset version_table="versions" => 31 down, 30 down
	down version_table="app.versions" => 30 down
	down version_table="app.versions" => ERROR no next version
	redo lock=false => 30 down, 30 up
	versions lock_id=78 => 30 31
	up version_table="nowhere.versions" => ERROR 3F000
EOT

# what else may stand in a version table: a row that says "not applied" counts
# as applied
sequence('odd_rows', <<'EOT', 1, 30, 31);
	up-to 30 => 1 up, 30 up
	sql UPDATE goose_db_version SET is_applied = false WHERE version_id = 30
	up => 31 up
	status => 1 applied 01_v.sql, 30 applied 30_v.sql, 31 applied 31_v.sql
	apply 30 up => ERROR already applied
	apply 30 down => 30 down
	up allow_out_of_order=true => 30 up
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)
	down => ERROR no next version
	down-to 0 =>
EOT

# a table that has lost its row 0; one version does without
sequence('no_row_0', <<'EOT', 1, 30, 31);
	up-to 1 => 1 up
	sql DELETE FROM goose_db_version
	up => ERROR no version 0
	up-by-one => ERROR no version 0
	down => ERROR no version 0
	reset => ERROR no version 0
	has-pending => true
	status => 1 pending 01_v.sql, 30 pending 30_v.sql, 31 pending 31_v.sql
	apply 30 down => ERROR not applied
	apply 30 up => 30 up
	up => ERROR out of order
	down => 30 down
EOT

# a version with two rows is taken back once by a down, which deletes both, and
# twice by a down-to, with nothing to delete the second time
sequence('two_rows', <<'EOT', 1, 30, 31);
	up => 1 up, 30 up, 31 up
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (31, true)
	status => 1 applied 01_v.sql, 30 applied 30_v.sql, 31 applied 31_v.sql
	version => 31
	down => 31 down
	down => 30 down
	up => 30 up, 31 up
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (30, true)
	redo => 30 down, 30 up
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (31, true)
	down-to 30 => 31 down
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (31, true), (30, true)
	down-to 1 => 30 down, 31 down, 30 down
	sql INSERT INTO goose_db_version (version_id, is_applied) VALUES (30, true), (30, true)
	reset => 30 down, 30 down, 1 down
EOT

done_testing();
