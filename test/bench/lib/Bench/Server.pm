# Bench::Server - a cluster with its data on a given folder, reached by TCP
# at once or after a delay.  It keeps the server's defaults for durability.

package Bench::Server;

use strict;
use warnings;
use IO::Socket::INET;
use Bench::Files 'write_file';

# What is not a default; RESULTS.md tells it.
use constant SETTINGS => (
	max_connections => 150,
	shared_buffers => "'256MB'",
	max_wal_size => "'4GB'",
	checkpoint_timeout => "'1h'",
	autovacuum => 'off',
	'gooseplus.timeout' => 0,
	'gooseplus.migration_timeout' => 0);

# All of them, with a library to load when it starts, or "none".
sub settings
{
	my ($preload) = @_;

	return (SETTINGS, $preload eq 'none' ? () : (shared_preload_libraries => "'$preload'"));
}

# Make and start one: folder for its data; tools and work, folders; preload, see
# settings().
sub start
{
	my ($class, %options) = @_;

	my $self = bless { %options, proxies => {} }, $class;
	my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
	  or die "no free port: $!\n";
	my %settings = (
		settings($options{preload}),
		listen_addresses => "'127.0.0.1'",
		unix_socket_directories => "''",
		timezone => "'UTC'",
		port => $free->sockport);

	$self->{port} = $settings{port};
	$self->{data} = "$self->{folder}/data";
	$self->run_tool('initdb', '-D', $self->{data}, '-U', 'postgres', '-A', 'trust',
		'-E', 'UTF8', '--locale=C');
	open my $conf, '>>', "$self->{data}/postgresql.conf" or die "postgresql.conf: $!\n";
	print $conf map { "$_ = $settings{$_}\n" } sort keys %settings;
	close $conf;
	$self->{peak} = "$self->{work}/peak";
	local $ENV{BENCH_PEAK} = $self->{peak};
	close $free;
	$self->run_tool('pg_ctl', '-D', $self->{data}, '-l', "$self->{folder}/log", '-w', 'start');
	$self->{running} = 1;
	return $self;
}

# Run a command of the server's; die with its output if it fails.
sub run_tool
{
	my ($self, @command) = @_;

	my $log = "$self->{work}/tool.log";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0)
	{
		open STDOUT, '>', $log and open STDERR, '>&', \*STDOUT;
		exec @command or exit 127;
	}
	waitpid $pid, 0;
	return if $? == 0;
	open my $file, '<', $log or die "$command[0] failed\n";
	die "$command[0] failed:\n", <$file>;
}

sub stop
{
	my ($self) = @_;

	return unless delete $self->{running};
	close $_->{input} foreach values %{ $self->{proxies} };
	waitpid $_->{pid}, 0 foreach values %{ $self->{proxies} };
	system 'pg_ctl', '-D', $self->{data}, '-m', 'immediate', '-w', '-s', 'stop';
	system 'rm', '-rf', $self->{folder};
	return;
}

# The port that leads to the server with this many milliseconds there and back.
sub port
{
	my ($self, $delay) = @_;

	return $self->{port} if $delay == 0;
	my $proxy = $self->{proxies}{$delay};
	return $proxy->{port} if defined $proxy;

	pipe my $their_input, my $our_output or die "pipe: $!\n";
	pipe my $our_input, my $their_output or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0)
	{
		close $our_output;
		open STDIN, '<&', $their_input and open STDOUT, '>&', $their_output;
		exec "$self->{tools}/delay", $delay * 500, $self->{port} or exit 127;
	}
	close $their_output;
	my $port = <$our_input> // die "the proxy did not start\n";
	chomp $port;
	$self->{proxies}{$delay} = { port => $port, pid => $pid, input => $our_output };
	return $port;
}

# The answer to a query or to commands, as psql prints it unaligned.
sub sql
{
	my ($self, $database, @commands) = @_;

	my $log = "$self->{work}/sql.log";
	local $ENV{PGOPTIONS} = '-c session_preload_libraries= -c client_min_messages=warning';
	my @arguments = map { ('-c', $_) } @commands;
	my $pid = open(my $out, '-|') // die "fork: $!\n";
	if ($pid == 0)
	{
		open STDERR, '>', $log;
		exec 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1',
		  '-p', $self->{port}, '-U', 'postgres', '-d', $database, @arguments
		  or exit 127;
	}
	my $answer = join '', <$out>;
	close $out;
	if ($? != 0)
	{
		open my $file, '<', $log;
		die "psql failed: ", <$file>;
	}
	chomp $answer;
	return $answer;
}

# An empty database of that name, with the catalog's caches that the first
# session in it would write, and nothing for a checkpoint to do.
sub new_database
{
	my ($self, $name, @commands) = @_;

	$self->sql('postgres', "DROP DATABASE IF EXISTS $name WITH (FORCE)", "CREATE DATABASE $name");
	$self->sql($name, @commands, 'SELECT count(*) FROM pg_class', 'CHECKPOINT');
	return;
}

# Wait until nobody else is connected.
sub wait_alone
{
	my ($self, $database) = @_;

	foreach (1 .. 200)
	{
		return if $self->sql($database,
			'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()') == 0;
		select undef, undef, undef, 0.05;
	}
	return;
}

# Write down the peaks of sessions from now on, or no longer.
sub watch_memory
{
	my ($self, $on) = @_;

	$self->sql(
		'postgres',
		$on
		? "ALTER SYSTEM SET session_preload_libraries = '$self->{tools}/peak.so'"
		: 'ALTER SYSTEM RESET session_preload_libraries',
		'SELECT pg_reload_conf()');
	select undef, undef, undef, 0.2;
	return;
}

# The highest of the peaks that are written down, in kB; forgets them.
sub take_peak
{
	my ($self) = @_;

	my $most;

	if (open my $file, '<', $self->{peak})
	{
		foreach my $line (<$file>)
		{
			$most = $line + 0 if !defined $most or $line > $most;
		}
	}
	unlink $self->{peak};
	return $most;
}

1;
