# Our lexer against PostgreSQL's own scanner and grammar, on thousands of
# random scripts: at each line end both must say the same about whether it is
# inside of something.
#
# Two kinds of scripts.  A soup of tokens, right or wrong, is compared with the
# scanner: open quotes, comments and parentheses.  Lists of valid commands,
# with functions that have BEGIN ATOMIC bodies, are compared with the grammar,
# at line ends where goose would cut: is what precedes a list of whole
# commands?  Where the server finds another error (junk after a number, a wrong
# escape), it has no answer, and the place is left out and counted.
#
# GOOSEPLUS_SEED repeats a run.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{GOOSEPLUS_SEED} || int(rand(2**31));
my $scripts = 2500;
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
my $folder = PostgreSQL::Test::Utils::tempdir('scanner');
my $make = `make -C "$folder" -f "$FindBin::RealBin/../modules/scanner/Makefile" PG_CONFIG="$pg_config" all 2>&1`;

die "could not build the module:\n$make" if $? != 0;
note("GOOSEPLUS_SEED=$seed");
srand($seed);

# One of the arguments.
sub pick { return $_[ int(rand(@_)) ]; }
# Between one and "most" things.
sub some
{
	my ($most, $make) = @_;

	return map { $make->() } 1 .. 1 + int(rand($most));
}

# What can be within quotes, and would mean something outside of them.
my @inner = (
	'a', ' ', ';', ";\n", "\n", '--', '/*', '*/', '(', ')', '$$', '$a$', '"',
	"''", 'END', "\xc3\xa4", "\r\n", "\t", '$1', '\\\\', "E'", '+');

sub inner
{
	my ($without) = @_;

	return join('', grep { !$without || $_ !~ $without } some(5, sub { pick(@inner) }));
}

