# Databases whose encoding does not count characters as UTF-8 does: in
# EUC_JIS_2004 some pairs of Unicode are one character, wherever a file is cut
# while it is checked; in SQL_ASCII each byte is a character, also in the
# positions of errors.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('encodings');
my $chunk = 64 * 1024;
my $pair = "\xe3\x81\x8b\xe3\x82\x9a";    # U+304B U+309A in UTF-8
my ($status, $out, $err);

foreach my $encoding ('EUC_JIS_2004', 'SQL_ASCII')
{
	$node->safe_psql('postgres',
		"CREATE DATABASE \"$encoding\" ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($encoding, 'CREATE EXTENSION gooseplus');
}

# Runs a file that makes a table of one text, of that many pairs.
sub pairs_are_kept
{
	my ($name, $text, $pairs) = @_;

	clear_files($node);
	write_files($node, 'base/00001_word.sql' => $text);
	($status, $out, $err) = query(
		$node, q(
		SET client_min_messages = warning;
		SELECT state FROM gooseplus_migrate();
		SELECT octet_length(w), convert_to(w, 'UTF8') = convert_to(repeat(left(w, 1), length(w)), 'UTF8'),
			encode(convert_to(left(w, 1), 'UTF8'), 'hex') FROM word;
		DROP TABLE word, goose_db_version), database => 'EUC_JIS_2004');
	is($out, "applied\n" . 2 * $pairs . '|t|e3818be3829a',
		"EUC_JIS_2004, $name: two of Unicode become one character")
	  or diag($err);
	return;
}

# the first half of the pair ends where the first chunk does
my $head = "-- +goose Up\n";
my $create = "CREATE TABLE word AS SELECT '";

while ((my $left = $chunk - length("$head$create") - 3) > 0)
{
	$head .= '-' x (($left < 120 ? $left : 60) - 1) . "\n";
}
die 'the pair is not at the end of the chunk'
  unless substr("$head$create$pair", $chunk - 3) eq $pair;
pairs_are_kept('lines', "$head$create$pair'::text AS w;\n", 1);

# wherever a long line is cut
pairs_are_kept('one long line',
	"-- +goose Up\n$create" . $pair x 100_000 . "'::text AS w;\n", 100_000);

# and data of COPY, which go another way, whatever the client's encoding is
pairs_are_kept('data',
	"-- +goose Up\nCREATE TABLE word (w text);\nSET client_encoding = 'SQL_ASCII';\n"
	  . "COPY word FROM stdin;\n" . $pair x 100_000 . "\n\\.\n", 100_000);

# wherever the server's buffers end: lines whose pairs begin at any distance
# from there
my $word = $pair x 20_001;

clear_files($node);
write_files($node,
	'base/00001_word.sql' => "-- +goose Up\nCREATE TABLE word (shift int, w text);\n"
	  . "COPY word FROM stdin;\n"
	  . join('', map { "$_\t" . 'a' x $_ . "$word\n" } 1 .. 9)
	  . "\\.\n");
($status, $out, $err) = query(
	$node, q(
	SET client_min_messages = warning;
	SELECT state FROM gooseplus_migrate();
	SELECT count(*), bool_and(convert_to(w, 'UTF8') =
		convert_to(repeat('a', shift), 'UTF8') || decode(repeat('e3818be3829a', 20001), 'hex'))
		FROM word;
	DROP TABLE word, goose_db_version), database => 'EUC_JIS_2004');
is($out, "applied\n9|t", 'EUC_JIS_2004, data: at any place') or diag($err);

# --- where an error is

clear_files($node);
write_files($node,
	'base/00001_place.sql' => "SELECT '" . "\xc3\xa4" x 30 . "',\n  1, nope,\n  2;");

my %place;

foreach my $database ('postgres', 'SQL_ASCII')
{
	($status, $out, $err) =
	  query($node, 'SELECT gooseplus_migrate()', database => $database);
	is($status, 3, "$database: the run fails");
	($place{$database}) =
	  $err =~ /CONTEXT:  statement 1 at base\/00001_place\.sql:(\d+:\d+)$/m;
}
is($place{postgres}, '3:6', 'UTF8: the error has its place');
is($place{SQL_ASCII}, '3:6', 'SQL_ASCII: the error has the same place');

$node->stop;
done_testing();
