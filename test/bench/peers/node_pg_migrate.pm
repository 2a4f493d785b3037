# node-pg-migrate.

package Bench::Peer::node_pg_migrate;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files 'write_marked';
use Bench::Install 'npm';

# what stands before the number, to make it a time in milliseconds
use constant TIME => 1700000000000;

sub name { return 'node_pg_migrate' }

sub version { return '9.0.0' }

sub title { return 'node-pg-migrate ' . $_[0]->version }

sub install
{
	my ($self) = @_;

	npm($self->{folder}, 'node-pg-migrate' => $self->version, pg => '8.23.1');
	return;
}

sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_marked($migrations, '-- Up Migration', '-- Down Migration',
		sub { return sprintf '%s/migrations/%d_%s.sql', $files, TIME + $_[0], $_[1] });
	return;
}

sub environment { my ($self, $run) = @_; return (DATABASE_URL => $self->url($run)) }

sub up
{
	my ($self, $run) = @_;

	return ("$self->{folder}/node_modules/.bin/node-pg-migrate", 'up',
		'--migrations-dir', "$run->{files}/migrations", '--advisory-lock-mode', 'wait');
}

sub applied { return 'SELECT count(*) FROM pgmigrations' }

sub record_all
{
	my ($self, $number) = @_;

	return ("INSERT INTO pgmigrations (name, run_on)"
		  . " SELECT replace(name, '${\(TIME + 1)}', (${\TIME} + n)::text), run_on FROM pgmigrations, generate_series(2, $number) n");
}

1;
