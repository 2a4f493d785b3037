# 001_golden.pl - goose's own parser data, read from its module: every
# statement byte for byte, the transaction flag, and every invalid file
# refused.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use File::Basename qw(basename);
use Interop;
use Test::More;

my $data = FOLDER . '/goose/internal/sqlparser/testdata';

# The environment that goose's test of substitution sets.
my $options = q('{"variables": {"GOOSE_ENV_REGION": "us_east_",
	"GOOSE_ENV_SET_BUT_EMPTY_VALUE": "", "GOOSE_ENV_NAME": "foo"}}');

# gooseplus_statements of a file: an array of [statement, transactional].  The
# server reads the file, and hexadecimal digits bring the bytes back as they
# are.
sub statements
{
	my ($file, $direction) = @_;
	my $rows = sql('postgres',
		q{SELECT encode(convert_to(statement, 'UTF8'), 'hex') || ' ' || transactional}
		  . " FROM gooseplus_statements(pg_read_file('$file'), '$direction', $options)"
		  . ' ORDER BY ordinal');

	return map { my ($hex, $flag) = split / /; [ pack('H*', $hex), $flag ] }
	  split /\n/, $rows;
}

# One test for the number of statements and one for each golden file.
sub compare
{
	my ($folder, $direction) = @_;
	my $name = join '/', (split m{/}, $folder)[ -2, -1 ];
	my @statements = statements("$folder/input.sql", $direction);
	my @golden = sort glob "$folder/*.$direction.golden.sql";

	is(scalar @statements, scalar @golden, "$name: statements $direction");
	foreach my $file (@golden)
	{
		my ($number) = basename($file) =~ /^(\d+)/;

		is($statements[ $number - 1 ][0],
			slurp($file), "$name: " . basename($file));
	}
}

sql('postgres', 'CREATE EXTENSION IF NOT EXISTS gooseplus');

my @valid = sort glob "$data/valid-up/*";
my @envsub = sort glob "$data/envsub/*";
my @invalid = sort glob "$data/invalid/up/*.sql";
my @transactions = sort glob "$data/valid-txn/*.sql";

# data that moved elsewhere must not pass for data that agrees
cmp_ok(scalar @valid, '>=', 9, 'valid files are there');
cmp_ok(scalar @envsub, '>=', 3, 'files with substitution are there');
cmp_ok(scalar @invalid, '>=', 4, 'invalid files are there');
cmp_ok(scalar @transactions, '>=', 3, 'files for the transaction flag are there');

compare($_, 'up') foreach @valid;
foreach my $folder (@envsub)
{
	compare($folder, $_) foreach qw(up down);
}

foreach my $file (@transactions)
{
	my $wanted = slurp($file) =~ /^-- \+goose NO TRANSACTION/m ? 'false' : 'true';

	foreach my $direction (qw(up down))
	{
		my @statements = statements($file, $direction);

		is_deeply(
			[ map { $_->[1] } @statements ],
			[ ($wanted) x @statements ],
			'valid-txn/' . basename($file) . ": $direction is transactional: $wanted");
	}
}

foreach my $file (@invalid)
{
	my $name = basename($file);

	ok(!eval { statements($file, 'up'); 1 }, "invalid/up/$name is refused");
	like($@, qr/ERROR: .*\n.*CONTEXT: /s, "invalid/up/$name: the error has its place");
}

done_testing();
