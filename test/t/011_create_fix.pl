# gooseplus_create and gooseplus_fix: files that the server makes and renames.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use File::Path qw(make_path);
use GooseplusTest;
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('create_fix');
my $root = migrate_root($node);
my $made = 0;

# Runs SQL with the SQLSTATE of errors in view; see query().
sub run
{
	my ($sql, %options) = @_;

	return query($node, "\\set VERBOSITY verbose\n$sql", %options);
}

# The statement fails with this SQLSTATE and text.
sub fails
{
	my ($name, $sql, $state, $pattern, %options) = @_;
	my ($status, undef, $err) = run($sql, %options);

	is($status, 3, "$name: fails");
	like($err, qr/ERROR:  $state: /, "$name: SQLSTATE $state");
	like($err, $pattern, "$name: and says why");
	return;
}

# The files below the root, sorted.
sub files
{
	return join ' ', sort map { s,^\Q$root\E/,,r } glob("$root/*/* $root/*.sql");
}

# Each file below the root with its text.
sub contents
{
	return join "\n", map { "$_: " . slurp_file("$root/$_") } split / /, files();
}

# A new database with the extension; returns its name.
sub new_database
{
	my $database = 'db_' . ++$made;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION gooseplus');
	return $database;
}

# --- create: the next number

my $path = $node->safe_psql('postgres',
	"SELECT gooseplus_create('Add Orders', sequential => true)");
is($path, 'base/00001_add_orders.sql', 'create: the first number');
is(files(), $path, 'create: the file is there');

my $template = slurp_file("$root/$path");
like(
	$template,
	qr/\A-- \+goose Up\n[^\n]*;\n\n-- \+goose Down\n[^\n]*;\n\z/,
	'create: the template has an Up and a Down part with one statement each');
is( $node->safe_psql('postgres',
		'SELECT version, statements FROM gooseplus_migrate()'
		  . ' UNION ALL SELECT version, statements FROM gooseplus_reset()'),
	"1|1\n1|1",
	'create: the new file runs up and down');
is((stat "$root/$path")[2] & 0777, 0644, 'create: everybody may read it');

foreach my $case (
	[ 'add-orders.v2/now', 'add_orders_v2_now' ],
	[ '  many   words  ', 'many_words' ],
	[ 'one at the end!', 'one_at_the_end_' ],
	[ '../../outside', 'outside' ],
	[ "gr\xc3\xb6\xc3\x9fe", "gr\xc3\xb6\xc3\x9fe" ],
	[ '007', '007' ])
{
	my ($name, $file) = @$case;
	my $number = sprintf '%05d', 2 + $made++;

	is( $node->safe_psql('postgres',
			"SELECT gooseplus_create('$name', sequential => true)"),
		"base/${number}_$file.sql",
		"create: \"$name\"");
	ok(-f "$root/base/${number}_$file.sql", "create: \"$name\" is on the disk");
}

# the next number is free in all environments; timestamps do not count
clear_files($node);
write_files(
	$node,
	'base/00003_three.sql' => 'SELECT 3;',
	'production/00041_high.sql' => 'SELECT 41;',
	'base/20240101000000_time.sql' => 'SELECT 1;',
	'base/notes.sql' => 'SELECT 0;');
is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)"),
	'base/00042_x.sql',
	'create: the number after the highest of all environments');
is( $node->safe_psql('postgres',
		"SELECT gooseplus_create('x', 'production', true)"),
	'production/00043_x.sql',
	'create: in an environment');
write_files($node, 'base/123456_wide.sql' => 'SELECT 1;');
is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)"),
	'base/123457_x.sql',
	'create: more than five digits');
# registered functions have versions, too
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
	SELECT gooseplus_register(123458, 'fill()', env => 'production');));
is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)"),
	'base/123459_x.sql',
	'create: the number after the highest registered function');
