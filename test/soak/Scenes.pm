# Scenes.pm - what is to happen to a database in one step: who calls what, what
# fails, who is in the way, who strikes.  Only choices: nothing here asks how
# the database is, so that a seed gives the same scenes whatever came of them.
#
# A scene is
#
#	kind		"calls", or what is to be done alone (see Stage.pm)
#	calls		list of { sql, delay (ms), settings (for PGOPTIONS), launch }
#	faults		list of { place, kind, seconds }
#	blocker		undef or { table, mode, delay (ms), seconds }
#	writer		true if the application writes meanwhile
#	strike		undef or { kind, delay (ms), asleep, second }
#	settle		true if all has to be applied afterwards, and what is above
#				"target" taken back
#	target		a version
#	migration	one of the history, or repeatable
#	number		of a text
#	forget		"rows" of the version table, or "tables"

package Scenes;

use strict;
use warnings;

use Histories;

# A literal for SQL.
sub literal
{
	my ($text) = @_;

	return 'NULL' if !defined $text || $text eq '';
	$text =~ s/'/''/g;
	return "'$text'";
}

# The options of a call, as JSON.
sub options
{
	my ($chance, $atomic) = @_;
	my %options;

	$options{timeout} = $chance->pick('"150ms"', '"400ms"') if $chance->percent(6);
	$options{migration_timeout} = $chance->pick('"60ms"', '"150ms"')
	  if $chance->percent(8);
	$options{verbose} = 'true' if $chance->percent(8);
	$options{notify_channel} = '"soak"' if $chance->percent(10);
	$options{checksum} = $chance->pick('"off"', '"error"') if $chance->percent(8);
	if ($atomic)
	{
		$options{on_error} = '"return"' if $chance->percent(15);
		$options{drop_concurrently} = '"always"' if $chance->percent(40);
	}
	else
	{
		$options{rollback_on_failure} = 'false' if $chance->percent(20);
		if ($chance->percent(25))
		{
			$options{ddl_lock_timeout} = $chance->pick('"30ms"', '"100ms"');
			$options{ddl_lock_retries} = $chance->between(0, 4);
		}
	}
	return '{' . join(', ', map { "\"$_\": $options{$_}" } sort keys %options) . '}';
}

# One of the versions that the database can have.
sub target
{
	my ($chance, $base) = @_;

	return $chance->pick(0, map { $_->{version} } @{ $base->{migrations} });
}

# The SQL of a call of one kind.
sub call_sql
{
	my ($chance, $base, $kind) = @_;
	my $env = literal($base->{environments});
	my $atomic = sub { literal(options($chance, 1)) };
	my $target = target($chance, $base);
	my $one = $target || $base->{migrations}[0]{version};
	my $some = $chance->percent(30) ? $one : 'NULL';
	my %sql = (
		migrate => sub { "SELECT * FROM gooseplus_migrate($env, " . $atomic->() . ')' },
		up_to => sub { "SELECT * FROM gooseplus_up_to($one, $env, " . $atomic->() . ')' },
		up_by_one => sub { "SELECT * FROM gooseplus_up_by_one($env, " . $atomic->() . ')' },
		down => sub { "SELECT * FROM gooseplus_down($env, " . $atomic->() . ')' },
		down_to => sub { "SELECT * FROM gooseplus_down_to($target, $env, " . $atomic->() . ')' },
		redo => sub { "SELECT * FROM gooseplus_redo($env, " . $atomic->() . ')' },
		reset => sub { "SELECT * FROM gooseplus_reset($env, " . $atomic->() . ')' },
		deploy => sub { "CALL gooseplus_deploy($env, $some, " . literal(options($chance)) . ')' },
		revert => sub { "CALL gooseplus_revert($target, $env, " . literal(options($chance)) . ')' },
		launch => sub { "SELECT gooseplus_launch($env, $some, " . literal(options($chance)) . ')' },
		rehearse => sub { "SELECT * FROM gooseplus_rehearse($env, $some)" },
		status => sub { "SELECT * FROM gooseplus_status($env)" },
		validate => sub { "SELECT * FROM gooseplus_validate($env)" },
		plan => sub { "SELECT * FROM gooseplus_plan($env)" },
		repair => sub { "SELECT gooseplus_repair($one, $env)" },
		wait => sub { "CALL gooseplus_wait($one, '" . 100 * $chance->between(0, 5) . " ms')" },
		progress => sub { 'SELECT * FROM gooseplus_progress' },
		# what it records is not there, so it must not stay
		baseline => sub {
			"BEGIN; SELECT * FROM gooseplus_baseline($one, $env); ROLLBACK";
		},
		look => sub {
			"SELECT gooseplus_db_version(), gooseplus_has_pending($env), v.*,"
			  . " (SELECT count(*) FROM gooseplus_sources($env)) FROM gooseplus_versions($env) v";
		});

	return $sql{$kind}->();
}

