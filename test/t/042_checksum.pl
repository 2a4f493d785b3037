# The checksum of a migration in the history: an edit of comments, blanks and
# line ends leaves it as it is, an edit of any token does not.
#
# Files are made at random from statements whose tokens are known, and laid out
# at random.  GOOSEPLUS_SEED repeats a run.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant EDITS => 1000;

my $seed = $ENV{GOOSEPLUS_SEED} || 1 + int(rand(2**31));
my $node = new_node('checksum');

srand($seed);
note("GOOSEPLUS_SEED=$seed");

# The checksum that a run records for a file with this text, or the error; the
# run is undone.
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION checksum_of(body text, options jsonb) RETURNS text LANGUAGE plpgsql AS '
	DECLARE
		result text;
	BEGIN
		PERFORM gooseplus_bundle_put(''edited'', ''base/00002_edited.sql'', body);
		PERFORM gooseplus_migrate(NULL, options);
		SELECT checksum INTO STRICT result FROM goose_db_version_history WHERE source = ''base/00002_edited.sql'';
		RAISE SQLSTATE ''UNDO0'';
	EXCEPTION
		WHEN SQLSTATE ''UNDO0'' THEN
			RETURN result;
		WHEN OTHERS THEN
			RETURN ''error: '' || SQLERRM;
	END';
	ALTER DATABASE postgres SET gooseplus.bundle = 'edited';
	ALTER DATABASE postgres SET client_min_messages = 'warning';
));
# the tables of the versions and of the history are there before
$node->safe_psql(
	'postgres', q(
	SELECT gooseplus_bundle_put('edited', 'base/00001_first.sql', '-- +goose Up');
	SELECT gooseplus_migrate();
));

# The checksums of these texts, in their order.
sub checksums
{
	my ($texts, $options) = @_;
	my @calls = map {
		my $hex = unpack 'H*', $_;
		"SELECT checksum_of(convert_from('\\x$hex', 'UTF8'), '"
		  . ($options || '{}') . "');"
	} @$texts;

	return split /\n/, $node->safe_psql('postgres', join "\n", @calls);
}

# ------------------------------------------------------------- statements
#
# A statement is a list of slots.  A slot is a token, or a choice of tokens or
# of lists of tokens.

my @statements = (
	[
		'SELECT', [ [], 'ALL' ], [qw(1 2 10 1.5)], [qw(+ - *)], [qw(3 4)],
		'AS', [ 'a', 'A', '"a"', '"A b"', '"A  b"' ]
	],
	[
		'SELECT',
		[
			"'one'", "'one '", "'two; three'", "'it''s'", "E'one'", "E'one\\n'",
			"N'one'", "U&'one'", "'--one'", "'\${ONE:-1}'", "'o\nne'", "'o\n ne'"
		],
		'||',
		[ "'x'", "''", '$$x$$', '$$x $$', '$q$x$q$', "'\xc3\xa4'", "'\xc3\xb6'" ]
	],
	[
		'CREATE', [ [], 'UNLOGGED' ], qw(TABLE IF NOT EXISTS), [qw(t u "T")], '(',
		'id', [qw(int bigint text)], [ [], [qw(NOT NULL)], [qw(PRIMARY KEY)] ], ',',
		'note', [ 'text', [qw{varchar ( 10 )}], [qw{varchar ( 20 )}] ], ')'
	],
	[
		'DO',
		[
			'$$ BEGIN NULL; END $$', '$$ BEGIN  NULL; END $$',
			'$b$ BEGIN NULL; END $b$', "'BEGIN NULL; END'",
			"\$\$ BEGIN\n  NULL; -- a;\nEND \$\$", "\$\$ BEGIN\n  NULL; -- b;\nEND \$\$"
		]
	],
	[
		qw{CREATE OR REPLACE FUNCTION f ( ) RETURNS int LANGUAGE sql BEGIN ATOMIC},
		'SELECT', [qw(1 2)], ';', [ [], [qw(SELECT 3 ;)] ], 'END'
	],
	[ 'SELECT', [ "B'01'", "B'10'" ], '||', [ "X'1f'", "X'1e'" ], '::', [qw(varbit bit)] ],
	[
		'SELECT', '(', 'ARRAY', '[', [qw(1 2)], ',', [qw(1 2)], ']', ')', '[', '1',
		']', [qw(= < > <>)], '1'
	],
	[ qw(SET LOCAL work_mem TO), [ "'64kB'", "'128kB'", '64', '128' ] ]);

# A statement with its slots filled: a list of the numbers of choices.
sub new_statement
{
	my $slots = $statements[ rand @statements ];

	return {
		slots => $slots,
		choices => [ map { ref $_ ? int rand @$_ : 0 } @$slots ]
	};
}

