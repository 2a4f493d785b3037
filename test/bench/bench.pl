# test/bench/bench.pl NAME=VALUE ... - measure, and print the report; for ./run,
# which says what can be set.  Progress goes to standard error.
#
# A work is done by all peers, round after round, each round in a random order.
# A round before counts for nothing but memory.

use strict;
use warnings;
use List::Util 'shuffle';
use POSIX 'strftime';
use FindBin;
use lib "$FindBin::Bin/lib";
use Bench::Files 'write_file';
use Bench::Peer;
use Bench::Report qw(report_work report_first);
use Bench::Server;

my %set = map { split /=/, $_, 2 } @ARGV;
my $HOME = "$ENV{GOOSEPLUS_PRIVATE}/bench";
my $WORK = "$HOME/work";
my ($server, @tmpfs, %failed, @errors);

# ------------------------------------------------------------- what there is

# Sizes, as BENCH_SCALE says, but never so few that nothing is left.
sub scale
{
	my ($number) = @_;

	my $scaled = int($number * $set{BENCH_SCALE});
	return $scaled < 10 ? 10 : $scaled;
}

# Should one of this name take part?
sub is_wanted
{
	my ($list, $name) = @_;

	return 1 if $set{$list} eq '';
	return grep { $name =~ /^$_(?:_\d+)?$/ } split ' ', $set{$list};
}

sub find_works
{
	my @works;

	foreach my $kind (qw(ddl rows applied))
	{
		require "$FindBin::Bin/works/$kind.pm";
		push @works, "Bench::Work::$kind"->can('works')->(\&scale);
	}
	@works = grep { is_wanted('WORKS', $_->{name}) } @works;
	foreach my $work (@works)
	{
		$work->{what} //= 'up';
		$work->{copies} //= 1;
		$work->{files} //= $work->{name};
	}
	return @works;
}

# All peers that could be had, and why the others could not.
sub find_peers
{
	my (@peers, @missing);

	foreach my $name (qw(gooseplus gooseplus_deploy gooseplus_unchecked floor psql goose goose_lite gooseplus_go dbmate
		node_pg_migrate flyway liquibase alembic sqitch))
	{
		next unless is_wanted('PEERS', $name);
		require "$FindBin::Bin/peers/$name.pm";
		my $peer = "Bench::Peer::$name"->new("$HOME/$name");

		if (open my $file, '<', "$HOME/$name/why")
		{
			chomp(my $why = <$file>);
			push @missing, { peer => $peer, why => $why };
		}
		else
		{
			push @peers, $peer;
		}
	}
	return (\@peers, \@missing);
}

# "tmpfs:0 disk:1": where the data are, and how many milliseconds away.
sub find_settings
{
	my @settings;

	foreach my $text (split ' ', $set{SETTINGS})
	{
		my ($storage, $delay) = $text =~ /^(tmpfs|disk):([\d.]+)$/
		  or die "SETTINGS: \"$text\" is not tmpfs:MS or disk:MS\n";
		push @settings,
		  {
			name => $text,
			storage => $storage,
			delay => $delay,
			title => $storage . ($delay > 0 ? ", $delay ms" : '')
		  };
	}
	# one server after the other
	return map {
		my $storage = $_;
		grep { $_->{storage} eq $storage } @settings
	} sort { ($b eq $settings[0]{storage}) <=> ($a eq $settings[0]{storage}) } qw(tmpfs disk);
}

# A folder of that kind of storage for a server's data.
sub storage_folder
{
	my ($storage) = @_;

	return "$WORK/disk" if $storage eq 'disk' and mkdir "$WORK/disk";
	foreach my $parent ('/dev/shm', $ENV{TMPDIR})
	{
		next unless -w $parent and `stat -f -c %T $parent` =~ /tmpfs/;
		chomp(my $folder = `mktemp -d $parent/gooseplus.XXXXXX`);
		push @tmpfs, $folder;
		return $folder;
	}
	die "found no $storage for the data\n";
}

# ---------------------------------------------------------------- one of all

# What a peer is told of a run.
sub make_run
{
	my ($peer, $work, $setting) = @_;

	return {
		host => '127.0.0.1',
		port => $server->port($setting->{delay}),
		database => $work->{seeded} ? $peer->shares . "_$work->{number}" : 'bench_run',
		work => $work,
		files => "$WORK/files/$work->{files}/" . $peer->format
	};
}

# Write the files of a work in the format of a peer, once.  Those that are to be
# applied beforehand are as old then as those of a release are: what a file is
# like that has been written within two seconds gooseplus does not rely on.
sub prepare_files
{
	my ($peer, $work) = @_;

	my $files = "$WORK/files/$work->{files}/" . $peer->format;
	return if -d $files;
	$work->{made} //= $work->{migrations}->();
	$peer->write_files($files, $work->{made});
	$work->{written} = time;
	return;
}

# The text of a file, its beginning at least.
sub read_file
{
	my ($path) = @_;

	open my $file, '<', $path or return '';
	read $file, my $text, 64 * 1024 * 1024;
	return $text;
}

