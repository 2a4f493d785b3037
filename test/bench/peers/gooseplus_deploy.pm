# gooseplus, each migration in a transaction of its own.

package Bench::Peer::gooseplus_deploy;

use strict;
use warnings;
BEGIN { require(__FILE__ =~ s{[^/]+$}{gooseplus.pm}r) }
use parent -norequire, 'Bench::Peer::gooseplus';

sub name { return 'gooseplus_deploy' }

sub title { return '**gooseplus**, deploy' }

sub shares { return 'gooseplus' }

sub up { return $_[0]->call('CALL gooseplus_deploy()') }

# the same function as gooseplus's
sub status { return () }

1;
