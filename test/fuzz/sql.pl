# sql.pl - random arguments, options, settings and files for every function,
# procedure, table and view of the extension, by a role that has been granted
# EXECUTE and by a superuser.
#
# However wrong a call is: the server does not crash or hang, there is no
# internal error (SQLSTATE XX000 and its like), nothing is written outside the
# directory of migrations, and the session works afterwards.  What there is to
# call is read from the catalog, so what is new joins by itself.
#
# Calls come in batches, each with databases and files of its own, made from
# one seed: GOOSEPLUS_SEED repeats the run, and with the seed that a failure
# prints, its batch is the first one.  FUZZ_SECONDS is how long to go on.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../t", $FindBin::RealBin;

use File::Find;
use File::Path qw(make_path remove_tree);
use FuzzSql;
use GooseplusTest;
use IPC::Run;
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# Calls in a batch, by each role.
use constant CALLS => 150;
# How long a batch may take: all its calls at their limits.
use constant PATIENCE => 300;

my $seconds = $ENV{FUZZ_SECONDS} || 5;
my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**30));
my $node = new_node('fuzz');
my $root = migrate_root($node);
my $outside = $node->basedir . '/outside';

note("GOOSEPLUS_SEED=$seed");
$node->append_conf('postgresql.conf', <<'EOF');
gooseplus.timeout = 3s
gooseplus.migration_timeout = 2s
log_error_verbosity = verbose
log_min_error_statement = panic
log_line_prefix = '%m [%p] %d %a '
max_worker_processes = 16
EOF
$node->reload;
$node->safe_psql('postgres', <<'EOF');
CREATE ROLE fuzz_user LOGIN;
CREATE DATABASE fuzz_template;
EOF
$node->safe_psql('fuzz_template', <<'EOF');
CREATE EXTENSION gooseplus;
GRANT CREATE ON SCHEMA public TO fuzz_user;
DO $$
DECLARE one record;
BEGIN
	FOR one IN SELECT classid, objid FROM pg_depend
		WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'gooseplus')
			AND deptype = 'e'
	LOOP
		IF one.classid = 'pg_proc'::regclass THEN
			EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO fuzz_user', one.objid::regprocedure);
		ELSIF one.classid = 'pg_class'::regclass THEN
			EXECUTE format('GRANT ALL ON TABLE %s TO fuzz_user', one.objid::regclass);
		END IF;
	END LOOP;
