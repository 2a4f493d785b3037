# The image volume of doc/install.md, as CloudNativePG mounts it: the build
# steps of the Dockerfile leave a folder, and a server that has no gooseplus of
# its own finds it there by the two settings.

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
plan(skip_all => 'extension_control_path is new in PostgreSQL 18')
  if run_or_die('pg_config', '--version') =~ /^PostgreSQL (\d+)/ && $1 < 18;

my $tree = "$FindBin::RealBin/../..";
my $work = PostgreSQL::Test::Utils::tempdir('image_volume');
my ($section) =
  slurp_file("$tree/doc/install.md") =~ /^## In CloudNativePG\n(.*?)^## /ms;
my ($build) = $section =~ /^RUN (make (?:.*\\\n)*.*)$/m;
my ($settings) = $section =~ /^```\n(extension_control_path.*?)^```/ms;

like($build, qr/DESTDIR/, 'doc/install.md has the steps of the build');
like($settings, qr/^extension_control_path = /m, 'and the settings');

# --- the image

# its folders are at the root, where they are not ours to make
$build =~ s{(?<=\s)/(gooseplus|stage|image)\b}{$work/$1}g;
$build =~ s{(=)/(stage)\b}{$1$work/$2}g;
run_or_die('cp', '-a', $tree, "$work/gooseplus");
run_or_die('sh', '-ec', $build);
is(run_or_die('sh', '-c', "cd '$work/image' && echo *"),
	"lib share\n", 'the image has two folders');
ok(-f "$work/image/$_", "and in it $_")
  foreach qw(lib/gooseplus.so share/extension/gooseplus.control);

# --- the server

my $server = copy_server("$work/server");
my ($library, $share) = map { run_or_die($server->{pg_config}, $_) =~ s/\n//r }
  qw(--pkglibdir --sharedir);
my $node = PostgreSQL::Test::Cluster->new('image_volume', install_path => $server->{prefix});

unlink "$library/gooseplus.so", glob("$share/extension/gooseplus*");
$settings =~ s{/extensions/gooseplus\b}{$work/image}g;
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
node_conf($node);
$node->start;
like((query($node, 'CREATE EXTENSION gooseplus'))[2],
	qr/extension "gooseplus" is not available/, 'a server without it');
$node->append_conf('postgresql.conf', $settings);
$node->restart;
write_files($node, 'base/00001_one.sql' => 'CREATE TABLE one (id int);',
	'base/00002_two.sql' => 'CREATE TABLE two (id int);');
is((query($node, 'CREATE EXTENSION gooseplus'))[2], '', 'the same one with the settings');
is($node->safe_psql('postgres', 'SELECT count(*) FROM gooseplus_up_to(1)'), 1, 'it migrates');
$node->safe_psql('postgres', 'SELECT gooseplus_launch()');
ok($node->poll_query_until('postgres', 'SELECT gooseplus_db_version() = 2'),
	'and in a background worker');
is( $node->safe_psql('postgres', q(
		SELECT gooseplus_db_version();
		SELECT module_name, version, file_name FROM pg_get_loaded_modules() WHERE module_name = 'gooseplus')),
	"2\ngooseplus|"
	  . $node->safe_psql('postgres', q(SELECT extversion FROM pg_extension WHERE extname = 'gooseplus'))
	  . '|gooseplus.so',
	'the server tells the version of the library');
$node->stop;

# --- preloaded from there

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'gooseplus'\n");
$node->start;
is($node->safe_psql('postgres', 'SELECT gooseplus_db_version()'), 2, 'preloaded');
$node->stop;

done_testing();
