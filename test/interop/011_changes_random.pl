# 011_changes_random.pl - random sequences of steps: files are edited, removed
# and brought back, goose and gooseplus go up and down in turns, changes are
# accepted, and now and then the database is dumped and restored.  A model of
# our own, here in Perl, says before each step what it does, in which order, and
# what gooseplus_status and the plan have to say afterwards.
#
# GOOSEPLUS_SEED repeats a run, GOOSEPLUS_SEQUENCES says how long it is.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Test::More;

use constant SEQUENCES => $ENV{GOOSEPLUS_SEQUENCES} || 4;
use constant STEPS => 40;

my $seed = $ENV{GOOSEPLUS_SEED} || 1 + int rand 2**31;

# ------------------------------------------------------------------- the model
#
# A text is a number: the same number, the same tokens.
#
#	files{VERSION}	text of the file; no entry if there is none
#	applied[]	{ version, known }, in the order of application; known is
#			the text that the history has, undef if goose has applied it
#	repeatables{NAME}	text of the file
#	run{NAME}	text that was run last
#	log[]		what a step has to do

my (%files, @applied, %repeatables, %run, @log, $error);
my ($folder, $options, $work);
my $from_texts = 0;
my $texts = 0;
my $times = 0;

sub chance { return rand() < $_[0]; }

sub pick { return $_[ int rand @_ ]; }

sub row_of { my ($version) = @_; return (grep { $_->{version} == $version } @applied)[0]; }

sub highest { return @applied ? $applied[-1]{version} : 0; }

sub last_at_hand { return (sort { $b <=> $a } keys %files)[0] || 0; }

# Versions that an up has to run; an error if one of them is late.
sub pending
{
	my ($to) = @_;
	my @pending = sort { $a <=> $b } grep { !row_of($_) } keys %files;

	$error = 'late' if @pending && $pending[0] < highest();
	return $error ? () : grep { !defined $to || $_ <= $to } @pending;
}

sub modified
{
	return grep {
		my $row = row_of($_);

		$row && defined $row->{known} && $row->{known} != $files{$_}
	} sort { $a <=> $b } keys %files;
}

sub due
{
	return grep { !defined $run{$_} || $run{$_} != $repeatables{$_} } sort keys %repeatables;
}

sub go_up
{
	my ($by_goose, @versions) = @_;

	foreach my $version (@versions)
	{
		push @log, "$version up $files{$version}";
		push @applied, { version => $version, known => $by_goose ? undef : $files{$version} };
	}
	return;
}

# What gooseplus runs up to a version, repeatable ones included.
sub up_by_gooseplus
{
	my ($to) = @_;

	go_up(0, pending($to));
	return if $error || (defined $to && $to < last_at_hand());
	foreach my $name (due())
	{
		push @log, "$name up $repeatables{$name}";
		$run{$name} = $repeatables{$name};
	}
	return;
}

# Take back rows, latest first: by files, or else, if that is allowed, by what
# the history has.  All of them must be there first.
sub go_down
{
	my ($from_history, $count, @needed) = @_;
	my %text;

	foreach my $row (@needed)
	{
		my $version = $row->{version};

		$text{$version} =
		  exists $files{$version} ? $files{$version} : $from_history ? $row->{known} : undef;
		$error = 'not found' unless defined $text{$version};
	}
	return if $error;
	foreach (1 .. $count)
	{
		my $version = (pop @applied)->{version};

		$from_texts++ unless exists $files{$version};
		push @log, "$version down $text{$version}";
	}
	return;
}

# The latest one, for which goose's Provider needs the files of all.
sub down_one
{
	my ($from_history) = @_;

	return $error = 'nothing' unless @applied;
	go_down($from_history, 1, @applied);
	return;
}

sub down_to
{
	my ($from_history, $version) = @_;
	my @rows = grep { $_->{version} > $version } @applied;

	go_down($from_history, scalar(@rows), @rows);
	return;
}

# ------------------------------------------------------------------------ files

# Write a file; most often as of a moment of the past, each another one, so that
# gooseplus may tell by it that it is the same.
sub write_file
{
	my ($name, $what, $text, $ornament) = @_;
	my $path = "$folder/$name";
	my $comment = $ornament ? "-- ornament " . ++$times . "\n" : '';

	open my $handle, '>', $path or die "$path: $!";
	print $handle "${comment}-- +goose Up\nINSERT INTO mark VALUES ('$what up $text');\n"
	  . "-- +goose Down\n${comment}INSERT INTO mark VALUES ('$what down $text');\n";
	close $handle or die "$path: $!";
	return if chance(0.3);
	utime 1e9 + $times, 1e9 + $times, $path or die "$path: $!";
	$times++;
	return;
}

sub path_of { my ($version) = @_; return sprintf '%05d_t.sql', $version; }

sub write_version
{
	my ($version, $text, $ornament) = @_;

	$files{$version} = $text;
	write_file(path_of($version), $version, $text, $ornament);
	return "file $version is $text";
}

sub write_repeatable
{
	my ($name, $text, $ornament) = @_;

	$repeatables{$name} = $text;
	write_file("$name.sql", $name, $text, $ornament);
	return "file $name is $text";
}

