# Soak.pm - the steps of a soak: plays the scenes of some databases, lets the
# checker look at them, and judges what the calls have answered.
#
# A base is one database: name, number, history, environments, migrations and
# repeatables (those that it sees), goose, role, bundle, folder, texts (number of
# the text that each repeatable migration's file has), edits (number of the edit
# of a version's file), problems.

package Soak;

use strict;
use warnings;

use Alone;
use Chance;
use Checker;
use File::Path qw(make_path);
use Histories;
use Looking;
use Scenes;
use Stage;

our @ISA = qw(Alone Looking);

# Errors that a call may end with when others are at work, strike or let it
# fail, by their SQLSTATE.
my %fine = map { $_ => 1 } (
	'P0001',    # the fault
	'57014',    # cancels and time limits
	'57P01', '57P02', '57P03',    # a backend that is ended, a server that is
	'55P03', '40P01',             # locks
	'25001', '2D000',             # what one transaction cannot do
	'55P04',                      # a new value of an enum in one transaction
	'P0002',                      # nothing to do
);

# More of them, by what they say.
my @fine_words = (
	qr/55000: migration \S+ is half (?:applied|taken back)/,
	qr/55000: all statements of migration \S+ are done, but it must not be/,
	qr/55000: \d+ applied migrations? ha(?:s|ve) changed/,
	qr/42704: version \d+: migration not applied/,
	qr/0A000: \S+ is a registered function, and has no file/);

# "hooks" are the stage, the checker, a function that says something, and the
# path of the goose command, if there is one.
sub new
{
	my ($class, %hooks) = @_;

	return bless { %hooks, count => {}, errors => {}, versions => {}, log_at => 0 }, $class;
}

# ------------------------------------------------------------- the files

sub write_file
{
	my ($path, $text) = @_;

	open my $file, '>:raw', $path or die "could not create $path: $!";
	print $file $text or die "could not write $path: $!";
	close $file or die "could not write $path: $!";
	return;
}

# A migration that is no file is left out.
sub write_migration
{
	my ($base, $migration) = @_;

	return if $migration->{code};
	write_file("$base->{folder}/$migration->{folder}/$migration->{name}",
		Histories::text($migration, $base->{edits}{ $migration->{version} }));
	return;
}

sub write_repeatable
{
	my ($base, $repeatable) = @_;

	write_file(
		"$base->{folder}/$repeatable->{folder}/" . Histories::repeatable_file($repeatable),
		Histories::repeatable_text($repeatable, $base->{texts}{ $repeatable->{name} }));
	return;
}

# All files of a base.
sub write_tree
{
	my ($base) = @_;

	make_path(map { "$base->{folder}/$_" } qw(base production eu));
	write_migration($base, $_) foreach @{ $base->{history}{migrations} };
	write_repeatable($base, $_) foreach @{ $base->{history}{repeatables} };
	return;
}

# What has changed in the files is to be seen by calls.
sub refresh
{
	my ($self, $base) = @_;

	$self->{stage}->ask("SELECT gooseplus_bundle_load('soak', '$base->{folder}')",
		$base->{name})
	  if $base->{bundle};
	return;
}

# --------------------------------------------------------------- problems

# Writes down what is wrong, once for each step of a database, with what there
# is to know.
sub problem
{
	my ($self, $base, $what, @more) = @_;

	chomp $what;
	push @{ $base->{problems} }, $what;
	$self->{say}->("PROBLEM in $self->{step}, $base->{name} (history $base->{history}{number}, environments '$base->{environments}', role $base->{role}"
		  . ($base->{bundle} ? ', bundle' : '') . "): $what",
		"again: make soak $self->{again} SOAK_ONLY=$base->{number}"
		  . ($self->{step} =~ /^step (\d+)$/ ? " SOAK_FROM=$1" : ''),
		@{ $self->{words}{ $base->{name} } || [] },
		@more);
	return;
}

# The SQLSTATEs and messages of a call.
sub errors_of
{
	my ($process) = @_;

	return $process->{err} =~ /^(?:psql:\S+ )?(?:ERROR|FATAL|PANIC):  (.*)$/mg;
}

