# The Go library gooseplus, with the program in the folder gooseplus_go.

package Bench::Peer::gooseplus_go;

use strict;
use warnings;
BEGIN { require(__FILE__ =~ s{[^/]+$}{goose.pm}r) }
use parent -norequire, 'Bench::Peer::goose';
use Bench::Install qw(command need);

sub name { return 'gooseplus_go' }

sub version { return '1.1.3' }

sub title { return 'Go gooseplus ' . $_[0]->version }

sub install
{
	my ($self) = @_;

	my ($source) = __FILE__ =~ m{^(.*)\.pm$};

	need('go');
	local $ENV{CGO_ENABLED} = 0;
	local $ENV{GOTOOLCHAIN} = $ENV{GOTOOLCHAIN} // 'local';
	command("$self->{folder}/go.log", 'go', 'build', '-C', $source,
		'-buildvcs=false', '-o', "$self->{folder}/gooseplus_go", '.');
	return;
}

sub up
{
	my ($self, $run) = @_;

	return ("$self->{folder}/gooseplus_go", $self->url($run), $run->{files});
}

# the library has none
sub status { return () }

1;