sub call
{
	my ($chance, $base) = @_;
	my $kind = $chance->weighted(
		deploy => 9, migrate => 4, revert => 4, launch => 3, down_to => 2, up_to => 2,
		up_by_one => 2, redo => 2, down => 2, reset => 1, rehearse => 2, status => 2,
		validate => 1, plan => 1, repair => 1, look => 2, wait => 2, progress => 1,
		baseline => 1);
	my @settings;

	push @settings, '-c lock_timeout=' . $chance->pick(30, 150) if $chance->percent(8);
	push @settings, '-c statement_timeout=' . $chance->pick(60, 300)
	  if $chance->percent(6);
	return {
		kind => $kind,
		sql => call_sql($chance, $base, $kind),
		delay => $chance->percent(60) ? 0 : $chance->below(250),
		settings => "@settings",
		launch => $kind eq 'launch'
	};
}

# All points in the migrations of a database.
sub points
{
	my ($base) = @_;
	my @places;

	foreach my $migration (@{ $base->{migrations} })
	{
		my @here = map { $_->{plain} =~ /soak\.point\('([^']*)'\)/g }
		  @{ $migration->{up} }, @{ $migration->{down} || [] };

		# what can be half applied counts more
		push @places, $migration->{notx} ? (@here) x 3 : @here;
		push @places, 'index' if grep { $_->{plain} =~ /soak\.same/ } @{ $migration->{up} };
	}
	push @places, map { ("R.$_->{name}.1", "R.$_->{name}.2") } @{ $base->{repeatables} };
	return @places;
}

sub faults
{
	my ($chance, $base) = @_;
	my @faults;

	foreach (1 .. $chance->between(1, 4))
	{
		my $place = $chance->pick(points($base));

		push @faults,
		  {
			place => $place,
			kind => $place eq 'index'
			? 'raise'
			: $chance->weighted(raise => 5, sleep => 4, deaf => 1),
			seconds => $chance->between(1, $place =~ /batch/ ? 2 : 6) / 10
		  };
	}
	return \@faults;
}

sub blocker
{
	my ($chance) = @_;

	return {
		table => $chance->pick('kept', map { "t$_" } 1 .. 4),
		mode => $chance->pick('ACCESS SHARE', 'ROW EXCLUSIVE', 'ACCESS EXCLUSIVE'),
		delay => $chance->below(200),
		seconds => $chance->between(1, 8) / 10
	};
}

# Kinds: "cancel"; "terminate"; "client", whose psql is killed; and what hits
# the whole server: "kill" of the backend by SIGKILL, and "stop".
sub strike
{
	my ($chance) = @_;

	return {
		kind => $chance->weighted(
			cancel => 35, terminate => 25, client => 12, kill => 8, stop => 4),
		delay => $chance->below($chance->pick(60, 400)),
		asleep => $chance->percent(50),
		second => $chance->percent(25)
	};
}

