# Migration files as the operating system and people make them: permissions,
# special files, symbolic links, encodings, names, line ends, sizes.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use File::Path qw(make_path);
use GooseplusTest;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('files');
my $root = migrate_root($node);
my $outside = $node->basedir . '/outside';
my $made = 0;

# A run in a database of its own; returns psql's status, output, error output.
sub run_in_new
{
	my ($env, %options) = @_;
	my $database = 'db_' . ++$made;
	my $encoding = $options{encoding} || 'UTF8';

	$node->safe_psql('postgres',
		"CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding'");
	$node->safe_psql($database, 'CREATE EXTENSION gooseplus');
	return (
		query(
			$node,
			"\\set VERBOSITY verbose\nSET client_encoding = 'UTF8';\n"
			  . "SELECT source, state FROM gooseplus_migrate($env);",
			database => $database),
		$database);
}

# The run fails with this SQLSTATE and text, and nothing is done.
sub run_fails
{
	my ($name, $state, $pattern, %options) = @_;
	my ($status, $out, $err, $database) =
	  run_in_new($options{env} || '', %options);

	is($status, 3, "$name: the run fails");
	like($err, qr/ERROR:  $state: /, "$name: with SQLSTATE $state");
	like($err, $pattern, "$name: and says why");
	is( $node->safe_psql($database,
			"SELECT to_regclass('one') IS NULL, to_regclass('goose_db_version') IS NULL"),
		't|t',
		"$name: and leaves nothing");
	return;
}

# The run applies these files; returns the database.
sub run_works
{
	my ($name, $sources, %options) = @_;
	my ($status, $out, $err, $database) =
	  run_in_new($options{env} || '', %options);

	is($out, join("\n", map { "$_|applied" } @$sources), $name) or diag($err);
	return $database;
}

my $one = 'CREATE TABLE one (id int);';

# --- permissions

write_files($node, 'base/00001_one.sql' => $one, 'base/00002_two.sql' => 'SELECT 2;');
chmod 0, "$root/base/00002_two.sql" or die $!;
run_fails('unreadable file', '42501',
	qr{could not open file ".*base/00002_two.sql": Permission denied});
my (undef, $out, undef) = query($node,
	"SELECT source, severity FROM gooseplus_validate()");
is($out, 'base/00002_two.sql|error', 'validate finds it');
($out) = $node->safe_psql('postgres', 'SELECT count(*) FROM gooseplus_status()');
is($out, 2, 'status needs only its name');
chmod 0600, "$root/base/00002_two.sql" or die $!;

chmod 0, "$root/base" or die $!;
run_fails('unreadable folder', '42501',
	qr{could not (open|access) directory ".*base": Permission denied});
foreach my $function ('status', 'has_pending', 'sources', 'validate', 'versions')
{
	my ($status, undef, $err) = query($node, "SELECT gooseplus_$function()");

	like($err, qr/Permission denied/, "unreadable folder: $function fails, too");
}
chmod 0700, "$root/base" or die $!;

make_path("$root/production");
chmod 0, "$root/production" or die $!;
run_fails('unreadable environment folder', '42501',
	qr/Permission denied/, env => "'production'");
chmod 0700, "$root/production" or die $!;

chmod 0, $root or die $!;
run_fails('unreadable root', '42501', qr/Permission denied/);
chmod 0700, $root or die $!;
run_works('all of it is readable again',
	[ 'base/00001_one.sql', 'base/00002_two.sql' ]);

# --- special files

clear_files($node);
write_files($node, 'base/00001_one.sql' => $one);
mkfifo("$root/base/00002_fifo.sql", 0600) or die $!;
run_fails('fifo', '42809',
	qr{".*base/00002_fifo.sql" is not a regular file});
(undef, $out, undef) =
  query($node, "SELECT source, severity FROM gooseplus_validate()");
is($out, 'base/00002_fifo.sql|error', 'validate finds the fifo, and does not wait');
unlink "$root/base/00002_fifo.sql" or die $!;
mkdir "$root/base/00003_folder.sql" or die $!;
run_fails('folder named like a migration', '42809',
	qr{".*base/00003_folder.sql" is not a regular file});
rmdir "$root/base/00003_folder.sql" or die $!;

# --- symbolic links

clear_files($node);
write_raw("$root/base/..2026_01_01/00001_one.sql", "-- +goose Up\n$one\n");
write_raw("$root/base/..2026_01_01/00002_two.sql", "-- +goose Up\nSELECT 2;\n");
symlink '..2026_01_01', "$root/base/..data" or die $!;
symlink "..data/$_", "$root/base/$_" or die $!
  foreach '00001_one.sql', '00002_two.sql';
