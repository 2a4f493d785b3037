# Checker.pm - says whether a database is what it must be.
#
# It knows what each version's schema and data are from clean runs: psql runs
# the statements that the generator made, in a database of their own, without
# gooseplus.  It asks gooseplus nothing, and reads no migration.

package Checker;

use strict;
use warnings;

use Histories;

# "psql" is a function that runs a script in a database and returns psql's exit
# status, output and error output; "ask" one that returns only the lines of the
# output, and is called for each look.
sub new
{
	my ($class, $psql, $ask) = @_;

	return bless { psql => $psql, ask => $ask, clean => {} }, $class;
}

# ------------------------------------------------------------- clean runs

my $digest = 'SELECT key, value FROM soak.digest();';

# The parts of an output: for each marker a hash of keys and values.
sub parts
{
	my ($out) = @_;
	my (%parts, $part);

	foreach (split /\n/, $out)
	{
		if (/^== (.*)/) { $part = $parts{$1} = {}; }
		elsif (/^([^\t]+)\t(.*)$/) { $part->{$1} = $2; }
	}
	return \%parts;
}

# A script that brings a database from nothing to the last version, and back,
# with digests on the way.
sub clean_script
{
	my ($history, $environments) = @_;
	my @migrations = Histories::seen($history->{migrations}, $environments);
	my @script = ('SET client_min_messages = error;', '\echo == 0', $digest);
	my @back;

	foreach my $i (1 .. @migrations)
	{
		my $migration = $migrations[ $i - 1 ];
		my $stage = 0;

		push @script, 'BEGIN;' unless $migration->{notx};
		foreach my $statement (@{ $migration->{up} })
		{
			push @script, $statement->{plain};
			push @script, "\\echo == $i." . ++$stage, $digest
			  if $migration->{notx} && $statement->{plain} !~ /^SELECT soak/;
		}
		push @script, 'COMMIT;' unless $migration->{notx};
		push @script, "\\echo == $i", $digest;
		unshift @back,
		  ($migration->{notx} ? () : 'BEGIN;'),
		  (map { $_->{plain} } @{ $migration->{down} || [] }),
		  ($migration->{notx} ? () : 'COMMIT;'),
		  '\echo == back ' . ($i - 1), $digest;
	}
	foreach my $text (1 .. $Histories::texts)
	{
		push @script, Histories::repeatable_statements($_, $text)
		  foreach Histories::seen($history->{repeatables}, $environments);
		push @script, "\\echo == R $text", $digest;
	}
	return join "\n", @script, @back, '';
}

# A script that brings an empty database to the end, with these texts of the
# repeatable migrations.
sub end_script
{
	my ($self, $history, $environments, $texts) = @_;
	my @script = 'SET client_min_messages = error;';

	foreach my $migration (Histories::seen($history->{migrations}, $environments))
	{
		my @statements = map { $_->{plain} } @{ $migration->{up} };

		push @script, $migration->{notx} ? @statements : ('BEGIN;', @statements, 'COMMIT;');
	}
	push @script, Histories::repeatable_statements($_, $texts->{ $_->{name} })
	  foreach Histories::seen($history->{repeatables}, $environments);
	return join "\n", @script, '';
}

