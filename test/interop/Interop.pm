# Interop.pm - what the comparisons with goose share: running psql, the
# Provider, the goose command and gooseplus on databases of the suite's
# server, and reading what they left there.  It decides nothing; the *.pl
# beside it do.
#
# Copyright (c) 2026, gooseplus contributors

package Interop;

use strict;
use warnings;

use Exporter qw(import);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Test::More;
use Talk qw(lines_of);

our @EXPORT = qw(
  FOLDER OWN_TREES GATE
  slurp run_command start_command finish_command
  sql sql_rows database copy_tree options
  provider goose gooseplus deploy revert
  version_rows schema_dump data_dump table_rows invalid_indexes
  provider_status gooseplus_status
  wait_for_sql
);

# What prepare left, and the trees that are ours.
use constant FOLDER => "$ENV{GOOSEPLUS_PRIVATE}/interop";
use constant OWN_TREES => "$ENV{GOOSEPLUS_TREE}/test/interop/trees";

# The lock in trees/slow that keeps a migration from ending.
use constant GATE => 20260102;

my $commands = 0;

# The bytes of a file.
sub slurp
{
	my ($file) = @_;

	open my $handle, '<:raw', $file or die "$file: $!";
	local $/;
	my $text = <$handle>;
	return defined $text ? $text : '';
}

# Start a program without waiting.  Returns what finish_command wants.
sub start_command
{
	my (@command) = @_;
	my $base = "$ENV{TMPDIR}/interop.$$." . ++$commands;
	my $pid = fork;

	die "fork: $!" unless defined $pid;
	if (!$pid)
	{
		open STDIN, '<', '/dev/null' or die;
		open STDOUT, '>', "$base.out" or die;
		open STDERR, '>', "$base.err" or die;
		exec @command or exit 127;
	}
	return { pid => $pid, base => $base };
}

# Wait for it.  Returns exit status (-1: a signal), standard output and error.
sub finish_command
{
	my ($started) = @_;

	waitpid $started->{pid}, 0;
	my $status = $? & 127 ? -1 : $? >> 8;
	my $base = $started->{base};
	my ($out, $err) = (slurp("$base.out"), slurp("$base.err"));
	unlink "$base.out", "$base.err";
	return ($status, $out, $err);
}

sub run_command
{
	return finish_command(start_command(@_));
}

# The command that runs one query in a database.
sub psql_command
{
	my ($database, $query) = @_;

	return ('psql', qw(-X -A -t -q -v ON_ERROR_STOP=1 -d), $database,
		'-c', $query);
}

# One query that has to work; its output without the last newline.
sub sql
{
	my ($database, $query) = @_;
	my ($status, $out, $err) = run_command(psql_command($database, $query));

	die "$query: $err" if $status != 0;
	chomp $out;
	return $out;
}

# A fresh database with the extension in it.  The dumps of two databases can
# be compared if both have it.
sub database
{
	my ($name) = @_;

	sql('postgres', "DROP DATABASE IF EXISTS $name");
	sql('postgres', "CREATE DATABASE $name");
	sql($name, 'CREATE EXTENSION gooseplus');
	return $name;
}

# Copy the migrations of folders into one new folder; returns its path.
sub copy_tree
{
	my ($name, @from) = @_;
	my $to = "$ENV{TMPDIR}/$name";

	make_path($to);
	foreach my $folder (@from)
	{
		foreach my $file (glob "'$folder'/*.sql")
		{
			copy($file, $to) or die "$file: $!";
		}
	}
	return $to;
}

# ------------------------------------------------------- the three contestants

# The Provider: provider(database, folder, command ...).
sub provider_command
{
	my ($database, $folder, @command) = @_;

	return (FOLDER . '/bin/provider', '-dir', $folder, '-dsn',
		"host=$ENV{PGHOST} port=$ENV{PGPORT} user=$ENV{PGUSER}"
		  . " dbname=$database application_name=provider sslmode=disable",
		@command);
}

# As a hash: command (for start_command), status, out, err.
sub provider
{
	my ($status, $out, $err) = run_command(provider_command(@_));

	return { status => $status, out => $out, err => $err };
}

# The goose command; it says everything on standard error.
sub goose
{
	my ($database, $folder, @command) = @_;
	my ($status, $out, $err) = run_command(
		FOLDER . '/bin/goose', '-dir', $folder, 'postgres',
		"host=$ENV{PGHOST} port=$ENV{PGPORT} user=$ENV{PGUSER}"
		  . " dbname=$database sslmode=disable",
		@command);

	return { status => $status, out => $out, err => $err };
}