$node->safe_psql('postgres', "SELECT gooseplus_unregister(123458, 'production')");
write_files($node, 'base/9223372036854775807_last.sql' => 'SELECT 1;');
my $before = files();
my ($status) = run("SELECT gooseplus_create('x', sequential => true)");
is($status, 3, 'create: there is no number after the last one');
is(files(), $before, 'create: and no file is made');

# --- create: the time, in UTC

clear_files($node);
foreach my $zone ('UTC', 'Pacific/Kiritimati', 'America/Los_Angeles')
{
	clear_files($node);
	my $from = strftime('%Y%m%d%H%M%S', gmtime);
	my $label = $node->safe_psql('postgres',
		"SET timezone = '$zone'; SELECT gooseplus_create('In $zone')");
	my $to = strftime('%Y%m%d%H%M%S', gmtime);

	like($label, qr{^base/\d{14}_in_}, "create: a timestamp, in $zone");
	my ($time) = $label =~ /(\d+)/;
	ok($from <= $time && $time <= $to, "create: it is UTC, in $zone")
	  or diag("$from <= $time <= $to");
	is(slurp_file("$root/$label"), $template, "create: the template, in $zone");
}
is($node->safe_psql('postgres', "SELECT gooseplus_create('x', NULL, NULL)") =~
	  /\d{14}_x/ ? 1 : 0, 1, 'create: sequential null means no');

# no base folder
make_path("$root/flat");
is( $node->safe_psql('postgres',
		"SELECT gooseplus_create('x', sequential => true,"
		  . qq( options => '{"directory": "$root/flat", "base_environment": ""}'\))),
	'00001_x.sql',
	'create: without folders the root is the place');
ok(-f "$root/flat/00001_x.sql", 'create: and there it is');

# --- create: what it refuses

clear_files($node);
# the names that the next minute can give
my $now = time;
write_files($node,
	map { 'base/' . strftime('%Y%m%d%H%M%S', gmtime($now + $_)) . '_mine.sql' => 'SELECT 1;' }
	  0 .. 60);
$before = contents();
my $free = $node->safe_psql('postgres', "SELECT gooseplus_create('mine')");
is( $free,
	'base/' . strftime('%Y%m%d%H%M%S', gmtime($now + 61)) . '_mine.sql',
	'create: the next second that no file has');
unlink("$root/$free") or die "could not remove $free: $!";
is(contents(), $before, 'create: no file is overwritten');

clear_files($node);
fails('create: no letter or digit', "SELECT gooseplus_create(' .!')",
	'22023', qr/needs a letter or digit/);
fails('create: no name', 'SELECT gooseplus_create(NULL)', '22023', qr/needs a letter or digit/);
fails('create: several environments',
	"SELECT gooseplus_create('x', 'a,b')", '22023', qr/one environment/);
fails('create: no folder', "SELECT gooseplus_create('x', 'nowhere')",
	'58P01', qr/environment "nowhere" has no folder/);
fails('create: a path', "SELECT gooseplus_create('x', '../base')",
	'22023', qr/invalid name of an environment/);
fails('create: name too long for a file',
	"SELECT gooseplus_create(repeat('x', 300))", '.....', qr/could not create file/);
symlink '/tmp', "$root/leads_out" or die $!;
fails('create: a folder that leads out of the root',
	"SELECT gooseplus_create('x', 'leads_out')", '42501', qr/outside/);
unlink "$root/leads_out" or die $!;
chmod 0500, "$root/base" or die $!;
fails('create: a folder that is closed', "SELECT gooseplus_create('x')",
	'42501', qr/could not create file "\S*": Permission denied/);
chmod 0700, "$root/base" or die $!;
is(files(), '', 'create: none of these made a file');

# --- rights

$node->safe_psql(
	'postgres', q(
	CREATE ROLE writer LOGIN;
	CREATE ROLE other LOGIN;
	GRANT EXECUTE ON FUNCTION gooseplus_create, gooseplus_fix TO writer, other;
	GRANT pg_write_server_files TO writer;
	GRANT SELECT, UPDATE ON goose_db_version TO writer;));