# Why a command failed, as far as a line or two of its output say.
sub reason
{
	my ($output) = @_;

	my @lines = grep { /\S/ && !/^\s+at / } split /\n/, $output;
	my ($at) = grep { $lines[$_] =~ /error|fatal|exception|fail|panic|cannot/i } 0 .. $#lines;
	return 'it does not say' unless defined $at;
	my $line = $lines[$at];
	$line .= " $lines[$at + 1]" if length $line < 40 and $at < $#lines;
	$line =~ s/\s+/ /g;
	return substr $line, 0, 240;
}

# Run a peer's command; returns milliseconds, the client's kB, and the error.
sub measure
{
	my ($run, $peer, @command) = @_;

	local %ENV = (
		%ENV,
		PGHOST => $run->{host},
		PGPORT => $run->{port},
		PGUSER => 'postgres',
		PGDATABASE => $run->{database},
		PGSSLMODE => 'disable',
		$peer->environment($run));
	my $copies = $run->{work}{copies};
	open my $out, '-|', "$HOME/measure", $copies, $set{LIMIT}, "$WORK/output", @command
	  or die "measure: $!\n";
	my ($time, $memory, $failed) = split ' ', <$out> // '0 0 1';

	close $out;
	my $error =
	    $failed < 0 ? "over $set{LIMIT} s"
	  : $failed == 0 ? undef
	  : ($copies > 1 ? "$failed of $copies failed: " : '') . reason(read_file("$WORK/output"));
	return ($time / 1000, $memory, $error);
}

# What is wrong with what a run has left behind, if anything is.
sub check
{
	my ($run, $peer) = @_;

	my $work = $run->{work};

	if ($work->{what} eq 'status')
	{
		return $peer->shows_all(read_file("$WORK/output"), $work->{number})
		  ? undef
		  : 'it does not show all';
	}
	if (defined $work->{query})
	{
		my $found = $server->sql($run->{database}, $work->{query});
		return "found $found instead of $work->{expected}" if $found ne $work->{expected};
	}
	if (defined $peer->applied)
	{
		my $applied = $server->sql($run->{database}, $peer->applied);
		return "$applied migrations are recorded" if $applied ne $work->{number};
	}
	return undef;
}

# One run of a peer on a work: a hash with time, client, backend or error.
sub run_once
{
	my ($peer, $work, $setting) = @_;

	my $run = make_run($peer, $work, $setting);
	my $method = $work->{what};
	my @command = $peer->$method($run);

	$server->new_database($run->{database}, $peer->new_database($run))
	  unless $work->{seeded};
	$server->take_peak;
	my ($time, $client, $error) = measure($run, $peer, @command);
	eval {
		$server->wait_alone($run->{database});
		$error //= check($run, $peer);
		1;
	} or $error //= reason($@);
	my $backend = $server->take_peak;
	printf STDERR "%s %s %s: %s\n", $setting->{name}, $work->{name}, $peer->name,
	  $error // sprintf '%.1f ms', $time;
	return { time => $time, client => $client, backend => $backend, error => $error };
}

# A database in which all migrations of a work are applied.
sub seed
{
	my ($peer, $work, $setting) = @_;

	return if $peer->shares ne $peer->name;
	my $run = make_run($peer, $work, $setting);
	my $database = $run->{database};

	# for another work; but one that the peer had to leave needed none
	return if $server->{seeded}{$database};
	my @record = $peer->record_all($work->{number}, $run->{files});
	my $error;

	$server->new_database($database, $peer->new_database($run));
	if (@record and defined $peer->applied)
	{
		# the first one for real, then what it has recorded of it for all
		my $first = { %$run, files => "$WORK/files/first/" . $peer->format };
		my $migrations = $work->{migrations}->();

		system 'rm', '-rf', $first->{files};
		$peer->write_files($first->{files}, [ $migrations->[0] ]);
		(undef, undef, $error) = measure($first, $peer, $peer->up($first));
	}
	elsif (!@record)
	{
		local $set{LIMIT} = 3600;
		(undef, undef, $error) = measure($run, $peer, $peer->up($run));
	}
	die "$error\n" if defined $error;
	$server->sql($database, @record) if @record;
	$server->sql($database, 'VACUUM ANALYZE', 'CHECKPOINT');
	$server->{seeded}{$database} = 1;
	return;
}

# ------------------------------------------------------------------- all of it

# Measure a work in a setting: adds to its results, peer -> a hash; with memory,
# so are the peaks.
sub run_work
{
	my ($work, $setting, $peers, $results, $with_memory) = @_;

	my @turns = begin_work($work, $setting, $peers, $results);

	if ($with_memory)
	{
		$server->watch_memory(1);
		foreach my $peer (@turns)
		{
			my $once = run_once($peer, $work, $setting);
			my $result = $results->{ $peer->name };

			@$result{qw(client backend)} = @$once{qw(client backend)};
			note_error($work, $peer, $result, $once->{error});
		}
		$server->watch_memory(0);
	}
	foreach my $round (1 .. $set{ROUNDS})
	{
		# drawn anew: who always comes after the same one always finds what that
		# one has left in the processor's caches
		foreach my $peer (shuffle @turns)
		{
			my $result = $results->{ $peer->name };

			next if $result->{error} or $result->{sum} > 1000 * $set{BUDGET};
			my $once = run_once($peer, $work, $setting);

			note_error($work, $peer, $result, $once->{error});
			next if $once->{error};
			push @{ $result->{times} }, $once->{time};
			$result->{sum} += $once->{time};
		}
	}
	return;
}

