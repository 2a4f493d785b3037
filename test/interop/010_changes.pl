# 010_changes.pl - goose beside checksums, stored texts and repeatable
# migrations: what goose does to a database is not taken for a change, and what
# gooseplus keeps beside the version table is in nobody's way.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use File::Copy ();
use Interop;
use Test::More;

my $folder = copy_tree('changes');
my $options = options($folder);
my $work = database('changes');

# Write a migration: each direction writes down what it is.
sub write_file
{
	my ($name, $word, $in) = @_;
	my ($what) = $name =~ /^0*(\w+?)(?:_t)?\.sql$/;

	open my $handle, '>', ($in || $folder) . "/$name" or die "$name: $!";
	print $handle "-- +goose Up\nINSERT INTO mark VALUES ('$what up $word');\n"
	  . "-- +goose Down\nINSERT INTO mark VALUES ('$what down $word');\n";
	close $handle or die "$name: $!";
	return;
}

sub file_of { my ($version) = @_; return "0000${version}_t.sql"; }

# What has been done since the last call.
sub marks
{
	return sql($work,
		"WITH gone AS (DELETE FROM mark RETURNING ctid, name) SELECT string_agg(name, ', ' ORDER BY ctid) FROM gone");
}

# "SOURCE state" of all.
sub states
{
	return sql($work,
		"SELECT string_agg(coalesce(version::text, source) || ' ' || state, ', ' ORDER BY version, source) FROM gooseplus_status(NULL, $options)");
}

# A result that has to be good, and what was done then.
sub works
{
	my ($name, $result, $marks) = @_;

	is($result->{status}, 0, "$name: it works") or diag $result->{err};
	is(marks(), $marks, "$name: it does that");
	return;
}

sub fails
{
	my ($name, $result, $pattern) = @_;

	isnt($result->{status}, 0, "$name: it fails");
	like($result->{err}, $pattern, "$name: and says why");
	is(marks(), '', "$name: and does nothing");
	return;
}

# A function of gooseplus.
sub call
{
	my ($call) = @_;
	my ($status, $out, $err) =
	  run_command(Interop::psql_command($work, 'SELECT ' . $call =~ s/:o/$options/r));

	return { status => $status, out => $out, err => $err };
}

sql($work, 'CREATE TABLE mark (name text)');
write_file(file_of($_), 'one') foreach 1 .. 3;

# ------------------------------------------------------- repeatable migrations

write_file('R_view.sql', 'one');
works('up by the Provider', provider($work, $folder, 'up'), '1 up one, 2 up one, 3 up one');
unlike(provider_status($work, $folder), qr/R_view/, 'the Provider does not list a repeatable migration');
is(states(), '1 applied, 2 applied, 3 applied, R_view.sql pending', 'it waits for gooseplus');
works('gooseplus', gooseplus($work, $options), 'R_view up one');
works('up by the Provider again', provider($work, $folder, 'up'), '');
is(provider($work, $folder, 'has-pending')->{out}, "false\n", 'for the Provider nothing is pending');
is(version_rows($work), "0|t\n1|t\n2|t\n3|t", 'it is not in the version table');

# the command wants a number in the name of each file
fails('up by the command', goose($work, $folder, 'up'), qr/could not parse SQL migration file "\S*R_view\.sql"/);
unlink "$folder/R_view.sql" or die;
is(goose($work, $folder, 'status')->{status}, 0, 'without it, the command has nothing against the history');

# so where the command is used, they have an environment of their own
{
	my $root = copy_tree('changes_root');
	my $both = "'{\"directory\": \"$root\"}'";

	mkdir "$root/$_" or die foreach 'base', 'views';
	write_file(file_of(4), 'one', "$root/base");
	write_file('R_view.sql', 'two', "$root/views");
	File::Copy::copy("$folder/" . file_of($_), "$root/base") or die foreach 1 .. 3;
	works('the command, without that folder', goose($work, "$root/base", 'up'), '4 up one');
	works('gooseplus, with it', gooseplus($work, $both, 'views'), 'R_view up two');
	works('the command', goose($work, "$root/base", 'down'), '4 down one');
}

# ------------------------------------------------------- files that change

write_file(file_of($_), 'two') foreach 1 .. 3;
is(states(), '1 applied, 2 applied, 3 applied', 'what goose has applied is not known');
is(call('gooseplus_repair(1, NULL, :o)')->{out}, "t\n", 'a repair makes it known');
write_file(file_of(1), 'three');
is(states(), '1 modified, 2 applied, 3 applied', 'and an edit after that is seen');
works('Provider: up', provider($work, $folder, 'up'), '');
write_file(file_of(1), 'two');

# applied by gooseplus, and then by goose, from another text
works('down by gooseplus', call('gooseplus_down_to(1, NULL, :o)'), '3 down two, 2 down two');
works('and up', gooseplus($work, $options), '2 up two, 3 up two');
write_file(file_of(3), 'three');
is(states(), '1 applied, 2 applied, 3 modified', 'an edit of what gooseplus has applied');
works('redo by the command', goose($work, $folder, 'redo'), '3 down three, 3 up three');
is(states(), '1 applied, 2 applied, 3 applied', 'goose has applied the new text');
write_file(file_of(3), 'four');
is(states(), '1 applied, 2 applied, 3 applied', 'so nobody knows what it was');

works('redo by gooseplus', call('gooseplus_redo(NULL, :o)'), '3 down four, 3 up four');
write_file(file_of(3), 'five');
is(states(), '1 applied, 2 applied, 3 modified', 'now it is known');
foreach my $goose (\&provider, \&goose)
{
	my $name = $goose == \&provider ? 'the Provider' : 'the command';

	works("down by $name", $goose->($work, $folder, 'down'), '3 down five');
	is(states(), '1 applied, 2 applied, 3 pending', 'what is not applied has not changed');
	works("up by $name", $goose->($work, $folder, 'up'), '3 up five');
	is(states(), '1 applied, 2 applied, 3 applied', 'nor what is applied anew');
}
works('up by gooseplus', gooseplus($work, $options), '');
unlike(gooseplus($work, $options)->{err}, qr/WARNING/, 'without a warning');

# ------------------------------------------------------- files that are gone

# its text is known, but not the one that goose has applied
unlink "$folder/" . file_of(3) or die;
fails('down without the file', call('gooseplus_down(NULL, :o)'), qr/version not found: 3/);
fails('revert without the file', revert($work, $options, 1), qr/version not found: 3/);
fails('down by goose', provider($work, $folder, 'down'), qr/not found/);
write_file(file_of(3), 'six');
is(call('gooseplus_repair(3, NULL, :o)')->{out}, "t\n", 'a repair keeps the text');
unlink "$folder/$_" or die foreach file_of(2), file_of(3);
works('revert', revert($work, $options, 1), '3 down six, 2 down two');
is(states(), '1 applied', 'goose and gooseplus agree');
is(provider_status($work, $folder), "1 applied 00001_t.sql\n", 'where the database is');
is(version_rows($work), "0|t\n1|t", 'and what is recorded');
write_file(file_of(2), 'seven');
works('and goose goes on', goose($work, $folder, 'up'), '2 up seven');
works('up to here', provider($work, $folder, 'down'), '2 down seven');

done_testing();
