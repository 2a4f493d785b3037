# Sqitch, with the psql that all use here.

package Bench::Peer::sqitch;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Digest::SHA 'sha1_hex';
use Bench::Files qw(write_file script each_migration);
use Bench::Install qw(command need);

use constant { PLANNED => '2026-01-01T00:00:00Z', WHO => 'bench <bench@example.org>' };

sub name { return 'sqitch' }

sub version
{
	my ($version) = (`sqitch --version 2>/dev/null` // '') =~ /v([\d.]+)/;

	return $version // '';
}

sub title { return 'Sqitch ' . $_[0]->version }

sub install
{
	my ($self) = @_;

	return if eval { need('sqitch'); 1 };
	die $@ if $> != 0;
	need('apt-get');
	local $ENV{DEBIAN_FRONTEND} = 'noninteractive';
	command("$self->{folder}/apt.log", 'apt-get', '-q', '-y',
		'install', '--no-install-recommends', 'sqitch');
	return;
}

sub write_files
{
	my ($self, $files, $migrations) = @_;

	my $plan = "%syntax-version=1.0.0\n%project=bench\n\n";

	write_file("$files/sqitch.conf",
		"[core]\n\tengine = pg\n[user]\n\tname = bench\n\temail = bench\@example.org\n");
	each_migration(
		$migrations,
		sub {
			my ($number, $migration) = @_;

			my $name = sprintf 'm%06d', $number;
			my %head = map { $_ => '-- ' . ucfirst($_) . " bench:$name\n" } qw(deploy revert);

			$plan .= "$name ${\PLANNED} ${\WHO} # $name\n";
			write_file("$files/deploy/$name.sql", $head{deploy},
				"BEGIN;\n", script($migration, 'up'), "COMMIT;\n");
			write_file("$files/revert/$name.sql", $head{revert},
				"BEGIN;\n", script($migration, 'down'), "COMMIT;\n");
		});
	write_file("$files/sqitch.plan", $plan);
	return;
}

sub call
{
	my ($self, $run, $command) = @_;

	return ('sqitch', '-C', $run->{files}, $command, $self->url($run, 'db:pg'));
}

sub up { my ($self, $run) = @_; return $self->call($run, 'deploy') }

sub status { my ($self, $run) = @_; return $self->call($run, 'status') }

# it shows only the last
sub shows_all
{
	my ($self, $output, $number) = @_;

	return $output =~ sprintf('m%06d', $number) && $output =~ /up-to-date/;
}

sub applied { return 'SELECT count(*) FROM sqitch.changes' }

# A change is known by the hash of what the plan says of it, the change before
# it included.
sub record_all
{
	my ($self, $number, $files) = @_;

	my ($parent, @rows);

	foreach my $n (1 .. $number)
	{
		my $name = sprintf 'm%06d', $n;
		my $info = join "\n", 'project bench', "change $name",
		  (defined $parent ? "parent $parent" : ()), 'planner ' . WHO,
		  'date ' . PLANNED, '', $name;

		$parent = sha1_hex('change ' . length($info) . "\0" . $info);
		push @rows, "$parent\t$name\n";
	}
	write_file("$files/ids", @rows[ 1 .. $#rows ]);
	return (
		'CREATE TEMPORARY TABLE ids (id text, name text)',
		"COPY ids FROM '$files/ids'",
		'INSERT INTO sqitch.changes (change_id, script_hash, change, project, note, committed_at, committer_name, committer_email, planned_at, planner_name, planner_email)'
		  . ' SELECT i.id, md5(i.name), i.name, project, i.name, c.committed_at + substr(i.name, 2)::int * interval \'1 ms\', committer_name, committer_email, planned_at, planner_name, planner_email'
		  . ' FROM sqitch.changes c, ids i');
}

1;