# What differs between two digests, as text; nothing if they are equal.
sub differences
{
	my ($is, $should) = @_;
	my %keys = (%$is, %$should);
	my @different;

	foreach my $key (sort keys %keys)
	{
		my ($one, $other) = ($is->{$key} // 'nothing', $should->{$key} // 'nothing');

		push @different, "$key is $one, not $other" if $one ne $other;
	}
	return @different;
}

# Takes what belongs to repeatable migrations out of a digest and returns it.
sub take_repeatable
{
	my ($things) = @_;
	my %taken;

	foreach my $key (grep { /^\w+ rep_[fv]_/ } keys %$things)
	{
		$taken{$key} = delete $things->{$key};
	}
	return \%taken;
}

# What each thing that a NO TRANSACTION migration touches can be while it is
# half applied: one of its values on the way, as the keys of a hash; or undef
# for anything, as a thing that it changes more than once.
sub stages
{
	my ($parts, $i) = @_;
	my @stages = (
		$parts->{ $i - 1 },
		(map { $parts->{$_} } grep { /^$i\./ } keys %$parts),
		$parts->{$i});
	my (%keys, %touched);

	$keys{$_} = 1 foreach map { keys %$_ } @stages;
	foreach my $key (keys %keys)
	{
		my %values = map { ($_->{$key} // 'nothing') => 1 } @stages;

		next if keys %values == 1;
		$touched{$key} = keys %values == 2 ? \%values : undef;
	}
	return \%touched;
}

# Runs a history of some environments in an empty database, and keeps what it
# was after each version.
sub make_clean
{
	my ($self, $history, $environments, $database) = @_;
	my ($status, $out, $err) =
	  $self->{psql}->($database, clean_script($history, $environments));
	my @migrations = Histories::seen($history->{migrations}, $environments);
	my $parts = parts($out);
	my %clean = (versions => [], stages => [], texts => []);

	die "the clean run of history $history->{number} fails: $err" if $status != 0;
	foreach my $text (1 .. $Histories::texts)
	{
		$clean{texts}[$text] = take_repeatable($parts->{"R $text"});
	}
	foreach my $i (0 .. @migrations)
	{
		take_repeatable($parts->{"back $i"}) if $i < @migrations;
		my @different =
		  $i < @migrations ? differences($parts->{"back $i"}, $parts->{$i}) : ();

		die "history $history->{number} does not come back to version index $i: @different"
		  if @different;
		push @{ $clean{versions} }, $parts->{$i};
		push @{ $clean{stages} },
		  $i > 0 && $migrations[ $i - 1 ]{notx} ? stages($parts, $i) : undef;
	}
	$clean{numbers} = [ 0, map { $_->{version} } @migrations ];
	$self->{clean}{"$history->{number} $environments"} = \%clean;
	return;
}

# ------------------------------------------------------------- a database

# What a database is: its digest, what is recorded, and what stands around.
sub look
{
	my ($self, $database) = @_;
	my $lines = $self->{ask}->(
		"\\echo == things\n$digest\n\\echo == record\nSELECT kind, what FROM soak.record()",
		$database);
	my ($things, $record) = split /^== record\n/m, join("\n", @$lines), 2;
	my %look;

	$look{things} = parts($things)->{things};
	$look{repeatable} = take_repeatable($look{things});
	$look{$_} = [] foreach qw(version half running invalid left application);
	foreach (split /\n/, $record // '')
	{
		push @{ $look{$1} }, $2 if /^([^\t]+)\t(.*)$/;
	}
	return \%look;
}

# How many migrations are recorded; undef if they are not the first ones in
# their order.
sub position
{
	my ($clean, $look) = @_;
	my @versions = @{ $look->{version} };
	my $position = @versions ? $#versions : 0;
	my @first = @{ $clean->{numbers} }[ 0 .. $position ];

	return 0 unless @versions;
	return "@versions" eq join(' ', map { $_ // '' } @first) ? $position : undef;
}

# May this be, as a part of a migration that is half applied?
sub fits_half
{
	my ($clean, $halves, $key, $value) = @_;

	foreach my $i (@$halves)
	{
		my $stages = $clean->{stages}[$i] || next;

		next unless exists $stages->{$key};
		return 1 if !defined $stages->{$key} || $stages->{$key}{$value};
	}
	return 0;
}

# Is it the transient index that a REINDEX CONCURRENTLY of a migration that is half
# applied leaves to the next deploy, when its process was sent away?
sub fits_reindex
{
	my ($migrations, $halves, $invalid, $key) = @_;
	my ($transient, $index) = $key =~ /^index ((\w+)_cc(?:new|old)\d*)$/ or return 0;

	return 0 unless grep { $_ eq $transient } @$invalid;
	return scalar grep { $_->{plain} eq "REINDEX INDEX CONCURRENTLY $index;" }
	  map { @{ $migrations->[ $_ - 1 ]{up} } } @$halves;
}

# Looks at a database.  Returns a hash: "problems", a list of texts; "position",
# how many migrations are applied; "half", the versions that are half applied or
# half taken back; and "whole": the database is what a clean run to the recorded
# version is, and nothing is half done.
sub check
{
	my ($self, $history, $environments, $database) = @_;
	my $clean = $self->{clean}{"$history->{number} $environments"};
	my $look = $self->look($database);
	my %index = map { $clean->{numbers}[$_] => $_ } 0 .. $#{ $clean->{numbers} };
	my @halves = map { $index{$_} } grep { defined $index{$_} } @{ $look->{half} };
	my @migrations = Histories::seen($history->{migrations}, $environments);
	my $position = position($clean, $look);
	my @problems;

	push @problems, "is left: $_" foreach @{ $look->{left} };
	push @problems, "an unknown migration is half done: $_"
	  foreach grep { !defined $index{$_} } @{ $look->{half} };
	if (!defined $position)
	{
		push @problems, "the recorded versions @{ $look->{version} } are not the first of "
		  . "@{ $clean->{numbers} }";
		$position = 0;
	}
	else
	{
		my $should = $clean->{versions}[$position];
		my %keys = (%{ $look->{things} }, %$should);

		foreach my $key (sort keys %keys)
		{
			my $is = $look->{things}{$key} // 'nothing';

			next if $is eq ($should->{$key} // 'nothing');
			next if fits_half($clean, \@halves, $key, $is);
			next if fits_reindex(\@migrations, \@halves, $look->{invalid}, $key);
			push @problems, "$key is $is, not " . ($should->{$key} // 'nothing');
		}
	}
	if (!@halves)
	{
		push @problems, "index $_ is invalid" foreach @{ $look->{invalid} };
	}
	foreach my $key (sort keys %{ $look->{repeatable} })
	{
		my $is = $look->{repeatable}{$key};

		push @problems, "$key is $is"
		  unless grep { $_ && ($_->{$key} // '') eq $is } @{ $clean->{texts} };
	}
	return {
		problems => \@problems,
		position => $position,
		half => [ sort { $a <=> $b } @{ $look->{half} } ],
		whole => !@{ $look->{half} } && !@problems,
		look => $look,
		version => $clean->{numbers}[$position]
	};
}

# What is wrong with a database that a deploy to the last version has just left,
# whose repeatable migrations have these texts.
sub check_end
{
	my ($self, $history, $environments, $check, $texts) = @_;
	my $clean = $self->{clean}{"$history->{number} $environments"};
	my @problems = @{ $check->{problems} };
	my %should;

	push @problems, "it is at version $check->{version}, not at the last one"
	  if $check->{position} != $#{ $clean->{numbers} };
	push @problems, "half done: @{ $check->{half} }" if @{ $check->{half} };
	push @problems, "still running: $_" foreach @{ $check->{look}{running} };
	foreach my $repeatable (Histories::seen($history->{repeatables}, $environments))
	{
		my $text = $clean->{texts}[ $texts->{ $repeatable->{name} } ];

		foreach my $key (grep { /_\Q$repeatable->{name}\E\b/ } keys %$text)
		{
			$should{$key} = $text->{$key};
		}
	}
	push @problems, differences($check->{look}{repeatable}, \%should);
	return @problems;
}

1;
