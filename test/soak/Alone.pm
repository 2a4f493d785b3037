# Alone.pm - scenes of one call that nobody disturbs, and what must come of it.
# A part of Soak.pm, which says what a base is.

package Alone;

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use Histories;
use Operations;
use Scenes;

sub alone_deploy
{
	my ($self, $base) = @_;

	return $self->deploy_to_end($base);
}

sub alone_revert
{
	my ($self, $base, $scene) = @_;

	return $self->revert_to($base, $scene->{target});
}

# The files of what is to be taken back are gone.  Those that nobody has applied
# stay: of an environment without a file a bundle knows only what the history does.
sub alone_gone
{
	my ($self, $base, $scene) = @_;
	my %applied = map { $_ => 1 } @{ $self->check($base)->{look}{version} };

	foreach my $migration (@{ $base->{history}{migrations} })
	{
		unlink "$base->{folder}/$migration->{folder}/$migration->{name}"
		  if $migration->{version} > $scene->{target} && $applied{ $migration->{version} };
	}
	$self->refresh($base);
	$self->revert_to($base, $scene->{target});
	Soak::write_tree($base);
	$self->refresh($base);
	return;
}

# An applied file is edited: that is refused if asked for, then accepted.
sub alone_edit
{
	my ($self, $base, $scene) = @_;
	my $migration = $scene->{migration};
	my $version = $migration->{version};
	my $env = Scenes::literal($base->{environments});
	my $applied = grep { $_ == $version } @{ $self->check($base)->{look}{version} };
	my $same = ($base->{edits}{$version} // 0) == $scene->{number};
	my $process;

	$base->{edits}{$version} = $scene->{number};
	Soak::write_migration($base, $migration);
	$self->refresh($base);
	$process = $self->{stage}->call($base,
		"SELECT * FROM gooseplus_migrate($env, '{\"checksum\": \"error\"}')");
	$self->judge($base, $process);
	$self->problem($base, 'a changed file is not noticed', Soak::said($process))
	  if $applied && !$same && $process->{err} !~ /55000: 1 applied migration has changed/;
	$process = $self->{stage}->call($base, "SELECT gooseplus_repair($version, $env)");
	$self->judge($base, $process);
	$self->problem($base, 'a changed file is not accepted', Soak::said($process))
	  if $applied && !$same && $process->{out} ne "t\n";
	$process = $self->{stage}->call($base,
		"SELECT state FROM gooseplus_status($env) WHERE version = $version");
	$self->problem($base, "the state of version $version is $process->{out}", Soak::said($process))
	  if $applied && $process->{out} ne "applied\n";
	$self->check($base);
	return;
}

# A repeatable migration is edited and run again.
sub alone_repeat
{
	my ($self, $base, $scene) = @_;

	$base->{texts}{ $scene->{migration}{name} } = $scene->{number};
	Soak::write_repeatable($base, $scene->{migration});
	$self->refresh($base);
	if ($scene->{atomic})
	{
		$self->judge($base, $self->{stage}->call($base,
				'SELECT * FROM gooseplus_migrate(' . Scenes::literal($base->{environments}) . ')'));
		$self->check($base);
	}
	return $self->deploy_to_end($base);
}

# One version by itself: the next one, or the last one.
sub alone_apply
{
	my ($self, $base, $scene) = @_;
	my $check = $self->check($base);
	my $up = $scene->{direction} eq 'up';
	my $migration = $base->{migrations}[ $check->{position} - ($up ? 0 : 1) ];
	my $env = Scenes::literal($base->{environments});
	my $process;

	return if !$migration || (!$up && $check->{position} == 0) || @{ $check->{half} };
	$process = $self->{stage}->call($base,
		"SELECT * FROM gooseplus_apply_version($migration->{version}, '$scene->{direction}', $env, '{\"drop_concurrently\": \"always\"}')");
	$self->judge($base, $process);
	$check = $self->check($base);
	return;
}

# A registration is taken away and comes back.
sub alone_register
{
	my ($self, $base, $scene) = @_;
	my $migration = $scene->{migration};
	my $version = $migration->{version};
	my $env = Scenes::literal($base->{environments});
	my $applied = grep { $_ == $version } @{ $self->check($base)->{look}{version} };
	my $state = "SELECT state FROM gooseplus_status($env) WHERE version = $version";
	my $process = $self->{stage}->call($base,
		[
			"SELECT gooseplus_unregister($version, '$migration->{folder}')", $state,
			Histories::register($migration), $state
		]);

	$self->judge($base, $process);
	$self->problem($base, "taken away and registered again: $process->{out}", Soak::said($process))
	  if $process->{out} ne ($applied ? "t\nmissing\n\napplied\n" : "t\n\npending\n");
	return;
}

# The goose command, on a database that nothing is half done in.
sub alone_goose
{
	my ($self, $base, $scene) = @_;
	my $folder = "$base->{folder}/goose";
	my @command = $scene->{command};
	my $process;

	return if !$self->{goose} || @{ $self->check($base)->{half} };
	push @command, $scene->{target} if $scene->{command} =~ /-to$/;
	remove_tree($folder);
	make_path($folder);
	Soak::write_file("$folder/$_->{name}", Histories::text($_)) foreach @{ $base->{migrations} };
	local $ENV{SOAK_WHO} = $Operations::variable;
	local $ENV{GOOSE_DRIVER} = 'postgres';
	local $ENV{GOOSE_DBSTRING} =
	  $self->{stage}{node}->connstr($base->{name}) . " user=$base->{role} sslmode=disable";
	$process = $self->{stage}->wait_for(
		$self->{stage}->start('', $self->{goose}, '-dir', $folder, @command));
	$self->{count}{goose}++;
	$self->problem($base, "goose @command fails", Soak::said({ %$process, sql => "goose @command" }),
		split /\n/, $process->{out})
	  if $process->{status} != 0 && $process->{err} !~ /no next version|no current version|no migration/;
	$self->check($base);
	return;
}

1;