# One change of a file.
sub change_files
{
	my @versions = sort { $a <=> $b } keys %files;
	my $kind = rand;

	if ($kind < 0.25)
	{
		return write_version(last_at_hand() + 1 + int rand 2, ++$texts) if @versions < 8;
	}
	elsif ($kind < 0.45 && @versions)
	{
		return write_version(pick(@versions), ++$texts);
	}
	elsif ($kind < 0.55 && @versions)
	{
		my $version = pick(@versions);

		return write_version($version, $files{$version}, 1);
	}
	elsif ($kind < 0.68 && @versions)
	{
		# one is removed, or another container has less of them
		my $version = pick(@versions);
		my @gone = grep { $_ == $version || ($_ > $version && $kind < 0.65) } @versions;

		delete @files{@gone};
		unlink "$folder/" . path_of($_) or die foreach @gone;
		return "no files @gone";
	}
	elsif ($kind < 0.8)
	{
		# they come back as they were, or with another text
		my @gone = grep { !exists $files{ $_->{version} } && chance(0.6) } @applied;

		return 'back: ' . join ', ', map {
			write_version($_->{version}, defined $_->{known} && chance(0.8) ? $_->{known} : ++$texts)
		} @gone if @gone;
	}
	elsif ($kind < 0.9)
	{
		my $name = pick(qw(R_a R_b R_c));

		return write_repeatable($name, defined $run{$name} && chance(0.2) ? $run{$name} : ++$texts);
	}
	elsif (keys %repeatables)
	{
		my $name = pick(sort keys %repeatables);

		return write_repeatable($name, $repeatables{$name}, 1) if chance(0.5);
		delete $repeatables{$name};
		unlink "$folder/$name.sql" or die;
		return "no file $name";
	}
	return 'no change';
}

# ------------------------------------------------------------------------ steps

sub query
{
	my ($query, $others) = @_;
	my $given = options($folder, $others);
	my ($status, $out, $err) = run_command(Interop::psql_command($work, $query =~ s/:o/$given/r));

	return { status => $status, out => $out, err => $err };
}

# The goose command refuses repeatable migrations: it does not see them.
sub without_repeatables
{
	my (@command) = @_;
	my @names = map { "$folder/$_.sql" } keys %repeatables;
	my $result;

	rename $_, "$_.away" or die foreach @names;
	$result = goose($work, $folder, @command);
	rename "$_.away", $_ or die foreach @names;
	return $result;
}

# Each step: what the model makes of it, and how it is done.
my %steps = (
	'Provider up' => [ 10, sub { go_up(1, pending()) }, sub { provider($work, $folder, 'up') } ],
	'Provider down' => [ 6, sub { down_one(0) }, sub { provider($work, $folder, 'down') } ],
	'goose up' => [ 4, sub { go_up(1, pending()) }, sub { without_repeatables('up') } ],
	'goose redo' => [
		6,
		sub {
			my $version = highest();

			return $error = 'nothing' unless @applied;
			go_down(0, 1, $applied[-1]);
			go_up(1, $version) unless $error;
		},
		sub { without_repeatables('redo') }
	],
	'migrate' => [ 14, sub { up_by_gooseplus() }, sub { query('SELECT gooseplus_migrate(NULL, :o)') } ],
	'deploy' => [ 14, sub { up_by_gooseplus() }, sub { query('CALL gooseplus_deploy(options => :o)') } ],
	'up_to' => [
		6,
		sub { up_by_gooseplus($_[0]) },
		sub { query("SELECT gooseplus_up_to($_[0], NULL, :o)") }
	],
	'down' => [ 8, sub { down_one(1) }, sub { query('SELECT gooseplus_down(NULL, :o)') } ],
	'down_to' => [
		6,
		sub { down_to(1, $_[0]) },
		sub { query("SELECT gooseplus_down_to($_[0], NULL, :o)") }
	],
	'revert' => [
		6,
		sub { down_to(1, $_[0]) },
		sub { query("CALL gooseplus_revert($_[0], options => :o)") }
	],
	'redo' => [
		4,
		sub {
			my $version = highest();

			down_one(0);
			go_up(0, $version) unless $error;
		},
		sub { query('SELECT gooseplus_redo(NULL, :o)') }
	],
	'repair' => [
		8,
		sub {
			my $row = row_of($_[0]);

			return $error = 'not' unless $row && exists $files{ $_[0] };
			$row->{known} = $files{ $_[0] };
		},
		sub { query("SELECT gooseplus_repair($_[0], NULL, :o)") }
	],
	'dump' => [
		2, sub { },
		sub {
			my ($status, $out, $err) = run_command('pg_dump', '-Fc', '-f', "$ENV{TMPDIR}/changes.dump", '-d', $work);

			die $err if $status;
			sql('postgres', "DROP DATABASE $work");
			sql('postgres', "CREATE DATABASE $work TEMPLATE template0");
			($status, $out, $err) = run_command('pg_restore', '-e', '-d', $work, "$ENV{TMPDIR}/changes.dump");
			return { status => $status, out => $out, err => $err };
		}
	]);
