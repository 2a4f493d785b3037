# profile.pl - which share of a run is the server's parse, plan and execute, and
# which is gooseplus's.  Called by ../profile.
#
#	perf script -F ip,sym | perl profile.pl perf
#	perf script -F ip,sym,dso | perl profile.pl code USER SYSTEM
#	perl profile.pl callgrind FILE LIBRARY
#
# Prints lines of a table, "| name | share |".
#
# "code" says in whose code the processor was, where it was USER of the time
# outside the kernel and SYSTEM in it.  The others say what was found below
# run_atomic(), which all of gooseplus_migrate() is: what runs below one of the
# server's functions in ENTRIES is the server's; all the rest is gooseplus's,
# with what it calls of the server otherwise, such as memory and strings, and is
# named by the function in PARTS that it belongs to.

use strict;
use warnings;

my $ROOT = 'run_atomic';

my %ENTRIES = (
	(map { $_ => 'parse' } qw(raw_parser base_yyparse)),
	(map { $_ => 'analyze and rewrite' }
		qw(pg_analyze_and_rewrite_fixedparams)),
	(map { $_ => 'plan' } qw(pg_plan_queries)),
	(map { $_ => 'execute' }
		qw(CreateNewPortal PortalDefineQuery PortalStart PortalRun PortalDrop
		CommandCounterIncrement CommandEndInvalidationMessages
		GetTransactionSnapshot PushActiveSnapshot PushActiveSnapshotWithLevel
		PopActiveSnapshot)));

my %PARTS = (
	check_read => 'reads the file',
	check_format => "goose's format: where statements end",
	checksum_migration => 'checksum',
	check_grammar => 'grammar, before the run',
	run_statements => 'the run',
	run_record_version => 'stores version, checksum and text',
	run_record_migration => 'stores version, checksum and text',
	run_collect => 'lists the folders',
	run_read_versions => 'reads the version table',
	run_make_steps => 'compares files with the history');

# What is before and behind the run, and the C library, which has no frame
# pointers, so that nobody knows who has called it.
my $UNKNOWN = 'not known: outside of the run, or the C library for any of them';

# The name for a stack, from the root on.
sub name_of
{
	my @stack = @_;
	my ($part) = grep { $PARTS{$_} } @stack;

	for my $function (@stack)
	{
		return $ENTRIES{$function} if $ENTRIES{$function};
	}
	return 'gooseplus: ' . ($part ? $PARTS{$part} : 'the rest');
}

# Stacks of samples, the innermost function first, with an empty line between.
sub read_perf
{
	my %found;
	local $/ = '';

	while (my $sample = <STDIN>)
	{
		my @stack = map { /^\s*[0-9a-f]+\s+([^+\s]+)/ ? $1 : () } split /\n/, $sample;
		my ($root) = grep { $stack[$_] eq $ROOT } 0 .. $#stack;
		my $name = defined $root ? name_of(reverse @stack[ 0 .. $root - 1 ]) : $UNKNOWN;

		$found{$name}++;
	}
	return \%found;
}

# In whose code the innermost function is.  perf has not seen the kernel.
sub read_code
{
	my ($user, $system) = @_;
	my (%found, $samples);
	local $/ = '';

	while (my $sample = <STDIN>)
	{
		my ($object) = $sample =~ /^\s*\S.*?\((\S+)\)$/m or next;

		next if $object =~ /kernel/;
		$object =~ s{.*/}{};
		$found{ $object =~ /^gooseplus/ ? 'gooseplus' :
				$object =~ /^postgres/ ? 'the server' : 'libraries' }++;
		$samples++;
	}
	$found{'the kernel'} = $samples * $system / $user;
	return \%found;
}

# What callgrind writes: instructions for each call of one function by another,
# what that calls in turn included.  Names are written out once.
sub read_calls
{
	my ($file) = @_;
	my (%names, %cost, $caller, $callee, $calls);
	my $name = sub {
		my ($text) = @_;
		my ($id, $long) = $text =~ /^\((\d+)\)(?: (.*))?$/ or die "$text?";

		# a function that calls itself has a name for each depth
		$names{$id} = $long =~ s/'\d+$//r if defined $long;
		return $names{$id};
	};

	open(my $in, '<', $file) or die "$file: $!";
	while (<$in>)
	{
		if (/^fn=(.*)/) { $caller = $name->($1) }
		elsif (/^cfn=(.*)/) { $callee = $name->($1) }
		elsif (/^calls=/) { $calls = 1 }
		elsif ($calls)
		{
			/^\S+ (\d+)/ or die "$_?";
			$cost{$caller}{$callee} += $1;
			$calls = 0;
		}
	}
	return \%cost;
}

# The names of gooseplus's functions: those that the library has.
sub own_functions
{
	my ($library) = @_;

	return map { /^\S+ [tT] (\w+)/ ? ($1 => 1) : () } `nm '$library'`;
}

sub read_callgrind
{
	my ($file, $library) = @_;
	my $cost = read_calls($file);
	my %own = own_functions($library);
	my %found;
	my ($total, $server) = (0, 0);

	for my $caller (keys %$cost)
	{
		while (my ($callee, $instructions) = each %{ $cost->{$caller} })
		{
			$total += $instructions if $callee eq $ROOT;
			next unless $own{$caller} && $ENTRIES{$callee};
			$found{ $ENTRIES{$callee} } += $instructions;
			$server += $instructions;
		}
	}
	$found{'gooseplus'} = $total - $server;
	return \%found;
}

my ($kind, @arguments) = @ARGV;
my $found = $kind eq 'perf' ? read_perf() :
	$kind eq 'code' ? read_code(@arguments) : read_callgrind(@arguments);
my ($sum, $own) = (0, 0);

for my $name (keys %$found)
{
	$sum += $found->{$name};
	$own += $found->{$name} if $name =~ /^gooseplus/;
}
die "nothing was found below $ROOT()\n" unless $sum > 0;
printf "| %s | %.1f %% |\n", $_, 100 * $found->{$_} / $sum
	for sort { $found->{$b} <=> $found->{$a} } keys %$found;
printf "| **gooseplus, all in all** | **%.1f %%** |\n", 100 * $own / $sum
	unless $kind eq 'code';
