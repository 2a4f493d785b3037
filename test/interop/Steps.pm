# Steps.pm - the same steps on several databases, one by goose's Provider, one
# by gooseplus, one by both in turns: each step, what became of it, and what it
# left.  Which steps to do is up to the *.pl beside it.
#
# What a step is: [ command, version, direction, options ].  The commands are
# those of provider/step.go, the options those of gooseplus.
#
# What is compared after each step: the answers (what was run, or the kind of
# the error), the rows of the version tables in order, and the schemas.
#
# Where goose works migration by migration and gooseplus call by call, a call
# that fails half-way leaves different things behind: goose keeps the
# migrations that came before, gooseplus nothing.  Then the database of
# gooseplus has to be as it was, and the migrations that goose kept are run on
# it one by one; after that, all has to be equal again.
#
# A deploy works migration by migration, too: it has to say and to leave what
# goose does, also when it fails.
#
# Differences that are meant to be (README, "With goose"):
# - an up-to with a version below 1 is always an error here; the Provider finds
#   out only if there is something to run;
# - no version is 0 here, where GetVersions without versioning has -1;
# - the Provider creates the version table before anything else, also for a
#   look and for a call that fails; gooseplus when a call succeeds.  No table
#   is as good as one with nothing but row 0;
# - a deploy knows what it has half done and goes on there, where goose begins
#   again; so what it has half done it is made to forget;
# - invalid indexes that goose leaves behind are dropped for it.
#
# Copyright (c) 2026, gooseplus contributors

package Steps;

use strict;
use warnings;

use Exporter qw(import);
use Interop;
use JSON::PP;
use Talk;
use Test::More;

our @EXPORT = qw(start_run stop_run do_step describe_step text_of on_all);

my $json = JSON::PP->new->canonical->allow_nonref;

# What the query of each command looks like; %s are the options.
my $ran = q{SELECT version || ' ' || direction
	|| CASE state WHEN 'applied' THEN '' ELSE ' ' || state END FROM };
my %queries = (
	'up' => "$ran gooseplus_migrate(NULL, %s)",
	'up-to' => "$ran gooseplus_up_to(:version, NULL, %s)",
	'up-by-one' => "$ran gooseplus_up_by_one(NULL, %s)",
	'down' => "$ran gooseplus_down(NULL, %s)",
	'down-to' => "$ran gooseplus_down_to(:version, NULL, %s)",
	'redo' => "$ran gooseplus_redo(NULL, %s)",
	'reset' => "$ran gooseplus_reset(NULL, %s)",
	'apply' => "$ran gooseplus_apply_version(:version, :'direction', NULL, %s)",
	'status' => q{SELECT version || ' ' || state || ' ' || source
		FROM gooseplus_status(NULL, %s) WHERE state <> 'missing'},
	'sources' => q{SELECT version || ' ' || path FROM gooseplus_sources(NULL, %s)},
	'version' => 'SELECT gooseplus_db_version(%s)',
	'versions' => q{SELECT current || ' ' || target FROM gooseplus_versions(NULL, %s)},
	'has-pending' => 'SELECT gooseplus_has_pending(NULL, %s)::text');

# The commands that a deploy has, too.
my %calls = (
	'up' => 'CALL gooseplus_deploy(options => %s)',
	'up-to' => 'CALL gooseplus_deploy(version => :version, options => %s)',
	'down-to' => 'CALL gooseplus_revert(:version, options => %s)',
	'reset' => 'CALL gooseplus_revert(0, options => %s)');

# Our errors, by SQLSTATE and message: a migration can fail with the same
# SQLSTATE.
my @kinds = (
	[ '58P01', qr/^version not found: /, 'version not found' ],
	[ '42710', qr/migration already applied$/, 'already applied' ],
	[ '42704', qr/migration not applied$/, 'not applied' ],
	[ 'P0002', qr/^no next version found$/, 'no next version' ],
	[ '55000', qr/missing \(out-of-order\) migration/, 'out of order' ],
	[ '55000', qr/has no row for version 0$/, 'no version 0' ],
	[ '22023', qr/^invalid version: /, 'invalid version' ],
	[ '22023', qr/"gooseplus\.exclude_versions"/, 'invalid version' ],
	[ '0A000', qr/when versioning is off$/, 'not without versioning' ],
	[ '58P02', qr/^duplicate migration version /, 'duplicate version' ]);

# ------------------------------------------------------------------------ runs

