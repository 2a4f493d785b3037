# dbmate: the program itself, without the Node.js script that npm puts in front.

package Bench::Peer::dbmate;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files 'write_marked';
use Bench::Install 'npm';

sub name { return 'dbmate' }

sub version { return '2.36.0' }

sub install
{
	my ($self) = @_;

	npm($self->{folder}, dbmate => $self->version);
	my ($program) = glob "$self->{folder}/node_modules/\@dbmate/*/bin/dbmate";
	die "npm brought no dbmate for this machine\n" unless defined $program;
	symlink $program =~ s{^\Q$self->{folder}\E/}{}r, "$self->{folder}/dbmate"
	  or die "symlink: $!\n";
	return;
}

sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_marked($migrations, '-- migrate:up', '-- migrate:down',
		sub { return sprintf '%s/%06d_%s.sql', $files, @_ });
	return;
}

# Its driver refuses variables of libpq's that it does not support.
sub environment { return () }

sub call
{
	my ($self, $run, @command) = @_;

	return ("$self->{folder}/dbmate", '--url', $self->url($run) . '?sslmode=disable',
		'--migrations-dir', $run->{files}, '--no-dump-schema', @command);
}

sub up { my ($self, $run) = @_; return $self->call($run, 'migrate') }

sub status { my ($self, $run) = @_; return $self->call($run, 'status') }

sub applied { return 'SELECT count(*) FROM schema_migrations' }

sub record_all
{
	my ($self, $number) = @_;

	return ("INSERT INTO schema_migrations SELECT lpad(n::text, 6, '0') FROM generate_series(2, $number) n");
}

1;
