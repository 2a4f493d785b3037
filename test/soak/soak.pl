# Many databases, random migrations, and all that can go wrong with them: calls of
# every kind at once, failures, time limits, cancels, killed backends and clients,
# a server that is stopped.  After each step an independent checker (Checker.pm)
# compares each database with clean runs of its migrations by psql.
#
# SOAK_SECONDS and SOAK_DATABASES say how long and how many.  GOOSEPLUS_SEED gives
# the same histories, and the same scenes in the same order; what comes of calls
# that run at once is up to the clock, so that a failure may need several tries.
# SOAK_STEPS ends after so many steps, SOAK_FROM begins at one, and SOAK_ONLY
# plays only the scenes of one database.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Chance;
use Checker;
use Doubt;
use Histories;
use Operations;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Soak;
use Stage;
use Test::More;
use Time::HiRes qw(time);

my $seconds = $ENV{SOAK_SECONDS} || 8;
my $databases = $ENV{SOAK_DATABASES} || 6;
my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**31));
my $histories = $databases < 12 ? 3 : $databases < 48 ? 6 : 12;
my $at_once = $databases < 4 ? $databases : 4;
my $again = "GOOSEPLUS_SEED=$seed SOAK_DATABASES=$databases";
my $goose = $ENV{SOAK_GOOSE} && -x $ENV{SOAK_GOOSE} ? $ENV{SOAK_GOOSE} : undef;
my $folder = PostgreSQL::Test::Utils::tempdir_short('soak');
my $begin = time;

sub report
{
	my @lines = map { split /\n/ } @_;

	diag(join "\n", $lines[0], map { "    $_" } @lines[ 1 .. $#lines ]);
	return;
}

report("again: make soak $again" . ($goose ? '' : '; the goose command is not here'));

# ------------------------------------------------------------- the cluster

my $node = PostgreSQL::Test::Cluster->new('soak');

$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "max_connections = 60\n"
	  . "shared_buffers = 64MB\n"
	  . "max_worker_processes = 24\n"
	  . "restart_after_crash = on\n"
	  . "full_page_writes = off\n"
	  # with "minimal", a sequence that is new goes back in a crash
	  . "wal_level = replica\n"
	  . "autovacuum_naptime = 5s\n"
	  . "deadlock_timeout = 200ms\n"
	  . "client_connection_check_interval = 200ms\n"
	  . "log_statement = none\n"
	  . "log_min_messages = error\n"
	  . "log_error_verbosity = verbose\n"
	  . "log_line_prefix = '%m [%p] %a %d '\n");
$node->start;

# Runs a script and returns psql's status, output and error output.
sub run_script
{
	my ($database, $script) = @_;
	my $path = "$folder/script.sql";
	my ($out, $err) = ('', '');

	Soak::write_file($path, $script);
	IPC::Run::run(
		[
			'psql', '-XAtq', '-F', "\t", '-v', 'ON_ERROR_STOP=1', '-d',
			$node->connstr($database), '-f', $path
		],
		'>', \$out, '2>', \$err);
	return ($?, $out, $err);
}

$node->safe_psql('postgres', 'CREATE ROLE deployer LOGIN; CREATE DATABASE soak_template');
$node->safe_psql('soak_template', 'CREATE EXTENSION gooseplus');
(run_script('soak_template', slurp_file("$FindBin::RealBin/soak.sql")))[0] == 0
  or die 'soak.sql fails';
$node->safe_psql('soak_template', 'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO deployer;'
	  . ' GRANT ALL ON gooseplus_bundle, gooseplus_function, gooseplus_progress TO deployer;'
	  . ' ALTER TABLE kept OWNER TO deployer');

sub make_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE soak_template");
	return $name;
}

# ------------------------------------------------- histories and databases

$node->safe_psql('postgres', 'CREATE EXTENSION gooseplus');

my $stage = Stage->new($node, $folder);
my $checker = Checker->new(\&run_script, sub { $stage->ask(@_) });
my @histories = map { Histories::make($seed, $_, $goose && $_ % 3 == 0) } 0 .. $histories - 1;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my (@bases, %clean);

foreach my $number (1 .. $databases)
{
	my $chance = Chance->new($seed, 'database', $number);
	my $history = $histories[ $number % $histories ];
	my $environments = $chance->pick('', 'production', 'production,eu');
	my $base = {
		number => $number,
		name => "db$number",
		history => $history,
		environments => $environments,
		migrations => [ Histories::seen($history->{migrations}, $environments) ],
		repeatables => [ Histories::seen($history->{repeatables}, $environments) ],
		goose => $history->{goose},
		role => $chance->pick($superuser, 'deployer'),
		bundle => !$history->{goose} && $chance->percent(25),
		folder => "$folder/db$number",
		texts => { map { $_->{name} => 1 } @{ $history->{repeatables} } },
		edits => {},
		problems => []
	};

	push @bases, $base;
	Soak::write_tree($base);
	next if $clean{"$history->{number} $environments"}++;
	$checker->make_clean($history, $environments,
		make_database("clean$history->{number}_" . length $environments));
}
my @here = $ENV{SOAK_ONLY} ? $bases[ $ENV{SOAK_ONLY} - 1 ] : @bases;
my @script = "LOAD 'gooseplus';";

