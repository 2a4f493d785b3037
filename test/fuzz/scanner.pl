# scanner.pl - what fuzzing has found, before the server's own scanner and
# grammar: at each line end both must say the same about whether it is inside
# of something.
#
# FUZZ_TEXTS says where it is, with colons between: a folder holds SQL texts,
# which are asked about with both values of standard_conforming_strings; a file
# the statements that target_goose.c writes: the value, and hexadecimal digits.  Where the server finds another
# error it has no answer.  See test/t/009_scanner.pl, which makes its texts
# itself, and test/modules/scanner, which asks.
#
# FUZZ_SECONDS is how long to go on (a part of a second, too); which texts are
# asked about, if there is no time for all, depends on GOOSEPLUS_SEED.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use Test::More;
use Time::HiRes qw(time);

# Texts in one call of psql.
use constant AT_ONCE => 250;

my $seconds = $ENV{FUZZ_SECONDS} || 2;
my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**31));
my $folder = tempdir(CLEANUP => 1);
my $module = "$FindBin::RealBin/../modules/scanner/Makefile";
my $make = `make -C "$folder" -f "$module" PG_CONFIG="$ENV{PG_CONFIG}" all 2>&1`;

die "could not build the module:\n$make" if $? != 0;

sub slurp
{
	my ($file) = @_;

	open my $handle, '<:raw', $file or die "$file: $!";
	local $/;
	return scalar(<$handle>) // '';
}

# Runs SQL; returns what it printed.
sub psql
{
	my ($sql) = @_;

	open my $file, '>', "$folder/in" or die $!;
	print $file "SET log_min_messages = error; SET escape_string_warning = off;\n$sql";
	close $file or die $!;
	return scalar `psql -XAtq -f "$folder/in" 2>"$folder/err"`;
}

# What the server says of texts, each with its value of the setting.
sub ask
{
	return split /;\n/, psql(join '', map {
			"SET standard_conforming_strings = $_->[0];\n"
			  . "SELECT scanner_check(convert_from(decode('"
			  . unpack('H*', $_->[1])
			  . "', 'hex'), 'UTF8'), '$_->[0]') || ';';\n"
		} @_);
}

# Where do both differ?  Returns the offset, or undef, and counts.
sub difference
{
	my ($answer, $text, $count) = @_;

	foreach my $line (split /\n/, $answer)
	{
		my ($offset, $ours, $scanner, $grammar) = split / /, $line;

		next unless defined $grammar;
		$count->{$scanner}++;
		next if $scanner eq 'e';
		# The scanner does not know BEGIN ATOMIC, the grammar does.  But it is
		# also asked where the semicolon is in a comment, as in "SELECT--;":
		# goose cuts there.
		my ($line) = substr($text, 0, $offset) =~ /([^\n]*)\n?\z/;
		my $body = $text =~ /atomic/i && $line !~ /--/;

		return $offset
		  if $ours eq '-'
		  ? $scanner eq 'i' || ($grammar eq 'i' && $body)
		  : $scanner eq '-' && ($grammar eq '-' || $text !~ /atomic/i);
	}
	return;
}

# A text with as much as possible taken out that it still differs without.
sub minimise
{
	my ($conforming, $text) = @_;
	my $tries = 500;

	for (my $size = int(length($text) / 2); $size > 0; $size = int($size / 2))
	{
		my $at = 0;

		while ($at < length($text) && $tries-- > 0)
		{
			my $shorter = $text;

			substr($shorter, $at, $size) = '';
			my ($answer) = ask([ $conforming, $shorter ]);
			if (defined difference($answer // '', $shorter, {})) { $text = $shorter; }
			else { $at += $size; }
		}
	}
	return $text;
}

# --- the texts, each once: the server takes no null bytes, and UTF-8 only

my %known;

sub add
{
	my ($conforming, $text) = @_;
	my $copy = $text;

	$text =~ tr/\0/\n/;
	$known{"$conforming $text"} = [ $conforming, $text ]
	  if $text ne '' && utf8::decode($copy);
	return;
}

foreach my $from (split /:/, $ENV{FUZZ_TEXTS} || '')
{
	if (-d $from)
	{
		foreach my $file (glob "$from/*")
		{
			add($_, slurp($file)) foreach qw(on off);
		}
	}
	elsif (-e $from)
	{
		my $lines = slurp($from);

		add($1, pack('H*', $2)) while $lines =~ /^(on|off) ([0-9a-f]+)$/mg;
	}
}

psql('DROP FUNCTION IF EXISTS scanner_check; CREATE FUNCTION'
	  . ' scanner_check(script text, conforming text) RETURNS text'
	  . " AS '$folder/scanner_check' LANGUAGE c STRICT");
psql('SET standard_conforming_strings = off');
if (-s "$folder/err")
{
	delete @known{ grep { /^off/ } keys %known };
	SKIP: { skip 'standard_conforming_strings is always on', 1; }
}

srand($seed);
my @texts = map { $_->[1] } sort { $a->[0] <=> $b->[0] || $a->[2] cmp $b->[2] }
  map { [ rand, $known{$_}, $_ ] } sort keys %known;
my $end = time + $seconds;
my $asked = 0;
my %count = map { $_ => 0 } qw(i - e);
my @different;

while ($asked < @texts && (time < $end || $asked == 0))
{
	my $last = $asked + AT_ONCE - 1;
	my @some = @texts[ $asked .. ($last > $#texts ? $#texts : $last) ];
	my @answers = ask(@some);

	if (@answers != @some)
	{
		fail('the server answers for each text') or diag(slurp("$folder/err"));
		last;
	}
	foreach my $n (0 .. $#some)
	{
		push @different, $some[$n]
		  if defined difference($answers[$n], $some[$n][1], \%count);
	}
	$asked += @some;
}

is(scalar @different, 0, 'no line end is seen differently');
foreach my $one (@different[ 0 .. ($#different > 4 ? 4 : $#different) ])
{
	my ($conforming, $text) = @$one;

	$text = minimise($conforming, $text);
	diag("standard_conforming_strings $conforming, shortest, as hex: "
		  . unpack('H*', $text) . "\n"
		  . ($text =~ s/([^ -~\n])/sprintf('\\x%02x', ord($1))/ger)
		  . "\nline ends: offset, ours, the scanner's, the grammar's:\n"
		  . (ask([ $conforming, $text ]))[0]);
}
psql('DROP FUNCTION scanner_check');
cmp_ok($count{i}, '>', 0, 'some line ends are inside');
cmp_ok($count{'-'}, '>', 0, 'some are outside');
if ($ENV{FUZZ_FIGURES})
{
	open my $file, '>', $ENV{FUZZ_FIGURES} or die $!;
	print $file "# scanner: $asked of " . scalar(@texts) . " texts asked about;"
	  . " $count{i} line ends inside, $count{'-'} outside, $count{e} without an answer\n";
}
done_testing();
