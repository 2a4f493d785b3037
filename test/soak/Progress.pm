# Progress.pm - reads gooseplus_progress while calls run, and says whether what it
# shows can be: it knows each database's migrations from the generator.

package Progress;

use strict;
use warnings;

use Histories;
use Time::HiRes qw(time);

# How often to look, in seconds.
my $pause = 0.04;

my @columns = qw(pid database role phase migration migrations environment source
  statement early waiting_for);

my $sql =
  "SELECT pid, database, role, phase, migration, migrations, environment, source,"
  . " statement, elapsed < '0', array_to_string(waiting_for, ' ') FROM gooseplus_progress";

my %phases = map { $_ => 1 } (
	'preparing',
	'waiting for the migration lock',
	'running', 'rehearsing', 'returning',
	'waiting to try again',
	'cleaning up',
	'putting in order');

# The phases in which a run is at no migration.
my $nowhere = qr/^(?:preparing|waiting for the migration lock)$/;

sub new
{
	my ($class) = @_;

	return bless { bases => {}, problems => {}, seen => {}, next => 0 }, $class;
}

# These are the databases that there are.
sub learn
{
	my ($self, @bases) = @_;

	foreach my $base (@bases)
	{
		my %files = map { Histories::label($_) => statements($_) } @{ $base->{migrations} };

		# two statements and two points; see Histories::repeatable_statements()
		$files{ "$_->{folder}/" . Histories::repeatable_file($_) } = 4
		  foreach @{ $base->{repeatables} };
		$self->{bases}{ $base->{name} } = { base => $base, files => \%files };
	}
	return;
}

# How many statements a migration can have; an edit adds one.
sub statements
{
	my ($migration) = @_;
	my $up = @{ $migration->{up} } + 1;
	my $down = @{ $migration->{down} || [] };

	return $migration->{code} ? 1 : $up > $down ? $up : $down;
}

# What is wrong with a row, as text; nothing if it can be.
sub wrong
{
	my ($self, $row) = @_;
	my $known = $self->{bases}{ $row->{database} } || return 'an unknown database';
	my $statements = $known->{files}{ $row->{source} };
	my $most = 2 * keys %{ $known->{files} };

	return 'an unknown phase' unless $phases{ $row->{phase} };
	return 'another role' if $row->{role} ne $known->{base}{role};
	return 'it began in the future' if $row->{early} ne 'f';
	return 'it waits for itself'
	  if grep { $_ eq $row->{pid} } split / /, $row->{waiting_for};
	if ($row->{phase} =~ $nowhere)
	{
		return 'it is at no migration'
		  if grep { $row->{$_} ne '' } qw(migration migrations environment source statement);
		return;
	}
	return 'an unknown file' unless $statements;
	return 'another environment' if $row->{environment} ne ($row->{source} =~ s,/.*,,r);
	return 'an impossible number'
	  if $row->{migration} < 1
	  || $row->{migration} > $row->{migrations}
	  || $row->{migrations} > $most;
	return 'an impossible statement'
	  if $row->{statement} ne '' && ($row->{statement} < 1 || $row->{statement} > $statements);
	return;
}

# Looks, if the last look was some time ago and the server answers.
sub look
{
	my ($self, $session) = @_;

	return if time < $self->{next};
	foreach my $line (@{ $session->ask($sql) || [] })
	{
		my %row;
		my $wrong;

		@row{@columns} = split /\t/, $line, -1;
		$wrong = $self->wrong(\%row);
		$self->{seen}{ $row{phase} }++;
		push @{ $self->{problems}{ $row{database} } }, "gooseplus_progress shows $wrong: $line"
		  if $wrong;
	}
	$self->{next} = time + $pause;
	return;
}

# Takes the problems that were seen in a database.
sub problems_of
{
	my ($self, $base) = @_;

	return @{ delete $self->{problems}{ $base->{name} } || [] };
}

# How often each phase was seen.
sub summary
{
	my ($self) = @_;

	return join ', ', map { "$_ $self->{seen}{$_}" } sort keys %{ $self->{seen} };
}

# Does it see what cannot be?  Returns what it does not see, as texts.
sub doubt
{
	my ($self, $base) = @_;
	my $source = Histories::label($base->{migrations}[0]);
	my %right = (
		pid => 7,
		database => $base->{name},
		role => $base->{role},
		phase => 'running',
		migration => 1,
		migrations => 2,
		environment => 'base',
		source => $source,
		statement => 1,
		early => 'f',
		waiting_for => '8 9');
	my %harm = (
		database => 'none', role => 'none', phase => 'none', early => 't',
		waiting_for => '8 7', source => 'base/none', environment => 'none', migration => 3,
		migrations => 1000, statement => 100);

	return (
		(map { "it complains: $_" } grep { defined } $self->wrong(\%right)),
		map { "$_ $harm{$_}" }
		grep { !defined $self->wrong({ %right, $_ => $harm{$_} }) } sort keys %harm);
}

1;