sub tokens
{
	my ($statement) = @_;
	my @choices = @{ $statement->{choices} };
	my @tokens;

	foreach my $slot (@{ $statement->{slots} })
	{
		my $choice = shift @choices;
		my $token = ref $slot ? $slot->[$choice] : $slot;

		push @tokens, ref $token ? @$token : $token;
	}
	return (@tokens, ';');
}

# A file: statements of both directions, and whether it has a transaction.
sub new_file
{
	return {
		up => [ map { new_statement() } 0 .. rand 3 ],
		down => [ map { new_statement() } 1 .. rand 3 ],
		transaction => rand() < 0.8
	};
}

# What is executed, as one text: files with the same have one checksum.
sub meaning
{
	my ($file) = @_;

	return join "\0",
	  ($file->{transaction} ? 'transaction' : 'no transaction'),
	  (map { tokens($_) } @{ $file->{up} }), 'Down',
	  (map { tokens($_) } @{ $file->{down} });
}

# Changes tokens, so that the meaning is another one.
sub edit_tokens
{
	my ($file) = @_;
	my $before = meaning($file);

	while (meaning($file) eq $before)
	{
		my $list = $file->{ rand() < 0.7 ? 'up' : 'down' };
		my $kind = rand();

		if ($kind < 0.7 && @$list)
		{
			# another choice in one place
			my $statement = $list->[ rand @$list ];
			my $place = int rand @{ $statement->{slots} };
			my $slot = $statement->{slots}[$place];

			$statement->{choices}[$place] = int rand @$slot if ref $slot;
		}
		elsif ($kind < 0.75)
		{
			splice @$list, rand @$list, 0, new_statement();
		}
		elsif ($kind < 0.8)
		{
			splice @$list, rand @$list, 1;
		}
		elsif ($kind < 0.9)
		{
			push @$list, shift @$list if @$list;
		}
		elsif ($kind < 0.95)
		{
			push @{ $file->{down} }, pop @{ $file->{up} } if @{ $file->{up} };
		}
		else
		{
			$file->{transaction} = !$file->{transaction};
		}
	}
	return;
}

# ------------------------------------------------------------------ layout

sub one_of
{
	return $_[ rand @_ ];
}

# Blanks and comments, at least a blank.
sub gap
{
	my $gap = '';

	do
	{
		$gap .= one_of(' ', ' ', '  ', "\t", "\n", " \n", "\n\n", "\f", " -- note\n",
			" --it's; \"odd\" \$\$ /*;\n", ' /* note */ ', " /* ; /* '\n*/ ;\n */ ");
	} while (rand() < 0.3);
	return $gap;
}

# Whole lines without a token.  For goose a line of blanks is none of them: a
# statement begins there.
sub lines
{
	return join '', map { one_of("\n", "-- note\n", "-- a;\n", "--\n") } 1 .. rand 3;
}

