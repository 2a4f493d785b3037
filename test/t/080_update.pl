# A next version, made here from this one: it is installed beside clusters that
# have the extension, and ALTER EXTENSION gooseplus UPDATE brings them there.
# As long as library and extension differ, each call says so.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan(skip_all => 'the server is not a copy that may be changed; see test/run')
  unless $ENV{GOOSEPLUS_PRIVATE};

use constant DELTA => <<'END_OF_SQL';
CREATE FUNCTION gooseplus_next() RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION gooseplus_next() FROM PUBLIC;
ALTER TABLE gooseplus_bundle ADD note text;
SELECT gooseplus_db_version();
END_OF_SQL

use constant NEXT_CODE => <<'END_OF_C';
#include "api.h"
#include "extension_version.h"
#include "utils/builtins.h"

API_FUNCTION(gooseplus_next);

Datum
gooseplus_next(PG_FUNCTION_ARGS)
{
	extension_version_check();
	PG_RETURN_TEXT_P(cstring_to_text(GOOSEPLUS_VERSION));
}
END_OF_C

my $tree = "$FindBin::RealBin/../..";
my $work = PostgreSQL::Test::Utils::tempdir('update');
my ($this) = slurp_file("$tree/gooseplus.control") =~ /^default_version = '(.*)'/m;
my $next = "$this.1";
my $script = slurp_file("$tree/src/gooseplus--$this.sql");

# A tree of the next version, built: the control file has another number, the
# library one function more, and there is a script to get there.
sub build_next
{
	my $folder = "$work/tree";

	run_or_die('cp', '-a', $tree, $folder);
	unlink "$folder/src/extension_version.o", "$folder/src/gooseplus.o",
	  "$folder/gooseplus.so";
	append_to_file("$folder/src/gooseplus.c", NEXT_CODE);
	run_or_die('sed', '-i', "s/^default_version = .*/default_version = '$next'/",
		"$folder/gooseplus.control");
	run_or_die('sh', '-c', "touch $folder/src/*.o");
	write_raw("$folder/src/gooseplus--$this--$next.sql", DELTA);
	# one from before, which had no gooseplus_plan() yet
	my $plan = '';
	my $before = $script;

	while ($before =~ s/^((?:CREATE|COMMENT ON|REVOKE ALL ON) FUNCTION gooseplus_plan\(.*?;)\n//ms)
	{
		$plan .= "$1\n";
	}
	write_raw("$folder/src/gooseplus--0.9.sql", $before);
	write_raw("$folder/src/gooseplus--0.9--$this.sql", $plan);
	return $folder;
}

# Install the tree into a copy of the server.
sub install_tree
{
	my ($folder, $server) = @_;
	my @scripts = map { "src/" . s{.*/}{}r } glob("$folder/src/gooseplus--*.sql");

	run_or_die('make', '-s', '-C', $folder, "PG_CONFIG=$server->{pg_config}",
		'with_llvm=no', "DATA=@scripts", 'all', 'install');
	return;
}

# Put the library of one copy of the server into another one.
sub install_library
{
	my ($from, $to) = @_;
	my ($old, $new) = map { run_or_die("$_->{pg_config}", '--pkglibdir') =~ s/\n//r } $from, $to;

	run_or_die('cp', '--remove-destination', "$old/gooseplus.so", "$new/");
	return;
}

# A cluster of a copy of the server, with migrations and two databases.
sub new_cluster
{
	my ($name, $server, $conf) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name,
		install_path => $server->{prefix});

	$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
	node_conf($node);
	$node->append_conf('postgresql.conf', $conf) if $conf;
	write_files($node,
		'base/00001_one.sql' => 'CREATE TABLE one (id int);',
		'base/00002_two.sql' => 'CREATE TABLE two (id int);');
	$node->start;
	return $node;
}

# A message on one line, without the place in the server's source.
sub plain
{
	my ($message) = @_;

	return $message =~ s/^LOCATION.*//msr =~ s/\s+/ /gr =~ s/ $//r;
}

# The error of a call, with its SQLSTATE, on one line; empty if there is none.
sub error_of
{
	my ($node, $sql, %options) = @_;
	my (undef, undef, $err) = query($node, "\\set VERBOSITY verbose\n$sql", %options);

	return '' unless $err =~ /ERROR:  (.*)/s;
	return plain($1);
}

# What the extension consists of, and what of it is open to everybody.
sub members
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, <<'END_OF_SQL');
	SELECT pg_describe_object(classid, objid, 0) AS object,
		proacl IS NULL OR EXISTS (SELECT 1 FROM aclexplode(proacl) WHERE grantee = 0) AS public
	FROM pg_depend d LEFT JOIN pg_proc p ON p.oid = objid AND classid = 'pg_proc'::regclass
	WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'gooseplus')
	ORDER BY 1
END_OF_SQL
}

sub extension_version
{
	my ($node, $database) = @_;

	return $node->safe_psql($database || 'postgres',
		q(SELECT extversion FROM pg_extension WHERE extname = 'gooseplus'));
}