# Give each peer that can do the work its result, and what it needs for it.
# Returns those that are ready.
sub begin_work
{
	my ($work, $setting, $peers, $results) = @_;

	my $method = $work->{what};
	my @ready = grep { $_->$method(make_run($_, $work, $setting)) } @$peers;

	foreach my $peer (@ready)
	{
		$results->{ $peer->name } = {
			times => [],
			sum => 0,
			# what failed or took too long once does so again
			error => $failed{ $work->{name} }{ $peer->name }
		};
	}
	try_all($work, $results, \@ready, sub { prepare_files($_[0], $work) });
	sleep 1 while $work->{seeded} and time - ($work->{written} // 0) < 4;
	delete $work->{made};
	if ($work->{seeded})
	{
		# files that are just written may change without a new time of change
		sleep 3;
		try_all($work, $results, \@ready, sub { seed($_[0], $work, $setting) });
	}
	return grep { !defined $results->{ $_->name }{error} } @ready;
}

# Do this for all peers; those that cannot get an error.
sub try_all
{
	my ($work, $results, $peers, $code) = @_;

	foreach my $peer (@$peers)
	{
		my $result = $results->{ $peer->name };

		next if defined $result->{error};
		eval { $code->($peer); 1 } or note_error($work, $peer, $result, $@);
	}
	return;
}

# Keep an error, if there is one: short in the table, and whole below it.
sub note_error
{
	my ($work, $peer, $result, $error) = @_;

	return unless defined $error;
	$result->{error} = $error =~ /^over / ? $error : 'error';
	$failed{ $work->{name} }{ $peer->name } = $result->{error};
	push @errors, $peer->title . ", $work->{title}: $error" unless $error =~ /^over /;
	return;
}

# The first line of a command's output.
sub first_line
{
	my ($line) = split /\n/, `$_[0]` // '';

	return $line // '';
}

# What ./about.md says of this run, with names in braces filled in.
sub about
{
	my %server = Bench::Server::settings($set{PRELOAD});
	my %fill = (
		%set,
		date => strftime('%Y-%m-%d', gmtime),
		server => first_line('postgres --version'),
		compiler => first_line('gcc --version'),
		processors => first_line('nproc'),
		model => first_line(q{sed -n 's,^model name[[:space:]]*: ,,p' /proc/cpuinfo}),
		memory => first_line(q{awk '/^MemTotal/ { printf "%.1f GB", $2 / 1048576 }' /proc/meminfo}),
		system => first_line(q{. /etc/os-release && echo "$PRETTY_NAME"}),
		kernel => first_line('uname -sr'),
		load => first_line('cut -d " " -f 1-3 /proc/loadavg'),
		settings => join(', ', map { "`$_` " . $server{$_} =~ tr{'}{}dr } sort keys %server));

	return read_file("$FindBin::Bin/about.md") =~
	  s/\{(\w+)\}/$fill{$1} \/\/ die "about.md: there is no {$1}\n"/ger;
}

sub report
{
	my ($works, $peers, $missing, $settings, $results) = @_;

	my %seen;

	print about();
	print "\n## Who is first\n\n", report_first($works, $peers, $settings, $results);
	print report_work($_, $peers, $settings, $results->{ $_->{name} }) foreach @$works;
	print "\n## Errors\n\n", map { "- $_\n" } grep { !$seen{$_}++ } @errors if @errors;
	print "\n## Missing\n\n", map { '- ' . $_->{peer}->title . ": $_->{why}\n" } @$missing
	  if @$missing;
	return;
}

sub main
{
	my @works = find_works();
	my @settings = find_settings();
	my ($peers, $missing) = find_peers();
	my (%results, $storage);

	mkdir $WORK;
	chdir $WORK or die "$WORK: $!\n";
	foreach my $setting (@settings)
	{
		if (!defined $storage or $storage ne $setting->{storage})
		{
			$storage = $setting->{storage};
			$server->stop if defined $server;
			$server = Bench::Server->start(
				folder => storage_folder($storage),
				tools => $HOME,
				work => $WORK,
				preload => $set{PRELOAD});
		}
		foreach my $work (@works)
		{
			run_work($work, $setting, $peers,
				$results{ $work->{name} }{ $setting->{name} } = {},
				$setting == $settings[0]);
		}
	}
	report(\@works, $peers, $missing, \@settings, \%results);
	return;
}

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 130 };
END
{
	my $status = $?;

	$server->stop if defined $server;
	system 'rm', '-rf', $_ foreach @tmpfs;
	$? = $status;
}
$| = 1;
main();