write_files($node, 'base/20240101000000_time.sql' => 'SELECT 1;');
foreach my $call ("gooseplus_create('x')", 'gooseplus_fix()')
{
	fails("a role without the right to write files: $call",
		"SELECT $call", '42501', qr/permission denied to write migration files/,
		user => 'other');
}
is(files(), 'base/20240101000000_time.sql', 'and nothing is written');
is( $node->safe_psql('postgres', "SELECT gooseplus_create('x', sequential => true)",
		extra_params => [ '-U', 'writer' ]),
	'base/00001_x.sql',
	'a role with the right may create');
is( $node->safe_psql('postgres', 'SELECT * FROM gooseplus_fix()',
		extra_params => [ '-U', 'writer' ]),
	'base/20240101000000_time.sql|base/00002_time.sql',
	'and fix');
$node->safe_psql(
	'postgres', q(
	REVOKE EXECUTE ON FUNCTION gooseplus_create, gooseplus_fix FROM writer;));
fails('a role that may write files, and not call',
	"SELECT gooseplus_create('x')", '42501', qr/permission denied for function/,
	user => 'writer');

# --- fix: the order of the versions, over all environments

sub timestamps
{
	clear_files($node);
	write_files(
		$node,
		'base/00001_one.sql' => 'SELECT 1;',
		'base/00003_three.sql' => 'SELECT 3;',
		'base/20240301000000_march_20240301000000.sql' => 'SELECT 32024;',
		'base/20240101000000_january.sql' => 'SELECT 12024;',
		'base/20240399000000_no_time.sql' => 'SELECT 0;',
		'production/20240201000000_february.sql' => 'SELECT 22024;',
		'other/20231201000000_other.sql' => 'SELECT 122023;',
		'other/00002_high.sql' => 'SELECT 2;');
	unlink "$root/base/20240399000000_no_time.sql" or die $!;
	return;
}

timestamps();
my $database = new_database();
is( $node->safe_psql($database, "SELECT * FROM gooseplus_fix('production')"),
	"base/20240101000000_january.sql|base/00004_january.sql\n"
	  . "production/20240201000000_february.sql|production/00005_february.sql\n"
	  . 'base/20240301000000_march_20240301000000.sql|base/00006_march_20240301000000.sql',
	'fix: old and new names, in order');
is( files(),
	'base/00001_one.sql base/00003_three.sql base/00004_january.sql'
	  . ' base/00006_march_20240301000000.sql other/00002_high.sql'
	  . ' other/20231201000000_other.sql production/00005_february.sql',
	'fix: the files of the environments are renamed, no others');
like(slurp_file("$root/base/00004_january.sql"), qr/12024/,
	'fix: with their text');
is($node->safe_psql($database, "SELECT * FROM gooseplus_fix('production')"),
	'', 'fix: nothing is left to do');
is( $node->safe_psql($database, "SELECT to_regclass('goose_db_version') IS NULL"),
	't', 'fix: no version table is made');
# the number is free in the other environments, too
write_files($node, 'base/20250101000000_later.sql' => 'SELECT 1;',
	'other/00100_hundred.sql' => 'SELECT 100;');
is( $node->safe_psql($database, 'SELECT * FROM gooseplus_fix()'),
	'base/20250101000000_later.sql|base/00101_later.sql',
	'fix: the number after the highest of all environments');

$node->safe_psql(
	$database, q(
	CREATE FUNCTION fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
	SELECT gooseplus_register(102, 'fill()');
	SELECT gooseplus_register(20250202000000, 'fill()');));
write_files($node, 'base/20250301000000_last.sql' => 'SELECT 1;');
is( $node->safe_psql($database, 'SELECT * FROM gooseplus_fix()'),
	'base/20250301000000_last.sql|base/00103_last.sql',
	'fix: registered functions keep their versions, and theirs are not taken');

# --- fix: what is applied keeps its name, and the client is warned

timestamps();
$database = new_database();
$node->safe_psql($database,
	q(SELECT gooseplus_up_to(20240101000000, 'production')));
