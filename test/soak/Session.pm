# Session.pm - one psql that stays, for the many short questions of a soak.

package Session;

use strict;
use warnings;

use IPC::Open3;

sub new
{
	my ($class, $connection) = @_;
	my $self = bless { connection => $connection, count => 0 }, $class;

	$self->start;
	return $self;
}

sub start
{
	my ($self) = @_;

	$self->{pid} = open3($self->{in}, $self->{out}, undef, 'psql', '-XAtq', '-F', "\t",
		'-d', "$self->{connection} application_name=admin");
	$self->{database} = '';
	return;
}

# Runs SQL, or a script with commands of psql, and returns what it prints, as a
# list of lines; undef if the connection is gone, and then the next call makes
# another one.  With a database, runs it there.
sub ask
{
	my ($self, $sql, $database) = @_;
	my $end = 'end of answer ' . ++$self->{count};
	my $in = $self->{in};
	my $out = $self->{out};
	my @rows;

	local $SIG{PIPE} = 'IGNORE';
	print $in "\\c $database\n" if defined $database && $database ne $self->{database};
	$self->{database} = $database if defined $database;
	print $in "$sql;\n\\echo $end\n";
	$in->flush;
	while (my $line = <$out>)
	{
		chomp $line;
		return \@rows if $line eq $end;
		last
		  if $line =~ /server closed the connection|terminating connection|connection to server|not connected|FATAL:/;
		die "$sql: $line" if $line =~ /^ERROR: /;
		push @rows, $line;
	}
	$self->finish;
	$self->start;
	return;
}

sub finish
{
	my ($self) = @_;

	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	close $self->{in};
	close $self->{out};
	return;
}

1;