# What the call said, shortened.
sub said
{
	my ($process) = @_;

	return ("call: " . ($process->{sql} // 'the application'),
		map { substr $_, 0, 600 }
		  grep { !/^LOCATION: |^NOTICE:  00000: OK / } split /\n/, $process->{err});
}

# Counts an error, and says whether it is one that a call may end with.
sub is_fine
{
	my ($self, $error) = @_;
	my ($state) = $error =~ /^(\w{5}): /;

	if (!defined $state)
	{
		return 1 if $error =~ /connection|terminat|the database system is/;
		$state = '?';
	}
	$self->{errors}{$state}++;
	return $fine{$state} || scalar grep { $error =~ $_ } @fine_words;
}

# Judges how a call has ended that others may have disturbed.
sub judge
{
	my ($self, $base, $process) = @_;
	my @errors = errors_of($process);

	$self->{count}{calls}++;
	if ($process->{hangs})
	{
		$self->problem($base, 'a call hangs', said($process), split /\n/, $process->{hangs});
		return;
	}
	push @errors, "$2: $1" while $process->{out} =~ /([^|\n]*) \(SQLSTATE (\w{5})\)/g;
	# a rehearsal leaves out what no transaction can hold, and then misses it
	@errors = grep { !/^(?:42P01|42704): / } @errors
	  if ($process->{sql} // '') =~ /gooseplus_rehearse/;
	foreach my $error (@errors)
	{
		$self->problem($base, "unexpected error $error", said($process))
		  unless $self->is_fine($error);
	}
	return;
}

# ------------------------------------------------------------------ looking

# Lets the checker look at a base; its problems are ours.
sub check
{
	my ($self, $base) = @_;
	my $check = $self->{checker}->check($base->{history}, $base->{environments}, $base->{name});

	$self->{count}{checks}++;
	$self->{count}{'half applied seen'}++ if @{ $check->{half} };
	$self->{versions}{"$base->{name} $check->{version}"}++;
	$self->problem($base,
		"after it, at version $check->{version}"
		  . (@{ $check->{half} } ? ", half done @{ $check->{half} }" : '')
		  . ": $_")
	  foreach @{ $check->{problems} };
	return $check;
}

# ------------------------------------------------------------------ settling

# The call that goes on after this error, or nothing if it is none that asks.
sub answer
{
	my ($self, $base, $process, $sql) = @_;
	my $env = Scenes::literal($base->{environments});
	my ($label) = $process->{err} =~ /55000: (?:migration|all statements of migration) \w+\/0*(\d+)_/;

	return unless defined $label;
	if ($process->{err} =~ /HINT:  CALL gooseplus_revert, to a version below (\d+), goes on/)
	{
		$self->{count}{'answered revert'}++;
		return "CALL gooseplus_revert($1 - 1, $env)";
	}
	if ($process->{err} =~ /"resume": "restart"/ && $sql =~ /deploy/)
	{
		# what is there is taken back by its Down part
		$self->{count}{'answered revert'}++;
		return "CALL gooseplus_revert($label - 1, $env)";
	}
	if ($process->{err} =~ /HINT:.*"resume": "retry"/)
	{
		$self->{count}{'answered retry'}++;
		return $sql =~ s/\)$/, options => '{"resume": "retry"}')/r;
	}
	return;
}

# Calls until the call has ended well, and does what the errors ask for in
# between.  Nobody disturbs.  Returns the last process; a problem if it never
# ends well.
sub settle
{
	my ($self, $base, $sql) = @_;
	my $next = $sql;
	my ($process, @said);

	foreach my $try (1 .. 8)
	{
		my $this = $next;

		$process = $self->{stage}->call($base, $this);
		$self->{count}{calls}++;
		push @said, said($process);
		if ($process->{status} == 0)
		{
			return $process if $this =~ /^\Q$sql\E/ || $this =~ s/, options => .*$/)/r eq $sql;
			$next = $sql;
			next;
		}
		$next = $process->{hangs} ? undef : $self->answer($base, $process, $this);
		last unless defined $next;
	}
	$self->problem($base, 'a call that nobody disturbs does not succeed: ' . (errors_of($process))[0],
		@said, $process->{hangs} // ());
	return;
}

