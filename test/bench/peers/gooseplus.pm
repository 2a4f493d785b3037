# gooseplus: one SQL call, by psql.

package Bench::Peer::gooseplus;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files 'write_marked';

sub name { return 'gooseplus' }

sub title { return '**gooseplus**' }

sub format { return 'goose' }

# goose's format, in the folder "base".
sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_marked($migrations, '-- +goose Up', '-- +goose Down',
		sub { return sprintf '%s/base/%06d_%s.sql', $files, @_ });
	return;
}

sub new_database
{
	my ($self, $run) = @_;

	return ('CREATE EXTENSION gooseplus',
		"ALTER DATABASE $run->{database} SET gooseplus.directory = '$run->{files}'");
}

sub call
{
	my ($self, $sql) = @_;

	return ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', $sql);
}

sub up { return $_[0]->call('SELECT * FROM gooseplus_migrate()') }

sub status { return $_[0]->call('SELECT * FROM gooseplus_status()') }

sub applied { return 'SELECT count(*) FROM goose_db_version WHERE version_id > 0' }

1;