# A run: databases with the same migrations in "folder".  Its sides are named
# "goose", "gooseplus", "deploy" or "turns".  Whoever wants deploys in it sets
# "deploys".
sub start_run
{
	my ($name, $folder, @sides) = @_;
	my %run = (name => $name, folder => $folder, tables => {});

	foreach my $side (@sides)
	{
		my $database = database("${name}_$side");
		my $psql = start_talk('sh', '-c', 'exec psql -X -A -t -q -d "$0" 2>"$1"',
			$database, "$ENV{TMPDIR}/$database.err");
		my @command = Interop::provider_command($database, $folder, 'serve');

		ask($psql, 'SET client_min_messages = warning');
		push @{ $run{sides} },
		  {
			name => $side,
			database => $database,
			psql => $psql,
			provider => $side =~ /^(?:goose|turns)$/ ? start_talk(@command) : undef
		  };
	}
	return \%run;
}

sub stop_run
{
	my ($run) = @_;

	foreach my $side (@{ $run->{sides} })
	{
		stop_talk($side->{psql});
		stop_talk($side->{provider}) if $side->{provider};
		sql('postgres', "DROP DATABASE $side->{database}");
	}
	return;
}

# One query on all sides, for what is not a step; it has to work.
sub on_all
{
	my ($run, $query) = @_;

	foreach my $side (@{ $run->{sides} })
	{
		my ($state, $message) = ask($side->{psql}, $query);

		die "$query: $message" if $state ne '00000';
	}
	return;
}

# A step as a reader would write it.
sub describe_step
{
	my ($command, $version, $direction, $options) = @{ $_[0] };

	return join ' ', $command,
	  (grep { defined } $version, $direction),
	  map { "$_=" . $json->encode($options->{$_}) } sort keys %{ $options || {} };
}

# The options of a step, with the folder, as JSON.
sub step_options
{
	my ($run, $step) = @_;

	return {
		base_environment => '',
		directory => $run->{folder},
		%{ $step->[3] || {} }
	};
}

# ------------------------------------------------------------------------ steps

# The step by the Provider: { kind, message, lines }.
sub by_goose
{
	my ($run, $side, $step) = @_;
	my ($command, $version, $direction) = @$step;
	my %request = (command => $command, options => step_options($run, $step));
	my $talk = $side->{provider};

	$request{version} = $version + 0 if defined $version;
	$request{direction} = $direction if defined $direction;
	print { $talk->{in} } $json->encode(\%request), "\n";
	my $line = readline $talk->{out};
	die 'the Provider ended at: ' . describe_step($step) unless defined $line;
	my $answer = $json->decode($line);
	$answer->{lines} ||= [];

	# see the top of this file
	if ($command eq 'up-to' && $version < 1)
	{
		$answer = { kind => 'invalid version', lines => [] };
	}
	s/^-1 /0 / foreach $command eq 'versions' ? @{ $answer->{lines} } : ();
	# a file that goose does not take and one that the server does not
	$answer->{kind} = 'syntax' if $answer->{kind} =~ /^(?:format|42601)$/;
	return $answer;
}

# A query of gooseplus for the step, in the same form.
sub answer_of
{
	my ($side, $template, $step, $options) = @_;
	my ($command, $version, $direction) = @$step;
	my $query = sprintf $template, q(') . $json->encode($options) . q(');

	# psql has variables, but not for what sprintf has put together
	$query =~ s/:version\b/'$version'/ if defined $version;
	$query =~ s/:'direction'/'$direction'/ if defined $direction;
	my ($state, $message, @lines) = ask($side->{psql}, $query);

	return { kind => '', lines => \@lines } if $state eq '00000';
	my $kind = $state eq '42601' ? 'syntax' : $state;
	foreach my $known (@kinds)
	{
		$kind = $known->[2] if $known->[0] eq $state && $message =~ $known->[1];
	}
	return { kind => $kind, message => $message, lines => [] };
}

# The name of the history of a step.
sub history_name
{
	my ($step) = @_;

	return (($step->[3] || {})->{version_table} || 'goose_db_version') . '_history';
}

# goose keeps no texts: where it misses a file, or does not see that one has
# changed, gooseplus would know more, unless it forgets what they were.
sub forget_texts
{
	my ($side, $step) = @_;
	my $table = history_name($step);
	my ($state, $message) = ask($side->{psql}, "UPDATE $table SET version_row = NULL");

	die "$table: $message" if $state ne '00000' && $state ne '42P01';
	return;
}

# The step by a function of gooseplus.
sub by_gooseplus
{
	my ($run, $side, $step) = @_;

	forget_texts($side, $step);
	return answer_of($side, $queries{ $step->[0] }, $step,
		step_options($run, $step));
}

