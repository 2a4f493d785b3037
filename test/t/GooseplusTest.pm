# GooseplusTest.pm - what the TAP tests share: a cluster with gooseplus in it,
# folders of migrations, sessions in the background, and dumps to compare.
#
# What is tested is in the *.pl files.

package GooseplusTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(new_node node_conf write_files write_raw clear_files
  migrate_root query start_psql finish_psql wait_activity wait_for_age wait_server
  dump_of memory_peak copy_server run_or_die);

# The first minor releases of 15 have another background_psql().
plan(skip_all => 'PostgreSQL::Test::BackgroundPsql is missing')
  unless PostgreSQL::Test::Cluster->can('background_psql')
  && eval { require PostgreSQL::Test::BackgroundPsql };

# Each query's patience, as long as that of PostgreSQL's own tests.
my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 180;

# The settings that every cluster of these tests has.
sub node_conf
{
	my ($node) = @_;

	$node->append_conf('postgresql.conf', "max_connections = 50\n"
		  . "shared_buffers = 16MB\n"
		  . "restart_after_crash = on\n"
		  . "log_statement = none\n"
		  . "gooseplus.directory = '" . migrate_root($node) . "'\n"
		  . "gooseplus.timeout = 0\n"
		  . "gooseplus.migration_timeout = 0\n");
	return;
}

# A running cluster with the extension in its database "postgres", and an
# empty folder "base" in the root of its migrations.  Options: encoding; init
# (more parameters for the method init).
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(
		extra => [
			'--locale=C', '--encoding=' . ($options{encoding} || 'UTF8')
		],
		%{ $options{init} || {} });
	make_path(migrate_root($node) . '/base');
	node_conf($node);
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION gooseplus');
	return $node;
}

# The root of a cluster's migrations.
sub migrate_root
{
	my ($node) = @_;

	return $node->basedir . '/migrations';
}

# Write one file, byte for byte; its folders are made.
sub write_raw
{
	my ($path, $bytes) = @_;

	make_path(dirname($path));
	open my $file, '>:raw', $path or die "could not create $path: $!";
	print $file $bytes or die "could not write $path: $!";
	close $file or die "could not write $path: $!";
	return;
}

# Write migrations, as pairs of a path below the root and the statements of
# its Up section.  A text that has annotations of its own is left alone.
sub write_files
{
	my ($node, %files) = @_;

	foreach my $path (keys %files)
	{
		my $text = $files{$path};

		$text = "-- +goose Up\n$text\n" unless $text =~ /\+goose Up/;
		write_raw(migrate_root($node) . "/$path", $text);
	}
	return;
}

# Take all migrations away; an empty "base" stays.
sub clear_files
{
	my ($node) = @_;

	remove_tree(migrate_root($node));
	make_path(migrate_root($node) . '/base');
	return;
}

# Run SQL and return psql's exit status, output and error output.  Fields are
# separated by "|".
sub query
{
	my ($node, $sql, %options) = @_;
	my ($out, $err) = ('', '');
	my $status = $node->psql(
		$options{database} || 'postgres', $sql,
		stdout => \$out,
		stderr => \$err,
		extra_params => $options{user} ? [ '-U', $options{user} ] : []);

	return ($status, $out, $err);
}

# Start psql with these commands, and do not wait for it.  Files stand at both
# ends, as nobody reads or writes a pipe meanwhile.
sub start_psql
{
	my ($node, $sql, %options) = @_;
	my $base = PostgreSQL::Test::Utils::tempdir('psql') . '/';
	my @command = (
		'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d',
		$node->connstr($options{database} || 'postgres')
		  . " application_name=" . ($options{name} || 'background'));

	push @command, '-U', $options{user} if $options{user};
	write_raw("${base}in", $sql);
	return {
		base => $base,
		run => IPC::Run::start(
			\@command,
			'<', "${base}in",
			'>', "${base}out",
			'2>', "${base}err",
			IPC::Run::timeout($patience))
	};
}

# Wait for it to end; returns its exit status, output and error output.
sub finish_psql
{
	my ($session) = @_;
	my ($out, $err);

	$session->{run}->finish;
	$out = slurp_file("$session->{base}out");
	$err = slurp_file("$session->{base}err");
	chomp($out, $err);
	return (($session->{run}->results)[0], $out, $err);
}

# Wait until a session shows a query text that matches the pattern (of LIKE).
# Returns its process id.
sub wait_activity
{
	my ($node, $pattern, $extra) = @_;
	my $sql = "SELECT min(pid) FROM pg_stat_activity WHERE query LIKE '$pattern'"
	  . " AND state = 'active' AND pid <> pg_backend_pid()"
	  . ($extra ? " AND $extra" : '');
	my $end = time + $patience;

	while (time < $end)
	{
		my $pid = $node->safe_psql('postgres', $sql);

		return $pid if $pid ne '';
		usleep(20_000);
	}
	die "no session showed $pattern";
}

# Wait until files, and what links lead to, have been as they are for more than
# two seconds: before, gooseplus does not trust their times.
sub wait_for_age
{
	my ($node, @files) = @_;
	my $newest = (sort { $b <=> $a } map { (lstat)[10], (stat)[10] } @files)[0];

	$node->poll_query_until('postgres', "SELECT extract(epoch FROM clock_timestamp()) > $newest + 3")
	  or die 'the clock stands still';
	return;
}

# Wait until a query in the database "postgres" of a server that starts again
# says "t"; returns false if it never does.  The method poll_query_until writes
# the query to psql's input, and dies if psql, sent away, has already gone.
sub wait_server
{
	my ($node, $sql) = @_;
	my $end = time + $patience;

	while (time < $end)
	{
		my ($out, $err) = ('', '');

		IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ],
			'<', '/dev/null', '>', \$out, '2>', \$err);
		return 1 if $out eq "t\n";
		usleep(20_000);
	}
	return 0;
}

# A database as pg_dump writes it, without what differs from call to call.
sub dump_of
{
	my ($node, $database, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'pg_dump', '-d', $node->connstr($database), @options ],
		'>', \$out, '2>', \$err)
	  or die "pg_dump failed: $err";
	$out =~ s/^\\(un)?restrict .*$//mg;
	return $out;
}

# Run a command that must succeed; returns its output, errors included.
sub run_or_die
{
	my (@command) = @_;
	my $out = '';

	IPC::Run::run(\@command, '>', \$out, '2>&1')
	  or die "@command failed:\n$out";
	return $out;
}

# A copy of the server, with gooseplus installed, that may be changed, in a new
# folder of that name.  Returns what PGXS and PostgreSQL::Test::Cluster want to
# know of it: pg_config and prefix.
sub copy_server
{
	my ($folder) = @_;
	my $root = "$ENV{GOOSEPLUS_PRIVATE}/pg";
	my $bin = dirname($ENV{PG_CONFIG});

	$bin =~ s/^\Q$root\E// or die "$bin is not below $root";
	run_or_die('cp', '-al', $root, $folder);
	return {
		pg_config => "$folder$bin/pg_config",
		prefix => dirname("$folder$bin")
	};
}

# The most memory that a process has used so far, in kB; undef where the
# system does not tell.
sub memory_peak
{
	my ($pid) = @_;

	open my $file, '<', "/proc/$pid/status" or return;
	while (<$file>)
	{
		return $1 if /^VmHWM:\s+(\d+) kB/;
	}
	return;
}

1;