run_works('mounted config map', [ 'base/00001_one.sql', 'base/00002_two.sql' ]);

# the whole directory a link, as when a release is switched
rename $root, "$root.1" or die $!;
symlink "$root.1", $root or die $!;
run_works('root that is a link',
	[ 'base/00001_one.sql', 'base/00002_two.sql' ]);
unlink $root or die $!;
rename "$root.1", $root or die $!;

clear_files($node);
write_raw("$outside/00002_out.sql", "-- +goose Up\nSELECT 'secret outside';\n");
write_files($node, 'base/00001_one.sql' => $one);
symlink "$outside/00002_out.sql", "$root/base/00002_out.sql" or die $!;
run_fails('file that links to the outside', '42501',
	qr{"\S*base/00002_out.sql" leads out of the directory of migrations});
unlink "$root/base/00002_out.sql" or die $!;

# a root whose name only begins like the real one's
write_raw("$root.other/00002_out.sql", "-- +goose Up\nSELECT 'secret';\n");
symlink "$root.other/00002_out.sql", "$root/base/00002_out.sql" or die $!;
run_fails('file that links to a neighbour of the root', '42501',
	qr/leads out of the directory/);
unlink "$root/base/00002_out.sql" or die $!;

symlink $outside, "$root/production" or die $!;
run_fails('environment folder that links to the outside', '42501',
	qr{"\S*migrations/production" leads out of the directory},
	env => "'production'");
foreach my $function ('status', 'sources', 'validate')
{
	my (undef, undef, $err) =
	  query($node, "SELECT gooseplus_$function('production')");

	like($err, qr/leads out of the directory/, "$function refuses it, too");
}
unlink "$root/production" or die $!;

symlink 'nowhere.sql', "$root/base/00003_gone.sql" or die $!;
run_fails('link to nothing', '58P01',
	qr{could not access file "\S*base/00003_gone.sql": No such file});

# --- the root

run_fails(
	'missing root', '58P01',
	qr{could not find the directory of migrations "/nonexistent/root"},
	env => q(NULL, '{"directory": "/nonexistent/root"}'));
run_fails(
	'root that is a file', '42809',
	qr{"\S*00002_out.sql"\S* is not a directory|Not a directory},
	env => qq(NULL, '{"directory": "$outside/00002_out.sql"}'));

# --- bytes

clear_files($node);
write_files($node, 'base/00001_one.sql' => $one);
write_raw("$root/base/00002_latin.sql",
	"-- +goose Up\nSELECT 'a';\nSELECT 'gr\xfc\xdfe';\n");
run_fails('file that is not UTF-8', '22021',
	qr{invalid byte 0xfc .*CONTEXT:  base/00002_latin\.sql:3:11\n}s);

write_raw("$root/base/00002_latin.sql", "-- +goose Up\nSELECT 'f\xc3\xbcr\x00';\n");
run_fails('null byte', '22021',
	qr{null byte in a migration file.*CONTEXT:  base/00002_latin\.sql:2:12\n}s);

write_raw("$root/base/00002_latin.sql", "-- +goose Up\nSELECT 1; -- \xe2\x82");
run_fails('file that ends within a character', '22021',
	qr{invalid byte 0xe2 .*CONTEXT:  base/00002_latin\.sql:2:14\n}s);

clear_files($node);
write_raw("$root/base/00001_mark.sql", "\xef\xbb\xbf-- +goose Up\n$one\n");
run_works('byte order mark', ['base/00001_mark.sql']);

clear_files($node);
write_raw("$root/base/00001_crlf.sql",
	"-- +goose Up\r\nCREATE TABLE one (note text);\r\n"
	  . "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS \$\$\r\nBEGIN\r\n"
	  . "  RETURN 'x';\r\nEND;\r\n\$\$;\r\nINSERT INTO one VALUES (f());\r\n"
	  . "-- +goose Down\r\nDROP TABLE one;\r\n");
my $database = run_works('CRLF', ['base/00001_crlf.sql']);
is($node->safe_psql($database, 'SELECT note FROM one'),
	'x', 'CRLF: all statements ran');
write_raw("$root/base/00002_wrong.sql",
	"-- +goose Up\r\nSELECT 1;\r\nSELECT 1 + nothing;\r\n");
run_fails('CRLF', '42703', qr{statement 2 at base/00002_wrong\.sql:3:12\n});

clear_files($node);
write_raw("$root/base/00001_end.sql", "-- +goose Up\nCREATE TABLE one (id int);");
run_works('no newline at the end', ['base/00001_end.sql']);