# What a call says of a library and an extension that differ.
sub differ
{
	my ($library, $extension, $hint) = @_;

	return '55000: library and extension "gooseplus" are of different versions'
	  . " DETAIL: The library that this session has loaded is of version $library,"
	  . " the extension in this database of version $extension. HINT: $hint";
}

my $update = 'Run ALTER EXTENSION gooseplus UPDATE.';
my $install = "Install the library of version $next and connect anew;"
  . ' where it is preloaded, restart the server.';
my $lacks = qr/^42883: could not find function "gooseplus_next" in file "\S+gooseplus\.so"/;
my $tree_next = build_next();

# --- from this version to the next

my $server = copy_server("$work/server");
my $node = new_cluster('update', $server);

$node->safe_psql('postgres', q(
	CREATE EXTENSION gooseplus;
	SELECT gooseplus_up_to(1);
	SELECT gooseplus_bundle_put('shop', '00001_a.sql', '-- +goose Up');
	CREATE FUNCTION down_to() RETURNS void LANGUAGE sql AS '';
	SELECT gooseplus_register(7, 'down_to()');
	CREATE ROLE deployer LOGIN;
	GRANT EXECUTE ON FUNCTION gooseplus_statements(text, text, jsonb) TO deployer;
));
$node->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE postgres")
  foreach qw(stays dumped);
my $session = $node->background_psql('postgres', on_error_stop => 0);
is($session->query('SELECT gooseplus_db_version()'), 1, 'a session has the library');

install_tree($tree_next, $server);
is($session->query('SELECT gooseplus_db_version()'),
	1, 'the next version is installed: what has the old library goes on');

# The worker loads what is on the disk, and does not run with it.
my $log = -s $node->logfile;
$session->{stderr} = '';
$session->query('SELECT gooseplus_launch()');
like($session->{stderr}, qr/ended before the deploy began/,
	'a worker would have the new library: it does not begin');
like(slurp_file($node->logfile, $log),
	qr/ERROR:  library and extension "gooseplus" are of different versions/,
	'and says why in the log');

# Every function and procedure in C, called with something for each argument.
my @calls = split /\n/, $node->safe_psql('postgres', <<'END_OF_SQL');
	SELECT format('%s %s(%s)', CASE prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, proname,
		(SELECT string_agg(format('%L::%s', CASE t
				WHEN 'bigint' THEN '1' WHEN 'text' THEN 'up' WHEN 'jsonb' THEN '{}'
				WHEN 'boolean' THEN 'f' WHEN 'interval' THEN '1 s'
				WHEN 'regprocedure' THEN 'pg_catalog.now()' END, t), ', ' ORDER BY n)
		 FROM unnest(proargtypes) WITH ORDINALITY AS a (o, n), format_type(o, NULL) AS t))
	FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE lanname = 'c' AND proname LIKE 'gooseplus%'
END_OF_SQL
cmp_ok(scalar(@calls), '>=', 26, scalar(@calls) . ' functions in C');
foreach my $call (@calls)
{
	is(error_of($node, $call), differ($next, $this, $update),
		"a new session, new library: $call");
}
is(error_of($node, 'SELECT gooseplus_statements($$-- +goose Up$$)', user => 'deployer'),
	differ($next, $this, $update), 'the same for a role without rights of its own');
is(error_of($node, q(SELECT gooseplus_bundle_put('shop', '00002_b.sql', ''))),
	'', 'a function in SQL does not mind');
is($node->safe_psql('postgres', 'SELECT count(*) FROM goose_db_version'),
	2, 'none of them has done anything');

$node->safe_psql('postgres', 'ALTER EXTENSION gooseplus UPDATE');
is(extension_version($node), $next, 'ALTER EXTENSION gooseplus UPDATE');
is($node->safe_psql('postgres', 'SELECT gooseplus_next()'), $next,
	'what is new is there');
is($node->safe_psql('postgres', q(SELECT string_agg(source, ' ') FROM gooseplus_migrate())),
	'base/00002_two.sql base/00007_down_to', 'migrations go on, registered functions too');
is($node->safe_psql('postgres', q(SELECT count(note), count(*) FROM gooseplus_bundle)),
	'0|2', 'bundles are there');
is(error_of($node, 'SELECT gooseplus_statements($$-- +goose Up$$)', user => 'deployer'),
	'', 'what was granted is granted');