# A string constant can be cut where a line ends.
sub cut_string
{
	my ($token) = @_;

	return $token if $token !~ /^[BE]?'[\w; ]{2,}'$/ || rand() < 0.5;
	my $place = index($token, q(')) + 2 + int rand(length($token) - index($token, q(')) - 3);
	return
		substr($token, 0, $place) . q(')
	  . one_of("\n", " \n\t", " -- note\n", " -- it's\n\n  ")
	  . q(') . substr($token, $place);
}

# A statement, laid out at random; it ends where it would end anyway.
sub lay_out_statement
{
	my ($statement) = @_;
	my @tokens = tokens($statement);
	my $text = '';
	my $last = '';

	foreach my $token (@tokens)
	{
		my $needless = $last eq '' || "$last $token" =~ /^[(),;] | [(),;]$/;

		$text .= gap() unless $needless && rand() < 0.5;
		$text .= cut_string($token);
		$last = $token;
	}
	$text .= one_of('', '', ' ', ' -- note', "\t-- a;") . "\n";
	return $text if rand() < 0.8;
	return "-- +goose StatementBegin\n$text-- +goose StatementEnd\n";
}

sub lay_out
{
	my ($file) = @_;
	my $text = lines();
	my $line_ends = rand();

	$text .= "-- +goose NO TRANSACTION\n" . lines() unless $file->{transaction};
	$text .= "-- +goose Up\n";
	$text .= lines() . lay_out_statement($_) foreach @{ $file->{up} };
	$text .= lines();
	if (@{ $file->{down} } || rand() < 0.5)
	{
		$text .= "-- +goose Down\n";
		$text .= lines() . lay_out_statement($_) foreach @{ $file->{down} };
		$text .= lines();
	}
	# all lines, some, or none end as on Windows
	$text =~ s/\n/rand() < $line_ends ? "\r\n" : "\n"/ge if rand() < 0.5;
	$text =~ s/\r?\n\z// if rand() < 0.2;
	return $text;
}

# The same without any ornament.
sub lay_out_plainly
{
	my ($file) = @_;
	my $text = $file->{transaction} ? '' : "-- +goose NO TRANSACTION\n";

	$text .= "-- +goose Up\n";
	$text .= join(' ', tokens($_)) . "\n" foreach @{ $file->{up} };
	$text .= "-- +goose Down\n";
	$text .= join(' ', tokens($_)) . "\n" foreach @{ $file->{down} };
	return $text;
}

# A text for a reader of a failure: what cannot be seen is written as code.
sub shown
{
	my ($text) = @_;

	return $text =~ s/([^ -~\n])/sprintf '\\x%02x', ord $1/ger . "<end>";
}

# ----------------------------------------------------------- random edits

my @edits;

foreach my $number (1 .. EDITS)
{
	my $file = new_file();
	my %edit = (
		texts => [ lay_out_plainly($file) ],
		meanings => [ meaning($file) ]);

	edit_tokens($file) if $number % 2;
	push @{ $edit{texts} }, lay_out($file);
	push @{ $edit{meanings} }, meaning($file);
	push @edits, \%edit;
}

my @texts = map { @{ $_->{texts} } } @edits;
my @sums = checksums(\@texts);
my (%sum_of, %meaning_of, %wrong);
my @failed = grep { $sums[$_] !~ /^[0-9a-f]{64}$/ } 0 .. $#texts;

is(scalar(@failed), 0, 'each file runs and has a checksum')
  or diag("GOOSEPLUS_SEED=$seed\n$sums[$failed[0]]\n", shown($texts[$failed[0]]));
foreach my $edit (@edits)
{
	foreach my $number (0, 1)
	{
		my $meaning = $edit->{meanings}[$number];
		my $sum = shift @sums;

		$sum_of{$meaning} = $sum unless exists $sum_of{$meaning};
		$meaning_of{$sum} = $meaning unless exists $meaning_of{$sum};
		push @{ $wrong{layout} }, $edit if $sum_of{$meaning} ne $sum;
		push @{ $wrong{tokens} }, $edit if $meaning_of{$sum} ne $meaning;
	}
}
foreach my $kind ('layout', 'tokens')
{
	my $found = $wrong{$kind} || [];

	is( scalar(@$found), 0,
		$kind eq 'layout'
		? 'no edit of comments, blanks and line ends changes a checksum'
		: 'every edit of tokens does')
	  or diag("GOOSEPLUS_SEED=$seed\n", join "\n", map { shown($_) } @{ $found->[0]{texts} });
}

# ------------------------------------------------------------ chosen edits

# Are the checksums of these texts all the same, or all different?
sub compare
{
	my ($name, $same, @texts) = @_;
	my %found = map { $_ => 1 } checksums(\@texts);

	is(scalar(keys %found), $same ? 1 : @texts, $name);
	return;
}

my $up = "-- +goose Up\n";
my $both = "CREATE TABLE a ();\nCREATE TABLE b ();\n";
my $one_line = "CREATE TABLE a (); CREATE TABLE b ();\n";

compare('where statements end does not matter in one transaction', 1,
	"$up$both", "$up$one_line",
	"$up-- +goose StatementBegin\n$both-- +goose StatementEnd\n");
compare('it does without', 0, "-- +goose NO TRANSACTION\n$up$both",
	"-- +goose NO TRANSACTION\n$up$one_line", "$up$both");
compare('and where the file commits', 0, "${up}BEGIN;\n${both}COMMIT;\n",
	"${up}BEGIN;\n${one_line}COMMIT;\n");
compare('the line ends in strings and bodies are those of the file', 1,
	"${up}SELECT 'a\nb';\nDO \$\$\nBEGIN\nEND\n\$\$;\n",
	"${up}SELECT 'a\nb';\nDO \$\$\nBEGIN\nEND\n\$\$;\n" =~ s/\n/\r\n/gr);

# variables stay as they stand in the file
my $secret = "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '\${SECRET:-none}';\n";
my %found = map { $_ => 1 } checksums([$secret]),
  checksums([$secret], '{"variables": {"SECRET": "mellon"}}'),
  checksums([$secret], '{"variables": {"SECRET": "friend"}}');
is(scalar(keys %found), 1, 'the value of a variable does not matter');
compare('its name and its default do, and whether it is expanded', 0, $secret,
	$secret =~ s/SECRET/SECRETS/r, $secret =~ s/none/nobody/r,
	$secret =~ s/ENVSUB ON/ENVSUB OFF/r);

$node->stop;
done_testing();
