# psql -1 -f: the same SQL in one transaction, statement by statement.

package Bench::Peer::psql;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files qw(write_file script);

sub name { return 'psql' }

sub title { return '`psql -1 -f`' }

sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_file("$files/all.sql", map { script($_, 'up') } @$migrations);
	return;
}

sub up
{
	my ($self, $run) = @_;

	return () if $run->{work}{seeded} or $run->{work}{copies} > 1;
	return ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', "$run->{files}/all.sql");
}

1;