$session->{stderr} = '';
$session->query("\\set VERBOSITY verbose\nSELECT gooseplus_db_version()");
my $err = plain($session->{stderr} =~ s/^.*?ERROR:  //sr);
is($err, differ($this, $next, $install), 'a session that has the old library is told');
$session->quit;
is(extension_version($node, 'stays'), $this, 'another database stays');
is(error_of($node, 'SELECT gooseplus_db_version()', database => 'stays'),
	differ($next, $this, $update), 'and is told');
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION gooseplus');
is(members($node, 'fresh'), members($node, 'postgres'),
	'a new database has just what an updated one has');

# Work that has nothing to do with gooseplus, in a session that loads it.
is( $node->safe_psql('stays', q(
		LOAD 'gooseplus';
		CREATE TABLE many AS SELECT 1 AS id FROM generate_series(1, 20000);
		SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
		SET min_parallel_table_scan_size = 0;
		SELECT count(*) FROM many)),
	20000, 'parallel workers do not mind');

# --- a dump, and its way into the next version

my $dump = dump_of($node, 'dumped', '--create');
$node->safe_psql('postgres', 'DROP DATABASE dumped');
is(error_of($node, $dump), '', 'a dump of this version goes into the next');
is(extension_version($node, 'dumped'), $next, 'and has the next version there');
is( $node->safe_psql('dumped', q(
		SELECT string_agg(path, ' ') FROM gooseplus_bundle_files('shop');
		SELECT string_agg(source || ' ' || state, ', ') FROM gooseplus_status())),
	"00001_a.sql\nbase/00001_one.sql applied, base/00002_two.sql pending, base/00007_down_to pending",
	'with its bundles, functions and versions');

# --- from the version before this one, in two steps

$node->safe_psql('fresh', 'DROP EXTENSION gooseplus; CREATE EXTENSION gooseplus VERSION \'0.9\'');
is(error_of($node, 'SELECT gooseplus_migrate()', database => 'fresh'),
	differ($next, '0.9', $update), 'an older extension');
$node->safe_psql('fresh', 'ALTER EXTENSION gooseplus UPDATE');
is(members($node, 'fresh'), members($node, 'postgres'), 'is updated in two steps');
is($node->safe_psql('fresh', 'SELECT count(*) FROM gooseplus_migrate()'), 2, 'and works');

# --- the old library is back

install_library(copy_server("$work/again"), $server);
is(error_of($node, 'SELECT gooseplus_migrate()'), differ($this, $next, $install),
	'the library is older than the extension');
like(error_of($node, 'SELECT gooseplus_next()'), $lacks, 'and lacks a function');
like(error_of($node, 'ALTER EXTENSION gooseplus UPDATE', database => 'stays'), $lacks,
	'an update without the new library fails');
is(extension_version($node, 'stays'), $this, 'and is undone');
is($node->safe_psql('stays', 'SELECT gooseplus_db_version()'), 1, 'so all works as before');
$node->stop;

# --- the library is preloaded

foreach my $setting (qw(shared_preload_libraries session_preload_libraries))
{
	my $shared = $setting =~ /^shared/;
	my $copy = copy_server("$work/$setting");

	$node = new_cluster($setting, $copy, "$setting = 'gooseplus'\n");
	$node->safe_psql('postgres', 'CREATE EXTENSION gooseplus');
	install_tree($tree_next, $copy);
	if ($shared)
	{
		is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'),
			0, "$setting: the old library serves on");
		like(error_of($node, 'ALTER EXTENSION gooseplus UPDATE'), $lacks,
			"$setting: an update needs a restart");
		$node->restart;
	}
	is(error_of($node, 'SELECT gooseplus_migrate()'), differ($next, $this, $update),
		"$setting: the new library");
	$node->safe_psql('postgres', 'ALTER EXTENSION gooseplus UPDATE');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM gooseplus_migrate()'),
		2, "$setting: updated");
	$node->stop;
}

# --- pg_upgrade

my $server_old = copy_server("$work/upgrade");
my $old = new_cluster('upgrade_old', $server_old);
my $new = PostgreSQL::Test::Cluster->new('upgrade_new', install_path => $server->{prefix});

install_tree($tree_next, $server);
$old->safe_psql('postgres', q(
	CREATE EXTENSION gooseplus;
	SELECT gooseplus_up_to(1);
	SELECT gooseplus_bundle_put('shop', '00001_a.sql', '-- +goose Up')));
$old->stop;
$new->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
node_conf($new);
$new->append_conf('postgresql.conf', "gooseplus.directory = '" . migrate_root($old) . "'\n");
chdir $work or die "chdir $work: $!";
run_or_die("$server->{prefix}/bin/pg_upgrade", '--no-sync',
	'-b', "$server_old->{prefix}/bin", '-B', "$server->{prefix}/bin", '-d', $old->data_dir, '-D', $new->data_dir,
	'-p', $old->port, '-P', $new->port, '-s', $new->host);
$new->start;
is(extension_version($new), $this, 'pg_upgrade takes the extension along as it is');
is(error_of($new, 'SELECT gooseplus_migrate()'), differ($next, $this, $update),
	'and the call says what is left to do');
$new->safe_psql('postgres', 'ALTER EXTENSION gooseplus UPDATE');
is($new->safe_psql('postgres', 'SELECT source FROM gooseplus_migrate()'),
	'base/00002_two.sql', 'then migrations go on');
is($new->safe_psql('postgres', q(SELECT path FROM gooseplus_bundle_files('shop'))),
	'00001_a.sql', 'and bundles are there');
$new->stop;

done_testing();