my @wheel = map { ($_) x $steps{$_}[0] } sort keys %steps;

# What a run of gooseplus says of changes.
sub check_warning
{
	my ($name, $err, @modified) = @_;
	my ($listed) = $err =~ /^DETAIL:  Changed: (.*)\.$/m;

	return is(defined $listed ? $listed : '', join(', ', map { path_of($_) } @modified), "$name: it warns of changes");
}

# Everything that gooseplus says of the state is what the model says.
sub check_state
{
	my ($name) = @_;
	my %modified = map { $_ => 1 } modified();
	my %all = map { $_ => 1 } keys %files, map { $_->{version} } @applied;
	my @states = map {
		"$_ "
		  . ( !row_of($_) ? 'pending'
			: !exists $files{$_} ? 'missing'
			: $modified{$_} ? 'modified'
			: 'applied')
	} sort { $a <=> $b } keys %all;
	my %due = map { $_ => 1 } due();
	my @pending;

	push @states, map { "$_.sql " . ($due{$_} ? 'pending' : 'applied') } sort keys %repeatables;
	is( sql($work,
			"SELECT string_agg(coalesce(version::text, source) || ' ' || state, ', ' ORDER BY version, source COLLATE \"C\") FROM gooseplus_status(NULL, $options)"),
		join(', ', @states), "$name: status")
	  or return 0;
	$error = '';
	@pending = pending();
	return 1 if $error;
	return is(
		sql($work,
			"SELECT string_agg(source, ', ' ORDER BY n) FROM (SELECT source, min(n) AS n FROM gooseplus_plan(NULL, NULL, $options) WITH ORDINALITY AS p(v, source, e, o, l, s, t, r, h, i, n) GROUP BY source) s"),
		join(', ', (map { path_of($_) } @pending), map { "$_.sql" } due()),
		"$name: plan");
}

# One step, and all that is to be said of it.
sub do_step
{
	my ($number, $rollback) = @_;
	my $name = $rollback ? pick(qw(down down_to revert)) : pick(@wheel);
	my (undef, $model, $way) = @{ $steps{$name} };
	my $of_ours = $name !~ /goose|Provider|dump|repair/;
	my @versions = ((map { $_->{version} } @applied), keys %files);
	my $version = @versions ? pick(sort { $a <=> $b } @versions) : 1;
	my $strict = $of_ours && chance(0.1) && modified();
	my @modified = modified();
	my ($result, $done);

	$version = int rand 3 if $name =~ /revert|down_to/ && chance(0.3);
	$number = "$number: $name" . ($name =~ /_to|revert|repair/ ? " $version" : '');
	if ($strict)
	{
		$result = query('SELECT gooseplus_migrate(NULL, :o)', '"checksum": "error"');
		isnt($result->{status}, 0, "$number: refused, as files have changed");
		return check_warning($number, $result->{err}, @modified);
	}
	@log = ();
	# goose refuses a folder without numbered files
	$error = $name =~ /goose|Provider/ && !%files ? 'no files' : '';
	$model->($version) unless $error;
	$result = $way->($version);
	is($result->{status} ? 'fails' : 'works', $error ? 'fails' : 'works', "$number: " . ($error || 'works'))
	  or do { diag $result->{err}; return 0 };
	$done = sql($work,
		"WITH gone AS (DELETE FROM mark RETURNING ctid, name) SELECT string_agg(name, ', ' ORDER BY ctid) FROM gone");
	is($done, join(', ', @log), "$number: it does that") or return 0;
	check_warning($number, $result->{err}, @modified) or return 0
	  if $of_ours;
	return check_state($number);
}

# One sequence; returns what its steps have done.
sub sequence
{
	my ($number) = @_;
	my ($done, @story) = (0);

	srand $seed + $number;
	(%files, @applied, %repeatables, %run) = ();
	$folder = copy_tree("changes_random_$number");
	$options = options($folder);
	$work = database("changes_random_$number");
	sql($work, 'CREATE TABLE mark (name text)');
	push @story, write_version($_, ++$texts) foreach 1 .. 3;
	push @story, write_repeatable('R_b', ++$texts);
	foreach my $step (1 .. STEPS)
	{
		push @story, change_files() while chance(0.6);
		my $worked = do_step($step, $story[-1] =~ /^no files/ && chance(0.6));

		push @story, "$step => " . join ', ', @log;
		$done += @log;
		next if $worked;
		diag join "\n", "GOOSEPLUS_SEED=$seed, sequence $number", @story;
		last;
	}
	sql('postgres', "DROP DATABASE $work");
	return $done;
}

note "GOOSEPLUS_SEED=$seed";
my $done = 0;

# a seed may take nothing back without its file at first: then it goes on
foreach my $number (1 .. 10 * SEQUENCES)
{
	last if $number > SEQUENCES && $from_texts > 0;
	subtest "seed $seed, sequence $number" => sub { $done += sequence($number) };
}
note "$done migrations were run, $from_texts of them from the history";
cmp_ok($done, '>', SEQUENCES * STEPS / 4, 'many migrations were run');

cmp_ok($from_texts, '>', 0, 'some were taken back without their files');

done_testing();
