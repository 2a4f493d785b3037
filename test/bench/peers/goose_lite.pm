# The goose command without the drivers of other databases, which it takes
# milliseconds to start with.

package Bench::Peer::goose_lite;

use strict;
use warnings;
BEGIN { require(__FILE__ =~ s{[^/]+$}{goose.pm}r) }
use parent -norequire, 'Bench::Peer::goose';

sub name { return 'goose_lite' }

sub title { return 'goose ' . $_[0]->version . ', lite build' }

sub tags
{
	return ('-tags', 'no_clickhouse no_libsql no_mssql no_mysql no_sqlite3 no_vertica no_ydb');
}

sub shares { return 'goose' }

# beside what else there is to do the start is nothing
sub status { return () }

sub up
{
	my ($self, $run) = @_;

	return $run->{work}{seeded} ? $self->SUPER::up($run) : ();
}

1;
