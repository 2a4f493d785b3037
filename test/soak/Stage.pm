# Stage.pm - plays scenes: starts the calls, holds locks, strikes, and waits
# until all is over.  Judges nothing but that the end comes; see Soak.pm.

package Stage;

use strict;
use warnings;

use Operations;
use POSIX qw(:sys_wait_h);
use Progress;
use Session;
use Time::HiRes qw(time usleep);

# How long a scene may take, in seconds.
my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 180;

# The sessions that must be gone before a database is looked at.
my $ours = "application_name ~ '^(soak|gooseplus)'";

# "node" is the cluster, "folder" for files with the output of the calls.
sub new
{
	my ($class, $node, $folder) = @_;

	return bless {
		node => $node,
		folder => $folder,
		files => 0,
		admin => Session->new($node->connstr('postgres')),
		clerk => Session->new($node->connstr('postgres')),
		progress => Progress->new,
		struck => {}
	}, $class;
}

sub slurp
{
	my ($path) = @_;

	open my $file, '<', $path or return '';
	local $/;
	return <$file> // '';
}

# Starts a program with its output in files.
sub start
{
	my ($self, $settings, @command) = @_;
	my $path = "$self->{folder}/" . ++$self->{files} % 1000;
	my $pid = fork // die "cannot fork: $!";

	if ($pid == 0)
	{
		open STDIN, '<', '/dev/null' or die;
		open STDOUT, '>', "$path.out" or die;
		open STDERR, '>', "$path.err" or die;
		$ENV{PGOPTIONS} = $settings if $settings;
		exec @command or die "cannot run $command[0]: $!";
	}
	return { pid => $pid, path => $path };
}

# Starts psql with commands of which each is sent by itself.
sub start_psql
{
	my ($self, $base, $name, $settings, @sql) = @_;

	return $self->start($settings, 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-U',
		$base->{role}, '-d',
		$self->{node}->connstr($base->{name}) . " application_name='$name'",
		map { ('-c', $_) } @sql);
}

# Has it ended?  Then its status, output and errors are in the hash.
sub ended
{
	my ($process) = @_;

	return 1 if defined $process->{status};
	return 0 if waitpid($process->{pid}, WNOHANG) != $process->{pid};
	$process->{status} = $?;
	$process->{out} = slurp("$process->{path}.out");
	$process->{err} = slurp("$process->{path}.err");
	unlink "$process->{path}.out", "$process->{path}.err";
	return 1;
}

# Waits for a process; kills it if it takes too long.
sub wait_for
{
	my ($self, $process) = @_;
	my $limit = time + $patience;

	until (ended($process))
	{
		if (time > $limit && !$process->{hangs})
		{
			$process->{hangs} = $self->activity;
			kill 'KILL', $process->{pid};
		}
		$self->{progress}->look($self->{admin});
		usleep(5_000);
	}
	return $process;
}

