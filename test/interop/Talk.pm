# Talk.pm - conversations with programs that answer on their standard output,
# psql above all: a test of a thousand steps would spend most of its time in
# starting a thousand programs.
#
# Copyright (c) 2026, gooseplus contributors

package Talk;

use strict;
use warnings;

use Exporter qw(import);
use IO::Handle;
use IPC::Open2 qw(open2);

our @EXPORT = qw(start_talk stop_talk ask lines_of);

# Start a program that answers on its standard output.
sub start_talk
{
	my (@command) = @_;
	my $pid = open2(my $out, my $in, @command);

	binmode $_, ':utf8' foreach $in, $out;
	$in->autoflush(1);
	return { pid => $pid, in => $in, out => $out };
}

sub stop_talk
{
	my ($talk) = @_;

	close $talk->{in};
	close $talk->{out};
	waitpid $talk->{pid}, 0;
	return;
}

# A query in a psql session; returns SQLSTATE, the last error message, and the
# rows.
sub ask
{
	my ($psql, $query) = @_;
	my (@lines, $state);

	$query =~ s/\s+/ /g;
	print { $psql->{in} } "$query;\n"
	  . "\\echo ==STATE :SQLSTATE :LAST_ERROR_MESSAGE\n\\echo ==END\n";
	while (defined(my $line = readline $psql->{out}))
	{
		chomp $line;
		if ($line eq '==END')
		{
			my ($code, $message) = $state =~ /^==STATE (\S+) ?(.*)$/s;

			return ($code, $message, @lines);
		}
		if (defined $state) { $state .= "\n$line"; }
		elsif ($line =~ /^==STATE /) { $state = $line; }
		else { push @lines, $line; }
	}
	die "psql ended at: $query";
}

# The lines of an answer that must not be an error.
sub lines_of
{
	my ($psql, $query) = @_;
	my ($state, $message, @lines) = ask($psql, $query);

	die "$query: $message" if $state ne '00000';
	return @lines;
}

1;
