# 005_substitute.pl - thousands of generated lines through the library that
# goose substitutes variables with, and through gooseplus: the same text, and
# an error for the same lines.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Test::More;

use constant LINES => 4000;
# The same lines in each run.
use constant SEED => 20260102;

my %variables = (
	A => 'one', LONGER_NAME => '7 bytes', EMPTY => '', _u1 => 'Æ$B', B => '${A}');
my @pieces = (
	'$', '$', '{', '}', '}', '${', '${', '$$', '\\', '\\$', ':-', '-', ':?',
	'?', ':', '=', ' ', '0', '1', '-1', '-2', '12', 'x', "'", '"', 'æ',
	keys %variables, 'UNSET', '$A', '${A}', '${UNSET', '${EMPTY', '${A:1',
	'${LONGER_NAME:', '$(', '%', '!');

srand SEED;
@pieces = sort @pieces;
my @lines = map {
	'<' . join('', map { $pieces[ rand @pieces ] } 1 .. 1 + rand 9) . '>'
} 1 .. LINES;

my $file = "$ENV{TMPDIR}/substitute.$$";
open my $handle, '>:raw', $file or die "$file: $!";
print $handle map { unpack('H*', $_) . "\n" } @lines;
close $handle;

# goose's answers
my @wanted = do {
	my @arguments = map { "$_=$variables{$_}" } sort keys %variables;

	split /\n/, (run_command('sh', '-c', 'exec "$@" <"$0"', $file,
			FOLDER . '/bin/substitute', @arguments))[1];
};

# Ours: each line as the only one of a statement.
my $database = database('substitute');
my $json = join ', ',
  map { "\"$_\": \"$variables{$_}\"" } sort keys %variables;
sql($database, <<"EOF");
CREATE FUNCTION substitute(line text) RETURNS text LANGUAGE plpgsql AS \$body\$
BEGIN
	RETURN (SELECT encode(convert_to(string_agg(statement, ''), 'UTF8'), 'hex')
		FROM gooseplus_statements(
			E'-- +goose ENVSUB ON\\n-- +goose Up\\n-- +goose StatementBegin\\n'
				|| line || E'\\n-- +goose StatementEnd\\n',
			'up', '{"variables": {$json}}'));
EXCEPTION WHEN OTHERS THEN
	-- an internal error is no answer
	IF sqlstate LIKE 'XX%' THEN
		RAISE;
	END IF;
	RETURN 'error';
END \$body\$
EOF
my @got = split /\n/, sql($database, <<"EOF");
SELECT substitute(convert_from(decode(line, 'hex'), 'UTF8'))
	FROM regexp_split_to_table(rtrim(pg_read_file('$file'), E'\\n'), E'\\n')
		WITH ORDINALITY AS lines(line, number) ORDER BY number
EOF
unlink $file;

is(scalar @wanted, LINES, 'goose answered for each line');
is(scalar @got, LINES, 'and so did gooseplus');
cmp_ok(scalar(grep { $_ eq 'error' } @wanted),
	'>', LINES / 100, 'some lines are errors');
cmp_ok(scalar(grep { $_ ne 'error' } @wanted), '>', LINES / 4, 'and some are not');

my @different = grep { $got[$_] ne $wanted[$_] } 0 .. LINES - 1;

is(scalar @different, 0, 'the same answers');
foreach my $number (@different[ 0 .. ($#different > 9 ? 9 : $#different) ])
{
	my ($want, $have) = map { $_ eq 'error' ? $_ : pack 'H*', $_ }
	  ($wanted[$number], $got[$number]);

	diag "$lines[$number]: goose $want, gooseplus $have";
}

done_testing();
