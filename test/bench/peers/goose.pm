# The goose command.

package Bench::Peer::goose;

use strict;
use warnings;
BEGIN { require(__FILE__ =~ s{[^/]+$}{gooseplus.pm}r) }
use parent -norequire, 'Bench::Peer::gooseplus';
use Bench::Install qw(command need);

sub name { return 'goose' }

sub version { return '3.27.3' }

sub title { return $_[0]->name . ' ' . $_[0]->version }

# build tags: none, as whoever installs it by its documentation has it
sub tags { return () }

sub install
{
	my ($self) = @_;

	need('go');
	local $ENV{GOBIN} = $self->{folder};
	local $ENV{CGO_ENABLED} = 0;
	local $ENV{GOTOOLCHAIN} = $ENV{GOTOOLCHAIN} // 'local';
	command("$self->{folder}/go.log", 'go', 'install', '-buildvcs=false', $self->tags,
		'github.com/pressly/goose/v3/cmd/goose@v' . $self->version);
	return;
}

sub new_database { return () }

sub call
{
	my ($self, $run, @command) = @_;

	return ("$self->{folder}/goose", '-dir', "$run->{files}/base", 'postgres',
		$self->url($run) . '?sslmode=disable', @command);
}

sub up { my ($self, $run) = @_; return $self->call($run, 'up') }

sub status { my ($self, $run) = @_; return $self->call($run, 'status') }

sub record_all
{
	my ($self, $number) = @_;

	return ("INSERT INTO goose_db_version (version_id, is_applied) SELECT n, true FROM generate_series(2, $number) n");
}

1;
