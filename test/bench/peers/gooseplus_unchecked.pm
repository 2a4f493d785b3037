# gooseplus without a look at whether applied files have changed, which most
# of its peers do not do either.

package Bench::Peer::gooseplus_unchecked;

use strict;
use warnings;
BEGIN { require(__FILE__ =~ s{[^/]+$}{gooseplus.pm}r) }
use parent -norequire, 'Bench::Peer::gooseplus';

sub name { return 'gooseplus_unchecked' }

sub title { return '**gooseplus**, `checksum` off' }

sub shares { return 'gooseplus' }

# where nothing is applied it makes no difference
sub up
{
	my ($self, $run) = @_;

	return $run->{work}{seeded}
	  ? $self->call(q(SELECT * FROM gooseplus_migrate(options => '{"checksum": "off"}')))
	  : ();
}

sub status { return $_[0]->call(q(SELECT * FROM gooseplus_status(options => '{"checksum": "off"}'))) }

1;