foreach my $base (@here)
{
	my $database = $base->{name};

	push @script, "CREATE DATABASE $database TEMPLATE soak_template;",
	  "ALTER DATABASE $database SET gooseplus.directory = '$base->{folder}';",
	  "ALTER DATABASE $database SET gooseplus.variables = '{\"SOAK_WHO\": \"$Operations::variable\"}';";
	push @script, "ALTER DATABASE $database OWNER TO deployer;"
	  if $base->{role} eq 'deployer';
	push @script, "ALTER DATABASE $database SET gooseplus.bundle = 'soak';"
	  if $base->{bundle};
	push @script, "\\c $database";
	push @script, "SELECT gooseplus_bundle_load('soak', '$base->{folder}');"
	  if $base->{bundle};
	push @script, Histories::code($_)
	  foreach grep { $_->{code} } @{ $base->{history}{migrations} };
	push @script, '\c postgres', "LOAD 'gooseplus';";
}
my ($script_status, undef, $script_err) = run_script('postgres', join "\n", @script, '');
die $script_err if $script_status != 0;
report(sprintf '%d databases, %d histories, %d clean runs in %d s', $databases, $histories,
	scalar keys %clean, time - $begin);

$stage->{progress}->learn(@bases);
is(join("\n", $stage->{progress}->doubt($bases[0])),
	'', 'what gooseplus_progress shows is doubted');
is( join("\n", Doubt::unseen($checker, \&run_script, $bases[0], make_database('doubt'))),
	'', 'the checker sees what is wrong, and nothing else');

# ----------------------------------------------------------------- the steps

my $soak = Soak->new(
	stage => $stage,
	checker => $checker,
	say => \&report,
	again => $again,
	goose => $goose);
my $step = $ENV{SOAK_FROM} || 1;
my $first = $step;
my $told = time;

$begin = time;
while (time < $begin + $seconds && (!$ENV{SOAK_STEPS} || $step < $first + $ENV{SOAK_STEPS}))
{
	my @chosen = Chance->new($seed, 'bases', $step)->some($at_once, @bases);

	@chosen = grep { $_->{number} == $ENV{SOAK_ONLY} } @chosen if $ENV{SOAK_ONLY};
	@chosen = grep { !@{ $_->{problems} } } @chosen;
	$soak->step($step, $seed, @chosen) if @chosen;
	$step++;
	if (time > $told + 60)
	{
		report(sprintf 'step %d after %d s', $step, time - $begin);
		$told = time;
	}
	last if 20 < grep { @{ $_->{problems} } } @bases;
}

# ------------------------------------------------------------------- the end

# What pg_dump says of a database, in no order.
sub dump_of
{
	my ($database) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(
		[
			'pg_dump', '--no-owner', '--no-privileges', '-n', 'public', '-T', 'goose*',
			'-d', $node->connstr($database)
		],
		'>', \$out, '2>', \$err)
	  or die "pg_dump fails: $err";
	return join "\n", sort grep { !/^(\\|--|SELECT pg_catalog.setval)/ } split /\n/, $out;
}

my $dumps = 0;

foreach my $base (@here)
{
	my ($clean, $status, $err);

	$soak->{step} = 'the end';
	$soak->{words} = {};
	$soak->deploy_to_end($base) unless @{ $base->{problems} };
	# some of them as pg_dump sees them, too
	if (!@{ $base->{problems} } && $dumps < ($databases < 12 ? 2 : 10))
	{
		$clean = make_database("end$base->{number}");
		($status, undef, $err) = run_script($clean,
			$checker->end_script($base->{history}, $base->{environments}, $base->{texts}));
		die $err if $status != 0;
		$soak->problem($base, 'pg_dump finds another database than after a clean run')
		  if dump_of($base->{name}) ne dump_of($clean);
		$dumps++;
	}
	$soak->revert_to($base, 0) unless @{ $base->{problems} };
	is(join("\n", @{ $base->{problems} }), '',
		"$base->{name}: history $base->{history}{number}, environments '$base->{environments}'");
}

my $count = $soak->{count};

report(
	sprintf('%d steps of %d databases in %d s, %d calls, %d checks, %d versions reached',
		$count->{'steps of databases'}, $databases, time - $begin, $count->{calls},
		$count->{checks}, scalar keys %{ $soak->{versions} }),
	'struck: ' . join(', ', map { "$_ $stage->{struck}{$_}" } sort keys %{ $stage->{struck} }),
	'failures seen: ' . join(', ', map { "$_ $soak->{errors}{$_}" } sort keys %{ $soak->{errors} }),
	'progress seen: ' . $stage->{progress}->summary,
	map { "$_: $count->{$_}" } grep { !/^(calls|checks|steps of databases)$/ } sort keys %$count);
$stage->finish;
$node->stop;
done_testing();