# A scene of what is done alone.
sub alone
{
	my ($chance, $base, $scene, $kind) = @_;

	$scene->{kind} = $kind;
	if ($kind eq 'edit')
	{
		$scene->{migration} =
		  $chance->pick(grep { !$_->{notx} && !$_->{code} } @{ $base->{migrations} });
		$scene->{number} = $chance->between(1, 1000);
	}
	elsif ($kind eq 'register')
	{
		$scene->{migration} = $chance->pick(grep { $_->{code} } @{ $base->{migrations} });
	}
	elsif ($kind eq 'look')
	{
		$scene->{migration} = $chance->pick(grep { !$_->{code} } @{ $base->{migrations} });
	}
	elsif ($kind eq 'baseline')
	{
		$scene->{forget} = $chance->pick('rows', 'tables');
	}
	elsif ($kind eq 'repeat')
	{
		$scene->{migration} = $chance->pick(@{ $base->{repeatables} });
		$scene->{number} = $chance->between(1, $Histories::texts);
		$scene->{atomic} = $chance->percent(30);
	}
	elsif ($kind eq 'apply')
	{
		$scene->{direction} = $chance->pick(qw(up down));
	}
	elsif ($kind eq 'goose')
	{
		$scene->{command} = $chance->weighted(
			up => 3, 'up-to' => 3, 'up-by-one' => 1, down => 2, 'down-to' => 3,
			redo => 1);
	}
	return $scene;
}

# The scene of a database in a step.  What a database is: environments,
# migrations and repeatables (those that it sees), goose.
sub scene
{
	my ($chance, $base) = @_;
	my $scene = {
		kind => 'calls',
		calls => [],
		faults => [],
		settle => $chance->percent(35),
		target => target($chance, $base)
	};
	my $kind = $chance->weighted(
		calls => 16, deploy => 3, revert => 3,
		gone => $base->{goose} ? 0 : 2,
		edit => $base->{goose} ? 0 : 2,
		repeat => @{ $base->{repeatables} } ? 2 : 0,
		apply => 1,
		look => 2,
		wait => 1,
		baseline => 1,
		register => (grep { $_->{code} } @{ $base->{migrations} }) ? 1 : 0,
		goose => $base->{goose} ? 6 : 0);

	return alone($chance, $base, $scene, $kind) unless $kind eq 'calls';
	push @{ $scene->{calls} }, call($chance, $base)
	  foreach 1 .. $chance->weighted(1 => 4, 2 => 4, 3 => 2, 5 => 1);
	$scene->{faults} = faults($chance, $base) if $chance->percent(60);
	$scene->{blocker} = blocker($chance) if $chance->percent(20);
	$scene->{writer} = $chance->percent(25);
	$scene->{strike} = strike($chance) if $chance->percent(50);
	push @{ $scene->{faults} },
	  { place => $chance->pick(points($base)), kind => 'sleep', seconds => 0.4 }
	  foreach $scene->{strike} && $scene->{strike}{asleep} ? 1 .. 3 : ();
	return $scene;
}

# A scene in words, to be read beside a problem.
sub words
{
	my ($scene) = @_;
	my @lines = "scene: $scene->{kind}";

	$lines[0] .= " $_ " . (ref $scene->{$_} ? $scene->{$_}{name} : $scene->{$_})
	  foreach grep { defined $scene->{$_} } qw(target migration number direction command forget);
	push @lines, "at $_->{delay} ms"
	  . ($_->{settings} ? " with $_->{settings}" : '') . ": $_->{sql}"
	  foreach @{ $scene->{calls} };
	push @lines, "fault: $_->{kind} $_->{seconds} s at $_->{place}"
	  foreach @{ $scene->{faults} };
	push @lines, "at $_->{delay} ms for $_->{seconds} s: LOCK TABLE $_->{table} IN $_->{mode} MODE"
	  foreach grep { $_ } $scene->{blocker};
	push @lines, 'the application writes to table kept' if $scene->{writer};
	push @lines, "strike: $_->{kind}"
	  . ($_->{second} ? ' twice' : '')
	  . ($_->{asleep} ? ', when a call sleeps' : '') . ", at $_->{delay} ms"
	  foreach grep { $_ } $scene->{strike};
	return @lines;
}

1;