my ($out, $err);
($status, $out, $err) =
  run("SELECT * FROM gooseplus_fix('production')", database => $database);
is( $out,
	"production/20240201000000_february.sql|production/00004_february.sql\n"
	  . 'base/20240301000000_march_20240301000000.sql|base/00005_march_20240301000000.sql',
	'fix: applied files are left alone');
ok(-f "$root/base/20240101000000_january.sql", 'fix: they keep their names');
like($err,
	qr/WARNING:  01000: renamed migrations are lower than the database's version 20240101000000/,
	'fix: and the client is warned');
like($err, qr/allow_out_of_order/, 'fix: and told what to do');
fails('fix: they are out of order', "SELECT gooseplus_has_pending('production')",
	'55000', qr/2 missing/, database => $database);
is( $node->safe_psql($database,
		q(SELECT version FROM gooseplus_migrate('production', '{"allow_out_of_order": true}'))),
	"4\n5",
	'fix: and can be applied so');

# --- fix: with what is applied

timestamps();
$database = new_database();
$node->safe_psql($database,
	q(SELECT gooseplus_up_to(20240101000000, 'production')));
my $rows = 'SELECT id, version_id, tstamp FROM goose_db_version ORDER BY id';
my $recorded = $node->safe_psql($database, $rows);
($status, $out, $err) = run(
	"SELECT * FROM gooseplus_fix('production', include_applied => true)",
	database => $database);
is( $out,
	"base/20240101000000_january.sql|base/00004_january.sql\n"
	  . "production/20240201000000_february.sql|production/00005_february.sql\n"
	  . 'base/20240301000000_march_20240301000000.sql|base/00006_march_20240301000000.sql',
	'fix with include_applied: all of them');
is($err, '', 'fix with include_applied: no warning');
$recorded =~ s/\|20240101000000\|/|4|/ or die;
is($node->safe_psql($database, $rows),
	$recorded, 'fix with include_applied: the record is changed, the rest of it stays');
is( $node->safe_psql($database,
		"SELECT version, state FROM gooseplus_status('production')"),
	"1|applied\n3|applied\n4|applied\n5|pending\n6|pending",
	'fix with include_applied: the status follows');
is( $node->safe_psql($database,
		"SELECT version FROM gooseplus_migrate('production')"),
	"5\n6",
	'fix with include_applied: the rest applies in order');
is($node->safe_psql($database, "SELECT count(*) FROM gooseplus_reset('production')"),
	5, 'fix with include_applied: all can be taken back');

# --- fix: all or nothing

sub fix_fails
{
	my ($name, $state, $pattern, $env) = @_;
	my $before = contents();
	my $recorded = $node->safe_psql($database, $rows);

	fails("fix: $name", "SELECT * FROM gooseplus_fix($env, include_applied => true)",
		$state, $pattern, database => $database);
	is(contents(), $before, "fix: $name: all files have their old names");
	is($node->safe_psql($database, $rows),
		$recorded, "fix: $name: the records are as before");
	return;
}

timestamps();
$database = new_database();
$node->safe_psql($database,
	q(SELECT gooseplus_up_to(20240101000000, 'production')));
# the second of three renames
chmod 0500, "$root/production" or die $!;
fix_fails('a folder that is closed', '42501',
	qr{could not rename file "production/20240201000000_february\.sql" to "production/00005_february\.sql": Permission denied.*All files have their old names}s,
	"'production'");
chmod 0700, "$root/production" or die $!;
write_files($node, 'twice/20240101000000_again.sql' => 'SELECT 1;');
fix_fails('duplicate versions', '58P02',
	qr/duplicate migration version 20240101000000/, "'twice'");
fix_fails('missing environment', '58P01', qr/environment "nowhere" has no folder/,
	"'nowhere'");

# the record of an applied file cannot be changed
$node->safe_psql($database,
	'ALTER TABLE goose_db_version ADD CHECK (version_id <> 4)');
fix_fails('a record that cannot be changed', '23514',
	qr/violates check constraint/, "'production'");

$node->stop;
done_testing();