END $$;
CREATE FUNCTION fuzz_up() RETURNS void LANGUAGE sql AS 'CREATE TABLE IF NOT EXISTS by_function (a int)';
CREATE FUNCTION fuzz_down() RETURNS void LANGUAGE sql AS 'DROP TABLE IF EXISTS by_function';
CREATE FUNCTION fuzz_argument(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
EOF
write_raw("$outside/base/00001_keep.sql", "-- +goose Up\nSELECT 1;\n");

my $members = FuzzSql::members($node);

cmp_ok(scalar @{ $members->{routines} }, '>', 20, 'the extension has functions');
cmp_ok(scalar @{ $members->{settings} }, '>', 20, 'and settings');

# --- what must not change: files, but for those of the server itself and the
# migrations

sub listing
{
	my @files;
	my $data = $node->data_dir;

	find(
		{
			no_chdir => 1,
			preprocess => sub {
				return grep {
					my $path = "$File::Find::dir/$_";

					$path ne $root && $path !~
					  m{^\Q$data\E/(base|global|pg_[a-z_]+|postmaster\.(pid|opts)|log|current_logfiles)$}
				} @_;
			},
			wanted => sub {
				my @stat = lstat $_;

				# a folder's time is that of its files
				push @files, join(' ', $_, $stat[2], -d _ ? () : @stat[ 7, 9 ]) if @stat;
			}
		},
		$node->basedir);
	return join "\n", sort @files;
}

# --- one batch

# What the server wrote to its log since the last look, that it must not.
my $log_offset = 0;

sub bad_log
{
	my $log = slurp_file($node->logfile, $log_offset);
	my $length = rindex($log, "\n") + 1;

	$log_offset += $length;
	return grep {
		/PANIC|TRAP:|terminated by signal|(ERROR|FATAL|WARNING):  XX/
	} split /(?<=\n)(?!\t)(?=20\d\d-)/, substr($log, 0, $length);
}

# The files that a failure is shown with.
my $work = PostgreSQL::Test::Utils::tempdir('fuzz');

# Runs SQL as a role; returns its output and errors, undef if it hangs.
sub run_calls
{
	my ($role, $sql) = @_;
	my $done;

	write_raw("$work/$role.sql", $sql);
	$done = eval {
		IPC::Run::run(
			[
				'psql', '-XAtq', '-U', $role, '-d',
				$node->connstr("fuzz_$role"), '-f', "$work/$role.sql"
			],
			'>', "$work/$role.out", '2>', "$work/$role.err",
			IPC::Run::timeout(PATIENCE));
		1;
	};
	return $done ? (slurp_file("$work/$role.out"), slurp_file("$work/$role.err")) : ();
}

my $calls = 0;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my %states;
my @failures;

# One batch as one role.  Returns what is wrong, in words.
sub batch_of
{
	my ($role, $fuzz) = @_;
	my @calls = map { $fuzz->call } 1 .. CALLS;
	my $sql = "SET client_min_messages = " . $fuzz->pick('error', 'notice', 'debug1') . ";\n";

	foreach my $n (0 .. $#calls)
	{
		# Whatever a call has done to the session, the next one is to work.
		$sql .= "\\echo case $n\n$calls[$n]\n\\echo end $n\n"
		  . "ROLLBACK; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SET statement_timeout = '700ms';\n"
		  . "SET application_name = 'case " . ($n + 1) . "';\n"
		  . "SELECT 'alive $n ' || statement FROM gooseplus_statements(E'-- +goose Up\\nSELECT $n;');\n";
	}
	$sql = "\\set VERBOSITY verbose\nSET statement_timeout = '700ms';\nSET application_name = 'case 0';\n$sql";

	my ($out, $err) = run_calls($role, $sql);
	my @bad;

	if (!defined $out)
	{
		my ($case) = slurp_file("$work/$role.out") =~ /.*^case (\d+)$/ms;

		return "it hangs:\n" . (defined $case ? $calls[$case] : '');
	}
	$calls += @calls;
	$states{$1}++ while $err =~ /(?:ERROR|FATAL):  ([0-9A-Z]{5}):/g;
	foreach my $n (0 .. $#calls)
	{
		next if $out =~ /^alive $n SELECT $n;$/m;
		push @bad, "the session does not work after it:\n$calls[$n]\n"
		  . join("\n", (split /\n/, $err)[ -5 .. -1 ]);
		last;
	}
	push @bad, "an internal error in the rows: $1" if $out =~ /(.*\(SQLSTATE XX.*)/;
	foreach my $line (bad_log())
	{
		my ($case) = $line =~ / case (\d+) /;

		push @bad, "in the server's log: $line\n" . (defined $case ? $calls[$case] : '');
	}
	return @bad;
}

sub batch
{
	my ($batch_seed) = @_;
	my $before;

	srand($batch_seed);
	foreach my $role ('fuzz_user', $superuser)
	{
		$node->safe_psql('postgres', "DROP DATABASE IF EXISTS \"fuzz_$role\" WITH (FORCE)");
		$node->safe_psql('postgres', "CREATE DATABASE \"fuzz_$role\" TEMPLATE fuzz_template");
	}
	FuzzSql::files($root, $outside);
	$before = listing();
	foreach my $role ('fuzz_user', $superuser)
	{
		my $fuzz = FuzzSql->new($members, $root, $role eq $superuser);

		push @failures, map { "GOOSEPLUS_SEED=$batch_seed, as $role: $_" }
		  batch_of($role, $fuzz);
	}
	push @failures, "GOOSEPLUS_SEED=$batch_seed: files outside have changed:\n"
	  . join("\n", FuzzSql::changes($before, listing()))
	  if listing() ne $before;
	return;
}

# --- a cancel

# With the lock of migrations in other hands, cancels a call that waits; some
# do not, and that is well, too.
sub cancel
{
	my ($routine) = @_;
	my $fuzz = FuzzSql->new($members, $root, 1);
	my $sql = "SET application_name = 'to cancel'; " . $fuzz->waiting_call($routine);
	my $end = time + 30;
	my $pid = fork // die "fork: $!";

	if (!$pid)
	{
		open STDOUT, '>', "$work/cancel.out" or die;
		open STDERR, '>', "$work/cancel.err" or die;
		# two messages, as a procedure must be alone in its own
		exec 'psql', '-XAtq', '-d', $node->connstr("fuzz_$superuser"),
		  map { ('-c', $_) } split /; /, $sql, 2;
		exit 127;
	}
	while (waitpid($pid, WNOHANG) == 0)
	{
		if (time > $end)
		{
			push @failures, "GOOSEPLUS_SEED=$seed: a cancel does not end $sql";
			kill 'KILL', $pid;
			waitpid $pid, 0;
			last;
		}
		$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity'
			  . " WHERE application_name = 'to cancel' AND state = 'active'");
	}
	return;
}

my $end = time + $seconds;
my $batches = 0;

while (!@failures && ($batches == 0 || time < $end))
{
	batch($seed + $batches++);
}

# in a short run, a few of them
srand($seed);
my @routines = @{ $members->{routines} };
@routines = @routines[ map { rand @routines } 1 .. 3 ] if $seconds < 30;
my $holder = $node->background_psql("fuzz_$superuser");
$holder->query_safe('SELECT pg_advisory_lock(4097083626)');
cancel($_) foreach @routines;
$holder->quit;
push @failures, map { "in the server's log: $_" } bad_log();

is(scalar @failures, 0, 'nothing that must not be');
diag($_) foreach @failures;
diag("The calls, and what psql said, of the last batch:\n"
	  . join("\n", map { "$work/$_" } map { ("$_.sql", "$_.err") } 'fuzz_user', $superuser))
  if @failures;
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is there');
my $refused = 0;
$refused += $_ foreach values %states;
cmp_ok($refused, '<', $calls * 3, 'not only errors');
write_raw($ENV{FUZZ_FIGURES}, "# sql: $calls calls in $batches batches of "
	  . scalar(@{ $members->{routines} }) . ' routines and '
	  . scalar(@{ $members->{relations} }) . " relations; $refused errors: "
	  . join(' ', map { "$_ ($states{$_})" } sort keys %states) . "\n")
  if $ENV{FUZZ_FIGURES};

$node->stop;
done_testing();
