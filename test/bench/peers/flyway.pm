# Flyway: its library for PostgreSQL with the program in the folder flyway, as
# its own command needs the libraries of all databases.

package Bench::Peer::flyway;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files qw(write_file script each_migration);
use Bench::Install qw(command maven);

sub name { return 'flyway' }

# the newest release whose parent is in the registry
sub version { return '13.11.1' }

sub title { return 'Flyway ' . $_[0]->version }

sub install
{
	my ($self) = @_;

	my ($source) = __FILE__ =~ m{^(.*)\.pm$};

	maven(
		$self->{folder},
		'org.flywaydb:flyway-database-postgresql' => $self->version,
		'org.postgresql:postgresql' => '42.7.14');
	command("$self->{folder}/javac.log", 'javac', '-cp', "$self->{folder}/jars/*",
		'-d', "$self->{folder}/classes", "$source/FlywayBench.java");
	return;
}

sub write_files
{
	my ($self, $files, $migrations) = @_;

	each_migration(
		$migrations,
		sub {
			my ($number, $migration) = @_;

			write_file(sprintf('%s/V%d__%s.sql', $files, $number, $migration->{name}),
				script($migration, 'up'));
		});
	return;
}

sub call
{
	my ($self, $run, $command) = @_;

	return ('java', '-cp', "$self->{folder}/jars/*:$self->{folder}/classes", 'FlywayBench',
		$command, "jdbc:postgresql://$run->{host}:$run->{port}/$run->{database}",
		$run->{files});
}

sub up { my ($self, $run) = @_; return $self->call($run, 'migrate') }

sub status { my ($self, $run) = @_; return $self->call($run, 'info') }

sub applied { return 'SELECT count(*) FROM flyway_schema_history WHERE success' }

# the files are all the same, and so are their checksums
sub record_all
{
	my ($self, $number) = @_;

	return ("INSERT INTO flyway_schema_history SELECT n, n, description, type, replace(script, 'V1_', 'V' || n || '_'),"
		  . " checksum, installed_by, installed_on, execution_time, success"
		  . " FROM flyway_schema_history, generate_series(2, $number) n");
}

1;
