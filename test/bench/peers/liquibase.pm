# Liquibase, with a formatted SQL file for each migration.

package Bench::Peer::liquibase;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files qw(write_file script each_migration);
use Bench::Install 'maven';

sub name { return 'liquibase' }

sub version { return '5.0.4' }

sub title { return 'Liquibase ' . $_[0]->version }

sub install
{
	my ($self) = @_;

	maven(
		$self->{folder},
		'org.liquibase:liquibase-core' => $self->version,
		'info.picocli:picocli' => '4.7.7',
		'org.postgresql:postgresql' => '42.7.14');
	return;
}

sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_file("$files/root.xml", <<'EOT');
<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
	xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
	xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <includeAll path="sql" relativeToChangelogFile="true"/>
</databaseChangeLog>
EOT
	each_migration(
		$migrations,
		sub {
			my ($number, $migration) = @_;

			write_file(
				sprintf('%s/sql/%06d_%s.sql', $files, $number, $migration->{name}),
				"--liquibase formatted sql\n--changeset bench:$number\n",
				script($migration, 'up'),
				map { "--rollback $_;\n" } @{ $migration->{down} });
		});
	return;
}

sub call
{
	my ($self, $run, @command) = @_;

	return ('java', '-cp', "$self->{folder}/jars/*",
		'liquibase.integration.commandline.LiquibaseCommandLine',
		"--search-path=$run->{files}", '--changelog-file=root.xml',
		"--url=jdbc:postgresql://$run->{host}:$run->{port}/$run->{database}",
		'--username=postgres', '--show-banner=false', '--analytics-enabled=false', @command);
}

sub up { my ($self, $run) = @_; return $self->call($run, 'update') }

sub status { my ($self, $run) = @_; return $self->call($run, 'status') }

# it lists only what is pending
sub shows_all { my ($self, $output) = @_; return $output =~ /is up to date/ }

sub applied { return 'SELECT count(*) FROM databasechangelog' }

# the files are all the same, and so are their checksums
sub record_all
{
	my ($self, $number) = @_;

	return ("INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype, md5sum, description, comments, tag, liquibase, contexts, labels, deployment_id)"
		  . " SELECT n, author, replace(filename, '000001', lpad(n::text, 6, '0')), dateexecuted, n, exectype, md5sum, description, comments, tag, liquibase, contexts, labels, deployment_id"
		  . " FROM databasechangelog, generate_series(2, $number) n");
}

1;