# --- a database in another encoding

clear_files($node);
write_files($node,
	'base/00001_one.sql' =>
	  "CREATE TABLE one (note text);\nINSERT INTO one VALUES ('gr\xc3\xbc\xc3\x9fe');\n");
$database = run_works('LATIN1', ['base/00001_one.sql'], encoding => 'LATIN1');
is( $node->safe_psql($database, "SELECT length(note), convert_to(note, 'LATIN1') FROM one"),
	'5|\x6772fcdf65',
	'LATIN1: umlauts arrive as one byte each');
write_files(
	$node,
	'base/00002_euro.sql' =>
	  "SELECT 1;\nSELECT '\xc3\xbc \xe2\x82\xac';",
	'base/00003_three.sql' => 'SELECT 3;');
run_fails(
	'LATIN1: character without equivalent', '22P05',
	qr{character U\+20AC has no equivalent in encoding "LATIN1".*CONTEXT:  base/00002_euro\.sql:3:11\n}s,
	encoding => 'LATIN1');
write_files($node,
	'base/00002_euro.sql' => "SELECT 1;\nSELECT '\xc3\xbc', nothing;");
run_fails(
	'LATIN1: place of an error after an umlaut', '42703',
	qr{statement 2 at base/00002_euro\.sql:3:13\n},
	encoding => 'LATIN1');

# --- names

clear_files($node);
write_files($node, "base/00001_gr\xc3\xb6\xc3\x9fe.sql" => $one);
run_works('name beyond ASCII', ["base/00001_gr\xc3\xb6\xc3\x9fe.sql"]);
run_works(
	'name beyond ASCII, LATIN1',
	["base/00001_gr\xc3\xb6\xc3\x9fe.sql"],
	encoding => 'LATIN1');
write_files($node, "base/00002_\xe6\x95\xb0.sql" => 'SELECT 2;');
run_works('Chinese name',
	[ "base/00001_gr\xc3\xb6\xc3\x9fe.sql", "base/00002_\xe6\x95\xb0.sql" ]);
run_fails('name without equivalent', '22021',
	qr/name of a migration file cannot be used/,
	encoding => 'LATIN1');
unlink "$root/base/00002_\xe6\x95\xb0.sql" or die $!;
write_files($node, "base/00002_\xfc.sql" => 'SELECT 2;');
run_fails('name that is not UTF-8', '22021',
	qr/name of a migration file cannot be used/);

clear_files($node);
write_files(
	$node,
	'base/00001_one.sql' => $one,
	'base/README.md' => 'text',
	'base/00002_two.sql.bak' => 'text',
	'base/.00003_hidden.sql' => 'text',
	'base/seed.sql' => 'text');
run_works('other names are left alone', ['base/00001_one.sql']);

# --- sizes

clear_files($node);
write_raw("$root/base/00001_line.sql",
	"-- +goose Up\nCREATE TABLE one (note text);\nINSERT INTO one VALUES ('"
	  . 'x;' x (4 * 1024 * 1024)
	  . "');\nINSERT INTO one VALUES ('short');\n");
$database = run_works('a line of 8 MiB', ['base/00001_line.sql']);
is($node->safe_psql($database, 'SELECT length(note) FROM one'),
	8 * 1024 * 1024 . "\n5", 'a line of 8 MiB arrives whole');

SKIP:
{
	skip 'this system does not tell the peak memory of a process', 2
	  unless defined memory_peak($$);

	my $session = $node->background_psql($database);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe('SET client_min_messages = warning');

	# each is like the first, but too long to be worth knowing that
	my $first = "INSERT INTO one VALUES ('y');\n";
	my $small = $first =~ s/y/'y' x 2100/er;
	my $statements = int(60 * 1024 * 1024 / length($small));
	my $before;
	my $size;

	# a first run, so that caches are filled and what remains is the file's
	write_files($node, 'base/00002_small.sql' => $small);
	$session->query_safe('SELECT gooseplus_migrate()');
	$before = memory_peak($pid);
	write_raw("$root/base/00003_big.sql",
		"-- +goose Up\n$first" . $small x $statements);
	$size = int((-s "$root/base/00003_big.sql") / 1024);
	is($session->query_safe('SELECT statements FROM gooseplus_migrate()'),
		$statements + 1, 'a file of 60 MB');

	my $grown = memory_peak($pid) - $before;

	note("a file of $size kB raised the peak by $grown kB");
	cmp_ok($grown, '<', 1.25 * $size,
		'its run takes little more than its size in memory');
	$session->quit;
}

$node->stop;
done_testing();