# The history of a step: its table, and those rows of it that are newer than
# the id, written as the Provider's lines.  A row that is half done is marked.
sub history_of
{
	my ($side, $step, $last) = @_;
	my $table = history_name($step);
	my ($state, $message, @lines) = ask($side->{psql},
		"SELECT id || ' ' || version || ' ' || direction || CASE
			WHEN outcome = 'empty' THEN ' empty' WHEN outcome <> 'failed' THEN ''
			WHEN statements > 0 OR partial THEN ' half' ELSE ' failed' END
		FROM $table WHERE event = 'migration' AND id > $last ORDER BY id");

	die "$table: $message" if $state ne '00000' && $state ne '42P01';
	return ($table, @lines);
}

# The step by a deploy.  What was run is read from the history.  If there is
# none, goose's word has to do: the version table will tell, too.
sub by_deploy
{
	my ($run, $side, $step, $wanted) = @_;
	my $options = { %{ step_options($run, $step) }, rollback_on_failure => \0 };
	my ($table, @before) = history_of($side, $step, 0);
	my ($last) = map { split / /, $_, 2 } $before[-1] || 0;
	forget_texts($side, $step);
	my $answer = answer_of($side, $calls{ $step->[0] }, $step, $options);
	my @after;

	if (exists $options->{history} && !${ $options->{history} })
	{
		$answer->{lines} = $wanted->{lines};
		return $answer;
	}
	($table, @after) = history_of($side, $step, $last);
	s/^\d+ // foreach @after;
	$answer->{lines} = [ grep { !/ (?:half|failed)$/ } @after ];
	if (grep { / half$/ } @after)
	{
		$answer->{half} = 1;
		ask($side->{psql}, "DELETE FROM $table");
	}
	return $answer;
}

# The rows of all version tables so far: a hash by table, undef if there is
# none.
sub rows_of
{
	my ($run, $side) = @_;
	my %rows;

	foreach my $table (sort keys %{ $run->{tables} })
	{
		my ($state, $message, @lines) = ask($side->{psql},
			"SELECT version_id, is_applied FROM $table ORDER BY id");

		die "$table: $message" if $state ne '00000' && $state ne '42P01';
		$rows{$table} = $state eq '00000' ? join(' ', @lines) : undef;
	}
	return \%rows;
}

# What some sides hold, as text: rows of version tables, schema, and in a run
# with deploys the rows of other tables.  A version table that is missing on one of them is left out
# of all schemas.
sub states_of
{
	my ($run, @sides) = @_;
	my @rows = map { rows_of($run, $_) } @sides;
	my @data = map { $run->{deploys} ? table_rows($_->{psql}) : '' } @sides;
	my @left_out;
	my @dumps;

	foreach my $table (keys %{ $run->{tables} })
	{
		next unless grep { !defined $_->{$table} } @rows;
		$_->{$table} = defined $_->{$table} ? $_->{$table} : '0|t' foreach @rows;
		push @left_out, "--exclude-table=$table*";
	}
	@dumps = map {
		start_command('pg_dump', '-s', '-d', $_->{database},
			'--exclude-table=*.*_history*', '--exclude-table=*.*_lock', @left_out)
	} @sides;
	return map {
		my ($status, $out, $err) = finish_command($_);
		my $rows = shift @rows;

		die "pg_dump: $err" if $status != 0;
		$out =~ s/^\\(un)?restrict .*\n//mg;
		{
			rows => join("\n", map { "$_: $rows->{$_}" } sort keys %$rows),
			schema => $out,
			data => shift @data
		};
	} @dumps;
}

# Drop the invalid indexes of a failed step, see the top of this file; a
# deploy has none.
sub drop_invalid
{
	my ($side, $who) = @_;
	my ($state, $message, @names) = ask($side->{psql},
		q{SELECT indexrelid::regclass FROM pg_index JOIN pg_class c
			ON c.oid = indexrelid WHERE NOT indisvalid AND relkind = 'i'});

	die $message if $state ne '00000';
	return is("@names", '', "$side->{name}: no invalid index")
	  if $who ne 'goose';
	ask($side->{psql}, "DROP INDEX $_") foreach @names;
	return 1;
}

# Has nothing been written in the whole server since the last call?  Then no
# schema can have changed, and reading them all again would find nothing.
sub nothing_written
{
	my ($run) = @_;
	my ($state, $message, $next) = ask($run->{sides}[0]{psql},
		'SELECT pg_snapshot_xmax(pg_current_snapshot())');
	my $last = $run->{next_transaction};

	die $message if $state ne '00000';
	$run->{next_transaction} = $next;
	return defined $last && $last eq $next;
}

# Run on a side what goose kept of a call that failed.
sub catch_up
{
	my ($run, $side, $step, $kept) = @_;

	foreach my $line (@$kept)
	{
		my ($version, $direction) = split / /, $line;
		my $answer = by_gooseplus($run, $side,
			[ 'apply', $version, $direction, $step->[3] ]);

		return fail("$side->{name} catches up: $line: $answer->{message}")
		  if $answer->{kind};
	}
	return 1;
}

# An answer in one line, as tests write it.
sub text_of
{
	my ($answer) = @_;

	return join ', ', @{ $answer->{lines} },
	  $answer->{kind} ? "ERROR $answer->{kind}" : ();
}

# Is the answer of gooseplus the one of goose?  After a call that goose did in
# part, checks that gooseplus has undone it all, and does that part.
sub compare_answers
{
	my ($run, $side, $step, $wanted, $have) = @_;
	my $name = "$side->{name}: " . describe_step($step);

	return is(text_of($have), text_of($wanted), $name)
	  unless $wanted->{kind} && @{ $wanted->{lines} };
	is($have->{kind}, $wanted->{kind}, $name) or return 0;
	my ($now) = states_of($run, $side);
	is_deeply($now, $side->{before}, "$name: undone") or return 0;
	return catch_up($run, $side, $step, $wanted->{lines});
}

# The step by a run of one transaction; what none can do is undone, and left to
# a deploy.
sub compare_atomic
{
	my ($run, $side, $step, $wanted) = @_;
	my $name = "$side->{name}: " . describe_step($step);
	my ($before) = states_of($run, $side);
	my $have = by_gooseplus($run, $side, $step);

	return is(text_of($have), text_of($wanted), $name) unless $have->{kind};
	my ($now) = states_of($run, $side);
	is_deeply($now, $before, "$name: $have->{kind}, undone") or return 0;
	return compare_deploy($run, $side, $step, $wanted);
}

# The step by a deploy, which says what goose says.
sub compare_deploy
{
	my ($run, $side, $step, $wanted) = @_;
	my $have = by_deploy($run, $side, $step, $wanted);

	return is(text_of($have), text_of($wanted),
		"$side->{name}: deploy: " . describe_step($step));
}

# The step on a side that is not the first one, by goose, by gooseplus, or by
# a deploy.
sub step_on
{
	my ($run, $side, $step, $wanted, $who) = @_;
	my $command = $step->[0];

	return is(text_of(by_goose($run, $side, $step)), text_of($wanted),
		"$side->{name}: goose: " . describe_step($step))
	  if $who eq 'goose';
	return compare_deploy($run, $side, $step, $wanted)
	  if $who eq 'deploy' && $calls{$command};
	return compare_atomic($run, $side, $step, $wanted)
	  if $run->{deploys} && $calls{$command};

	# only a failure in part needs what was there before
	($side->{before}) = states_of($run, $side)
	  if $wanted->{kind} && @{ $wanted->{lines} };
	return compare_answers($run, $side, $step, $wanted,
		by_gooseplus($run, $side, $step));
}

# Do a step on all sides; the first side is that of goose.  "by" says who does
# it on the side "turns": "goose", "gooseplus" or "deploy".  Returns goose's
# answer, undef at the first difference.
sub do_step
{
	my ($run, $step, $by) = @_;
	my ($goose, @others) = @{ $run->{sides} };
	my $table = ($step->[3] || {})->{version_table} || 'goose_db_version';
	my @states;

	$run->{tables}{$table} = 1;
	my $wanted = by_goose($run, $goose, $step);
	drop_invalid($goose, 'goose') if $wanted->{kind};
	foreach my $side (@others)
	{
		my $who = $side->{name} eq 'turns' ? $by : $side->{name};

		step_on($run, $side, $step, $wanted, $who) or return;
		next unless $wanted->{kind};
		drop_invalid($side, $who) or return;
	}
	return $wanted if nothing_written($run);
	@states = states_of($run, $goose, @others);
	foreach my $i (1 .. $#states)
	{
		foreach my $what (qw(rows schema data))
		{
			is($states[$i]{$what}, $states[0]{$what},
				"$others[$i - 1]{name}: $what after " . describe_step($step))
			  or return;
		}
	}
	return $wanted;
}

1;