# Runs one call to its end, or a list of them.
sub call
{
	my ($self, $base, $sql, $settings) = @_;
	my @sql = ref $sql ? @$sql : $sql;
	my $process =
	  $self->wait_for($self->start_psql($base, 'soak call', $settings // '', @sql));

	$process->{sql} = join "; ", @sql;
	return $process;
}

# Who does what now, for a call that hangs.
sub activity
{
	my ($self) = @_;
	my $rows = $self->{admin}->ask(
		"SELECT pid, pg_blocking_pids(pid), datname, application_name, state,"
		  . " wait_event, backend_xmin, left(replace(query, E'\\n', ' '), 200)"
		  . " FROM pg_stat_activity WHERE datname IS NOT NULL");

	return join "\n", @{ $rows || [] };
}

# ------------------------------------------------------------- the server

# The answer, whatever the server has been through.
sub ask
{
	my ($self, $sql, $database) = @_;
	my $session = $self->{ defined $database ? 'clerk' : 'admin' };
	my $limit = time + $patience;

	while (time < $limit)
	{
		my $rows = $session->ask($sql, $database);

		return $rows if $rows;
		usleep(50_000);
	}
	die "the server does not answer: $sql";
}

my $checkpointer =
  "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'";

# Kills a backend and waits until the server has come back.  Returns false if the
# backend had ended by itself: then it is gone, and the server goes on.
sub kill_backend
{
	my ($self, $pid) = @_;
	my $before = $self->ask($checkpointer)->[0] // 0;
	my $limit = time + $patience;
	my $gone;

	return 0 unless kill 'KILL', $pid;
	while (time < $limit)
	{
		my $now = $self->ask($checkpointer)->[0];

		return 1 if defined $now && $now != $before;
		$gone //= time unless kill 0, $pid;
		return 0 if $gone && defined $now && time > $gone + 5;
		usleep(30_000);
	}
	die 'the server did not come back';
}

# Ends the sessions.
sub finish
{
	my ($self) = @_;

	$self->{$_}->finish foreach qw(admin clerk);
	return;
}

sub stop_server
{
	my ($self) = @_;

	$self->{node}->stop('immediate', fail_ok => 1);
	$self->{node}->start;
	$self->ask('SELECT 1');
	return 1;
}

# ----------------------------------------------------------------- a scene

# What a strike hits: pid and name of a session that runs a call.
sub find_victim
{
	my ($self, $base, $asleep) = @_;
	my $row = $self->ask(
		"SELECT pid, application_name FROM pg_stat_activity WHERE datname = '$base->{name}'"
		  . " AND state = 'active' AND (application_name ~ '^soak call' OR application_name = 'gooseplus deploy')"
		  . ($asleep ? " AND wait_event = 'PgSleep'" : '')
		  . " ORDER BY query LIKE 'gooseplus:%' DESC, pid LIMIT 1")->[0];

	return $row ? split /\t/, $row : ();
}

# Strikes, if there is something to hit.  Returns true if so.
sub strike
{
	my ($self, $play) = @_;
	my $strike = $play->{scene}{strike};
	my $kind = $strike->{kind};
	my ($pid, $name) = $self->find_victim($play->{base}, $play->{asleep});

	return 0 unless $pid;
	if ($kind eq 'cancel' || $kind eq 'terminate')
	{
		$self->ask("SELECT pg_${kind}_backend($pid)");
	}
	elsif ($kind eq 'client')
	{
		my ($process) = grep { $_->{name} eq $name && !ended($_) } @{ $play->{running} };

		return 0 unless $process;
		kill 'KILL', $process->{pid};
	}
	elsif ($kind eq 'kill')
	{
		return 0 unless $self->kill_backend($pid);
	}
	else
	{
		$self->stop_server;
	}
	$self->{struck}{$kind}++;
	return 1;
}

# The faults of a scene come before its calls, and go after them.
sub set_faults
{
	my ($self, $base, $faults) = @_;
	my $sql = 'TRUNCATE soak.fault';

	return if !@$faults && !$base->{faults};
	$sql .= "; INSERT INTO soak.fault VALUES ('$_->{place}', '$_->{kind}', $_->{seconds})"
	  foreach @$faults;
	$self->ask($sql, $base->{name});
	$base->{faults} = @$faults;
	return;
}

# The things of a scene that are due: pairs of a time in milliseconds and a
# function.
sub schedule
{
	my ($self, $play) = @_;
	my ($base, $scene) = @$play{qw(base scene)};
	my @due;
	my $number = 0;

	foreach my $call (@{ $scene->{calls} })
	{
		my $name = 'soak call ' . ++$number;

		push @due, [ $call->{delay}, sub {
				push @{ $play->{running} },
				  { %{ $self->start_psql($base, $name, $call->{settings}, $call->{sql}) },
					name => $name, sql => $call->{sql}, call => $call };
			} ];
	}
	if (my $blocker = $scene->{blocker})
	{
		push @due, [ $blocker->{delay}, sub {
				push @{ $play->{others} }, $self->start_psql($base, 'soak blocker', '',
					"BEGIN; LOCK TABLE $blocker->{table} IN $blocker->{mode} MODE;"
					  . " SELECT pg_sleep($blocker->{seconds})");
			} ];
	}
	push @due, [ 0, sub { $play->{writer} = $self->start_writer($base) } ]
	  if $scene->{writer};
	return sort { $a->[0] <=> $b->[0] } @due;
}

# The application: a row each few milliseconds, each in a transaction of its
# own.  What it prints is there for good.
sub start_writer
{
	my ($self, $base) = @_;

	return $self->start_psql($base, 'soak writer', '', map {
			("INSERT INTO kept (id, note) VALUES (" . (1_000_000 + $_) . ", 'app') RETURNING id",
				'SELECT pg_sleep(0.01)')
	} 1 .. 30);
}

# Is the strike of this play due?  One that waits for a sleeper gives up after
# a while.
sub strike_is_due
{
	my ($play, $now) = @_;
	my $strike = $play->{scene}{strike};

	return 0 if !$strike || $play->{over} || $now < ($play->{again} // $strike->{delay});
	$play->{asleep} = $strike->{asleep} && $now < $strike->{delay} + 400;
	return 1;
}

sub still_running
{
	my ($play) = @_;

	return scalar grep { !ended($_) } @{ $play->{running} };
}

# Plays the scenes of several databases at once, until all that they started
# has ended.  A play is { base, scene }; it gets "running", the processes of its
# calls, and "confirmed", the rows that the application has been told to be there.
sub play
{
	my ($self, @plays) = @_;
	my $begin = time;
	my $limit = $begin + $patience;
	my $open = 1;

	foreach my $play (@plays)
	{
		$play->{$_} = [] foreach qw(running others confirmed);
		$self->set_faults($play->{base}, $play->{scene}{faults});
		$play->{due} = [ $self->schedule($play) ];
	}
	$begin = time;
	while ($open)
	{
		my $now = 1000 * (time - $begin);

		$open = 0;
		foreach my $play (@plays)
		{
			(shift @{ $play->{due} })->[1]->()
			  while @{ $play->{due} } && $play->{due}[0][0] <= $now;
			next unless @{ $play->{due} } || still_running($play);
			$open = 1;
			if (strike_is_due($play, $now) && $self->strike($play))
			{
				$play->{over} = !$play->{scene}{strike}{second} || $play->{again};
				$play->{again} = $now + 40;
			}
		}
		$self->give_up(@plays) if time > $limit;
		$self->{progress}->look($self->{admin});
		usleep(8_000);
	}
	foreach my $play (@plays)
	{
		$self->wait_for($_) foreach @{ $play->{others} }, grep { $_ } $play->{writer};
		$self->wait_gone($play);
		$self->set_faults($play->{base}, []);
		$play->{confirmed} = [ grep { /^\d+$/ } split /\n/, $play->{writer}{out} ]
		  if $play->{writer};
	}
	return;
}

# Ends calls that hang.
sub give_up
{
	my ($self, @plays) = @_;

	foreach my $process (grep { !ended($_) } map { @{ $_->{running} } } @plays)
	{
		$process->{hangs} //= $self->activity;
		kill 'KILL', $process->{pid};
	}
	return;
}

# Waits until no session of the scene is left, workers among them.
sub wait_gone
{
	my ($self, $play) = @_;
	my $limit = time + $patience;
	my $sql = "SELECT pid FROM pg_stat_activity WHERE datname = '$play->{base}{name}' AND $ours";

	while (@{ $self->ask($sql) })
	{
		if (time > $limit)
		{
			push @{ $play->{running} },
			  { sql => 'sessions that stay', hangs => $self->activity, err => '', out => '',
				status => 0 };
			$self->ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				  . " WHERE datname = '$play->{base}{name}' AND $ours");
			return;
		}
		usleep(10_000);
	}
	return;
}

1;