# Deploys until all is there, and compares with the end.
sub deploy_to_end
{
	my ($self, $base) = @_;
	my $env = Scenes::literal($base->{environments});
	my ($check, $process);

	$self->{count}{'deploys to the end'}++;
	$self->settle($base, "CALL gooseplus_deploy($env)") || return;
	$check = $self->check($base);
	return if @{ $check->{problems} };
	$self->problem($base, "after a deploy to the end: $_")
	  foreach $self->{checker}
	  ->check_end($base->{history}, $base->{environments}, $check, $base->{texts});
	$process = $self->{stage}->call($base,
		"SELECT gooseplus_has_pending($env), string_agg(DISTINCT state, ' '), count(version)"
		  . " FROM gooseplus_status($env)");
	$self->problem($base, "after a deploy to the end the status is $process->{out}", said($process))
	  if $process->{out} ne 'f|applied|' . @{ $base->{migrations} } . "\n";
	return;
}

# Takes back all above a version.
sub revert_to
{
	my ($self, $base, $target) = @_;
	my $before = $self->check($base);
	my $env = Scenes::literal($base->{environments});
	my $should = $before->{version} < $target ? $before->{version} : $target;
	my $after;

	$self->settle($base, "CALL gooseplus_revert($target, $env)") || return;
	$after = $self->check($base);
	return if @{ $after->{problems} };
	$self->problem($base, "after a revert to $target it is at $after->{version}, not $should")
	  if $after->{version} != $should && !@{ $before->{half} };
	$self->problem($base, "after a revert to $target there is half done: $_")
	  foreach grep { $_ > $target } @{ $after->{half} };
	return;
}

# -------------------------------------------------------------------- a step

# The server's log: what must never be in it, and the errors of workers.
sub check_log
{
	my ($self, @bases) = @_;
	my %bases = map { $_->{name} => $_ } @bases;

	open my $file, '<', $self->{stage}{node}->logfile or return;
	seek $file, $self->{log_at}, 0;
	while (my $line = <$file>)
	{
		my ($database, $error) =
		  $line =~ /\] gooseplus deploy (\S+) (?:ERROR|FATAL):  (.*)/;

		$self->problem($bases[0], "in the server's log: $line")
		  if $line =~ /ERROR:  XX|PANIC:|TRAP:|terminated by signal (?!9\b|3\b)/;
		$self->problem($bases{$database}, "unexpected error in a worker: $error")
		  if $error && $bases{$database} && !$self->is_fine($error);
	}
	$self->{log_at} = tell $file;
	return;
}

# What a scene of several calls has left.
sub finish_play
{
	my ($self, $play) = @_;
	my ($base, $scene) = @$play{qw(base scene)};
	my ($check, %there);

	$self->judge($base, $_) foreach @{ $play->{running} };
	$self->problem($base, $_) foreach $self->{stage}{progress}->problems_of($base);
	$check = $self->check($base);
	if ($play->{writer})
	{
		$there{$_} = 1 foreach @{ $check->{look}{application} };
		$self->{count}{'rows written'} += @{ $play->{confirmed} };
		$self->problem($base, "row $_ of the application is lost")
		  foreach grep { !$there{$_} } @{ $play->{confirmed} };
		$self->{stage}->ask('DELETE FROM kept WHERE id >= 1000000', $base->{name});
	}
	if ($scene->{settle})
	{
		$self->deploy_to_end($base);
		$self->revert_to($base, $scene->{target}) unless @{ $base->{problems} };
	}
	return;
}

# One step: each base has a scene.  A base with a problem is out of the game.
sub step
{
	my ($self, $step, $seed, @bases) = @_;
	my @plays;

	$self->{step} = "step $step";
	foreach my $base (@bases)
	{
		my $scene = Scenes::scene(Chance->new($seed, 'step', $step, $base->{number}), $base);

		$self->{words}{ $base->{name} } = [ Scenes::words($scene) ];
		$self->{count}{"scenes: $scene->{kind}"}++;
		push @plays, { base => $base, scene => $scene };
	}
	$self->{stage}->play(grep { $_->{scene}{kind} eq 'calls' } @plays);
	foreach my $play (@plays)
	{
		my $how = "alone_$play->{scene}{kind}";

		if ($play->{scene}{kind} eq 'calls') { $self->finish_play($play); }
		else { $self->$how($play->{base}, $play->{scene}); }
		$self->{count}{'steps of databases'}++;
	}
	$self->check_log(@bases);
	return;
}

1;
