# Looking.pm - scenes in which gooseplus is asked how a database is, or told: what
# it answers must be what the checker knows.  A part of Soak.pm, which says what a
# base is.

package Looking;

use strict;
use warnings;

use Histories;
use Scenes;
use Time::HiRes qw(usleep);

# How many statements the file of a migration has in a part.
sub count_statements
{
	my ($base, $migration, $part) = @_;
	my $edit = $part eq 'up' && $base->{edits}{ $migration->{version} } ? 1 : 0;

	return $migration->{code} ? 1 : @{ $migration->{$part} || [] } + $edit;
}

# What functions say of a database that nothing is half done in: pairs of a query
# and its result.
sub facts
{
	my ($base, $position, $version) = @_;
	my $env = Scenes::literal($base->{environments});
	my @all = @{ $base->{migrations} };
	my @pending = @all[ $position .. $#all ];
	my $registered = grep { $_->{code} } @all;
	my $next = $version + 1;

	return (
		'SELECT gooseplus_db_version()' => $version,
		"SELECT current, target FROM gooseplus_versions($env)" => "$version|$all[-1]{version}",
		"SELECT type, count(*) FROM gooseplus_sources($env) GROUP BY type ORDER BY type" =>
		  ($registered ? "function|$registered\n" : '')
		  . 'sql|' . (@all + @{ $base->{repeatables} } - $registered),
		"SELECT string_agg(concat_ws(' ', version, source, state), ',' ORDER BY version)"
		  . " FROM gooseplus_status($env) WHERE version > 0" => join(
			',',
			map {
				join ' ', $_->{version}, Histories::label($_),
				  $_->{version} > $version ? 'pending' : 'applied'
			} @all),
		"SELECT string_agg(concat_ws(' ', version, n), ',' ORDER BY version) FROM"
		  . " (SELECT version, count(DISTINCT ordinal) AS n FROM gooseplus_plan($env)"
		  . " WHERE version > 0 GROUP BY version) AS plan" =>
		  join(',', map { "$_->{version} " . count_statements($base, $_, 'up') } @pending),
		"SELECT count(*) FROM gooseplus_validate($env) WHERE severity <> 'warning'" => 0,
		'SELECT count(*) FROM gooseplus_progress WHERE database = current_database()' => 0,
		"CALL gooseplus_wait($version, '0')" => 't',
		"CALL gooseplus_wait($next, '0')" => 'f');
}

# All that looks, on a database that nothing is half done in.
sub alone_look
{
	my ($self, $base, $scene) = @_;
	my $check = $self->check($base);
	my $migration = $scene->{migration};
	my $text = Histories::text($migration, $base->{edits}{ $migration->{version} });
	my (@facts, $process, @sql, @should);

	return if @{ $check->{half} } || @{ $check->{problems} };
	@facts = facts($base, $check->{position}, $check->{version});
	push @facts, "SELECT count(*) FROM gooseplus_statements(\$soak\$$text\$soak\$, '$_')",
	  count_statements($base, $migration, $_)
	  foreach qw(up down);
	while (my ($sql, $should) = splice @facts, 0, 2)
	{
		push @sql, $sql;
		push @should, $should;
	}
	$process = $self->{stage}->call($base, \@sql);
	$self->judge($base, $process);
	$self->{count}{'facts compared'} += @sql;
	$self->problem($base, 'what is said of it is not so',
		'it is:', (split /\n/, $process->{out}), 'not:', @should, Soak::said($process))
	  if $process->{out} ne join('', map { "$_\n" } @should);
	return;
}

# Somebody waits for the last version while it is deployed, and keeps nobody
# waiting.
sub alone_wait
{
	my ($self, $base, $scene) = @_;
	my $stage = $self->{stage};
	my $version = $base->{migrations}[-1]{version};
	my $waits = "SELECT pid FROM pg_stat_activity WHERE datname = '$base->{name}'"
	  . " AND query = 'gooseplus: waiting for version $version'";
	my $process;

	$self->revert_to($base, $scene->{target});
	return if @{ $base->{problems} };
	$process = $stage->start_psql($base, 'soak wait', '',
		"CALL gooseplus_wait($version, options => '{\"timeout\": 0}')");
	usleep(5_000) until Stage::ended($process) || @{ $stage->ask($waits) };
	$self->deploy_to_end($base);
	kill 'KILL', $process->{pid} if @{ $base->{problems} };
	$stage->wait_for($process);
	return if @{ $base->{problems} };
	$self->judge($base, { %$process, sql => "wait for version $version" });
	$self->{count}{'waits that ended'}++;
	$self->problem($base, "who has waited for version $version hears $process->{out}")
	  if $process->{out} ne "t\n";
	return;
}

# Nobody knows any more what is applied, and a baseline says it, in two parts.
sub alone_baseline
{
	my ($self, $base, $scene) = @_;
	my $check = $self->check($base);
	my @recorded = @{ $base->{migrations} }[ 0 .. $check->{position} - 1 ];
	my $env = Scenes::literal($base->{environments});
	my $names = 'goose_db_version, goose_db_version_history';
	my ($half, $process);

	return if !@recorded || @{ $check->{half} } || @{ $check->{problems} };
	$half = $recorded[ $#recorded / 2 ]{version};
	$self->{stage}->ask(
		$scene->{forget} eq 'rows'
		? 'DELETE FROM goose_db_version WHERE version_id > 0'
		: "DROP TABLE IF EXISTS $names", $base->{name});
	$process = $self->{stage}->call($base,
		[
			"SELECT version, direction, state FROM gooseplus_baseline($half, $env)",
			"SELECT version, direction, state FROM gooseplus_baseline($check->{version}, $env)",
			"SELECT DISTINCT state FROM gooseplus_status($env) WHERE version <= $check->{version}"
		]);
	$self->judge($base, $process);
	$self->{count}{'versions recorded by a baseline'} += @recorded;
	$self->problem($base, "a baseline answers $process->{out}", Soak::said($process))
	  if $process->{out} ne join('', map { "$_->{version}|up|recorded\n" } @recorded) . "applied\n";
	$self->problem($base, "after a baseline to $check->{version} it is at $_")
	  foreach grep { $_ != $check->{version} } $self->check($base)->{version};
	return;
}

1;