# The options that make gooseplus read a folder as goose does, and others if
# given (as members of JSON): a JSON object as an SQL literal.  The variables
# are those of %ENV that start with INTEROP_.
sub options
{
	my ($folder, $others) = @_;
	my $variables = join ', ',
	  map { "\"$_\": \"$ENV{$_}\"" } grep { /^INTEROP_/ } sort keys %ENV;

	return "'{\"base_environment\": \"\", \"directory\": \"$folder\","
	  . " \"variables\": {$variables}" . ($others ? ", $others" : '') . "}'";
}

sub gooseplus_command
{
	my ($database, $options, $environment) = @_;

	$environment = defined $environment ? "'$environment'" : 'NULL';
	return psql_command($database,
		"SELECT version, direction FROM gooseplus_migrate($environment, $options)"
	);
}

# gooseplus_migrate; standard error has its notices.
sub gooseplus
{
	my ($status, $out, $err) = run_command(gooseplus_command(@_));

	return { status => $status, out => $out, err => $err };
}

# CALL gooseplus_deploy; arguments are as in SQL, "version => 3".
sub deploy_command
{
	my ($database, $options, @arguments) = @_;

	return psql_command($database, 'CALL gooseplus_deploy('
		  . join(', ', @arguments, "options => $options") . ')');
}

sub deploy
{
	my ($status, $out, $err) = run_command(deploy_command(@_));

	return { status => $status, out => $out, err => $err };
}

# CALL gooseplus_revert.
sub revert
{
	my ($database, $options, $version) = @_;
	my ($status, $out, $err) = run_command(psql_command($database,
			"CALL gooseplus_revert($version, options => $options)"));

	return { status => $status, out => $out, err => $err };
}

# --------------------------------------------------------- what they left there

# The version table as text, in the order in which rows were written.
sub version_rows
{
	my ($database) = @_;

	return sql($database,
		'SELECT version_id, is_applied FROM goose_db_version ORDER BY id');
}

sub dump_of
{
	my ($database, @how) = @_;
	my ($status, $out, $err) = run_command('pg_dump', '-d', $database,
		'--exclude-table=goose_db_version_history*', @how);

	die "pg_dump: $err" if $status != 0;
	# a random key, in newer releases
	$out =~ s/^\\(un)?restrict .*\n//mg;
	return $out;
}

sub schema_dump
{
	my ($database) = @_;

	return dump_of($database, '--schema-only');
}

# All rows and sequences; points in time, which differ, as one word.
sub data_dump
{
	my ($database) = @_;
	my $dump = dump_of($database, '--data-only', '--inserts');

	$dump =~ s/'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?'/'time'/g;
	return $dump;
}

# A query for the query for the rows of all tables that migrations have made: in
# no particular order on disk, so in one of their own there.
use constant TABLE_ROWS => q{
	SELECT string_agg(format('SELECT %L || x::text FROM %s x', relname || ': ',
			oid::regclass), ' UNION ALL ') || ' ORDER BY 1'
	FROM pg_class WHERE relkind IN ('r', 'p')
		AND relname !~ '^(goose_db_version|versions)'
		AND relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'};

# Those rows, as lines; "psql" is a running one (see Talk.pm).
sub table_rows
{
	my ($psql) = @_;
	my ($query) = lines_of($psql, TABLE_ROWS);

	# empty where there is no table
	return $query && join "\n", lines_of($psql, $query);
}

# The names of indexes that CONCURRENTLY has left invalid.
sub invalid_indexes
{
	my ($database) = @_;

	return sql($database, q{SELECT string_agg(relname, ' ' ORDER BY relname)
		FROM pg_index JOIN pg_class c ON c.oid = indexrelid
		WHERE NOT indisvalid AND relkind = 'i'});
}

# "version state file" in each line, both times.
sub provider_status
{
	my ($database, $folder) = @_;
	my $result = provider($database, $folder, 'status');

	return $result->{status} ? $result->{err} : $result->{out};
}

sub gooseplus_status
{
	my ($database, $options, $environment) = @_;

	$environment = defined $environment ? "'$environment'" : 'NULL';
	return sql($database,
		"SELECT version || ' ' || state || ' ' || regexp_replace(source, '.*/', '')"
		  . " FROM gooseplus_status($environment, $options) ORDER BY version")
	  . "\n";
}

# Wait until a query answers "t"; false if it does not within 40 s, less than
# the limit of a migration.
sub wait_for_sql
{
	my ($database, $query) = @_;

	foreach (1 .. 400)
	{
		return 1 if sql($database, $query) eq 't';
		select undef, undef, undef, 0.1;
	}
	diag "waited in vain for: $query";
	return 0;
}

1;