sub string
{
	my $body = inner(qr/'/);

	return pick(
		"'$body'",
		"E'$body" . pick('', "\\'", "\\n", "\\\\", "\\';\n") . "'",
		"e'a\\'" . inner(qr/'/) . "'",
		"n'$body'",
		"N'$body'",
		"B'0" . pick('', '1', "\n", ";\n") . "'",
		"x'1F" . pick('', 'a', ";\n", '--', '/*', '\\') . "'",
		"b'0\\'",
		"X'';\n'");
}

sub continued
{
	return string() . pick(
		"\n'" . inner(qr/'|\\/) . "'",
		" \n\t'more\\\\;\n'",
		" -- note ' ;\n  'more;\n'",
		" -- ;\n--\n'more\\';\n'",
		"\n'more\\';'",
		"\n-- note \" (;\n\n'(;\n'",
		"\r'more;'",
		" /* no */ ",
		" 'not continued'",
		"\n/* ; */\n");
}

sub dollar
{
	my $tag = pick('', 'a', "\xc3\xa4", 'a1', '_', 'tag');

	return "\$$tag\$"
	  . join('', grep { $_ ne "\$$tag\$" && $_ !~ /^\$/ } some(5, sub { pick(@inner) }))
	  . pick('', '$b$', '$1', '$ta')
	  . "\$$tag\$";
}

sub comment
{
	my ($depth) = @_;

	return '/*' . inner(qr/[*]|[\/]/)
	  . ($depth < 3 && rand() < 0.4 ? comment($depth + 1) . inner(qr/[*]|[\/]/) : '')
	  . pick('', '*', '**', ' ', '/ ') . '*/';
}

sub operator
{
	return pick('+', '-', '*', '/', '<', '>', '=', '<=', '@', '|', '::', '=>',
		':=', '~', '!', '#', '^', '&', '%', '?', '`', '-+', '*@', '/-', '//', ':',
		'.', '..', ',', '[', ']')
	  . pick('', '', '', '--x;' . "\n", '/*;*/', '/*', '*/', "'a'");
}

my @soup = (
	sub { string() },
	sub { continued() },
	sub { continued() },
	sub { '"' . inner(qr/"/) . pick('', '""', 'x""') . 'x"' },
	sub { pick('U&', 'u&') . '"' . inner(qr/"|\\/) . 'd"' . pick('', " UESCAPE '!'") },
	sub { dollar() },
	sub { dollar() },
	sub { comment(0) },
	sub { '--' . inner(qr/[\r\n]/) . pick("\n", "\r", ";\n") },
	sub { operator() },
	sub { operator() },
	sub { pick('(', ')', '(', ')', ';', ";\n", "\n", "\r", "\f") },
	sub {
		pick(
			'a', 'a$b', 'a$b$', 'a$$', 'e', 'E', 'b', 'x', 'n', 'u', 'U', 'u&', "\xc3\xa4", "\xc3\xa4\$x\$",
			'select', 'begin', 'end', 'case', 'create', '_', 'xe', 'ub', 'nn');
	},
	sub { pick('1', '1.5', '.5', '1.', '1e5', '1e+5', '1..2', '12', '0', '$1', '$12', '1e-', '$', '0x1F', '1_000') . pick(' ', ' ', '', ';', ')', "\n") },
	# what is not closed, now and then
	sub { rand() < 0.1 ? pick("'", '"', '$q$', '/*', "E'", '$$', "X'", "U&'") : '' },
	sub { "U&'" . inner(qr/'|\\/) . "'" });

sub soup
{
	return join('',
		some(14, sub { pick(@soup)->() . pick('', '', ' ', ' ', "\n", ";\n") }))
	  . "\n";
}

# --- valid commands

sub expression
{
	my ($depth) = @_;

	return pick('1', 'a.end', '"x;"', "'it''s;\n'", 'E\'\\\';\'', '$$;$$', 'NULL',
		"x'1F'", 'begin') if $depth > 2 || rand() < 0.3;
	return pick(
		sub { 'CASE WHEN ' . expression($depth + 1) . " IS NULL\nTHEN "
			  . expression($depth + 1) . pick('', ' ELSE ' . expression($depth + 1)) . pick("\nEND", ' end') },
		sub { '(' . expression($depth + 1) . pick('', ' /* ; */', "\n-- ;\n") . ')' },
		sub { expression($depth + 1) . ' || ' . expression($depth + 1) },
		sub { 'f(' . expression($depth + 1) . ', ' . expression($depth + 1) . ')' },
		sub { '(SELECT ' . expression($depth + 1) . ' FROM begin AS atomic)' })->();
}

sub in_body
{
	return pick(
		sub { 'SELECT ' . expression(0) . pick('', ' AS "end"', ' AS end', ' AS case', ' FROM a, b') },
		sub { 'INSERT INTO t VALUES (' . expression(0) . ')' },
		sub { 'UPDATE t SET begin = ' . expression(0) . ' WHERE a.end' },
		sub { 'DELETE FROM t AS atomic' },
		sub { "\n" })->() . pick(';', ";\n", ";\n\n", "; -- x;\n", " ; /* END; */\n");
}

sub with_body
{
	my @header = (
		pick('CREATE FUNCTION', 'create function', 'CREATE OR REPLACE FUNCTION', "Create\nor replace\nprocedure", "CREATE /* ; */ PROCEDURE"),
		pick('f', 'begin', 'app.f', '"atomic"'),
		pick('()', '(a int)', "(a int DEFAULT\n1, begin text DEFAULT ';')", '(OUT begin int)', '(begin atomic)'));
	my $function = $header[0] =~ /function/i;

	push @header, pick('RETURNS int', 'RETURNS TABLE (a int, b text)', 'RETURNS SETOF t') if $function && $header[2] !~ /OUT/;
	push @header, 'LANGUAGE sql', pick('', 'SECURITY DEFINER', "SET x = 'begin'", "-- BEGIN ATOMIC;\n");
	return join(' ', @header) . pick(' ', "\n")
	  . pick('BEGIN ATOMIC', "begin\n  atomic", "Begin /* ; */ Atomic", "BEGIN --;\nATOMIC")
	  . pick(' ', "\n")
	  . join('', rand() < 0.1 ? () : some(4, \&in_body))
	  . pick('END', "end", "\nEnd");
}

my @commands = (
	\&with_body, \&with_body, \&with_body,
	sub { 'SELECT ' . expression(0) },
	sub { my $tag = pick('$$', '$f$'); return "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $tag\nBEGIN\n  RETURN 1;\nEND;\n$tag" },
	sub { pick('BEGIN', 'END', 'COMMIT', 'BEGIN ISOLATION LEVEL SERIALIZABLE') },
	sub { 'CREATE TABLE t (a int, "end;" text)' },
	sub { 'CREATE FUNCTION h() RETURNS int LANGUAGE sql RETURN CASE WHEN true THEN 1 END' },
	sub { 'CREATE FUNCTION begin() RETURNS int AS \'lib\', \'begin\' LANGUAGE c' },
	sub { '' });

sub valid
{
	return join('',
		some(4, sub { pick(@commands)->() . pick(";\n", ";\n", ' ;' . "\n", ";\n\n-- x;\n", "; -- x\n") }));
}

# --- comparing

my $node = PostgreSQL::Test::Cluster->new('scanner');

$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf',
	"log_statement = none\nlog_min_messages = error\nclient_min_messages = error\n");
$node->start;
$node->safe_psql('postgres',
	"CREATE FUNCTION scanner_check(script text, conforming text) RETURNS text"
	  . " AS '$folder/scanner_check' LANGUAGE c STRICT");

sub check_sql
{
	my ($script, $conforming) = @_;

	return "SELECT scanner_check(convert_from(decode('"
	  . unpack('H*', $script)
	  . "', 'hex'), 'UTF8'), '$conforming') || ';';\n";
}

# Where do the answers differ?  Returns the offset, or undef, and counts.
# "by" is 2 for the scanner's answer, 3 for the grammar's.
sub difference
{
	my ($answer, $by, $count) = @_;

	foreach my $line (split /\n/, $answer)
	{
		my @said = split / /, $line;

		next if @said != 4 || $said[$by] eq '.';
		$count->{ $said[$by] }++;
		return $said[0] if $said[$by] ne 'e' && $said[1] ne $said[$by];
	}
	return;
}

# The script with as much as possible taken out that it still differs without.
sub minimise
{
	my ($session, $script, $conforming, $by) = @_;
	my $size = int(length($script) / 2);

	while ($size > 0)
	{
		my $at = 0;

		while ($at < length($script))
		{
			my $shorter = $script;

			substr($shorter, $at, $size) = '';
			my $answer = utf8::decode(my $copy = $shorter) && $shorter ne ''
			  ? $session->query(check_sql($shorter, $conforming))
			  : '';
			if (defined difference($answer, $by, {})) { $script = $shorter; }
			else { $at += $size; }
		}
		$size = int($size / 2);
	}
	return $script;
}

sub compare
{
	my ($name, $generator, $by, $conforming) = @_;
	my @scripts = map { $generator->() } 1 .. $scripts;
	my $sql = "SET standard_conforming_strings = $conforming;\n"
	  . join('', map { check_sql($_, $conforming) } @scripts);
	my ($status, $out, $err) = query($node, $sql);
	my @answers = split /;\n?/, $out;
	my %count = (map { $_ => 0 } 'i', '-', 'e');
	my @different;

	is(scalar(@answers), $scripts, "$name: all scripts are answered")
	  or diag($err);
	foreach my $n (0 .. $#answers)
	{
		push @different, $n if defined difference($answers[$n], $by, \%count);
	}
	is(scalar(@different), 0, "$name: no line end is seen differently");
	if (@different)
	{
		my $session = $node->background_psql('postgres', on_error_stop => 0);

		$session->query("SET standard_conforming_strings = $conforming");
		diag("GOOSEPLUS_SEED=$seed");
		foreach my $n (@different[ 0 .. ($#different > 4 ? 4 : $#different) ])
		{
			my $script = minimise($session, $scripts[$n], $conforming, $by);
			my $answer = $session->query(check_sql($script, $conforming));
			my $visible = $script =~ s/([^ -~])/sprintf('\\x%02x', ord($1))/ger;

			diag("script $n, shortest: $visible\nline ends: offset, ours, scanner's, grammar's:\n$answer");
		}
		$session->quit;
	}
	note("$name: $count{i} line ends inside, $count{'-'} outside, $count{e} left out");
	cmp_ok($count{i}, '>', $scripts / 5, "$name: many line ends are inside");
	cmp_ok($count{'-'}, '>', $scripts / 2, "$name: many are outside");
	cmp_ok($count{e}, '<', $count{i} + $count{'-'},
		"$name: most of them can be compared");
	return;
}

foreach my $conforming ('on', 'off')
{
	my ($status, undef, $err) =
	  query($node, "SET standard_conforming_strings = $conforming");

  SKIP:
	{
		skip "standard_conforming_strings = $conforming: $err", 10 if $status != 0;
		compare("soup, standard_conforming_strings $conforming",
			\&soup, 2, $conforming);
		compare("commands, standard_conforming_strings $conforming",
			\&valid, 3, $conforming);
	}
}

$node->stop;
done_testing();
