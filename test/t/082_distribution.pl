# The distribution for PGXN: its META.json keeps to PGXN's specification, its
# zip has all that a build needs, and what is built in a fresh folder passes.
# And there is one version number, for whatever kind of package.  (The packages
# themselves take minutes: make test-install.)

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What make installcheck runs here: one test for each kind of source, and some
# that need the fixtures.
use constant REGRESS => 'bundle comments errors function migrate';

plan(skip_all => 'the server is not a copy that may be changed; see test/run')
  unless $ENV{GOOSEPLUS_PRIVATE};

my $tree = "$FindBin::RealBin/../..";
my $work = PostgreSQL::Test::Utils::tempdir('distribution');

# Run a shell script; returns its output.
sub run_shell
{
	my ($script, %environment) = @_;
	my $out = '';

	local %ENV = (%ENV, %environment);
	IPC::Run::run([ 'sh', '-ec', $script ], '>', \$out, '2>&1')
	  or die "$script failed:\n$out";
	return $out;
}

# --- one version number

my ($version) = slurp_file("$tree/gooseplus.control") =~ /^default_version = '(.*)'$/m;
my $meta = decode_json(slurp_file("$tree/META.json"));

like($meta->{version}, qr/^\Q$version\E\.\d+$/, 'META.json has the version of the control file');
is($meta->{provides}{gooseplus}{version}, $meta->{version}, 'and has it twice');
like(slurp_file("$tree/CHANGELOG.md"), qr/\A[^#]*# Changelog\n\n## \Q$meta->{version}\E\b/,
	'CHANGELOG.md begins with it');
like(slurp_file("$tree/debian/changelog"), qr/\Agooseplus \(\Q$meta->{version}\E-\d+\) /,
	'debian/changelog, too');
ok(-f "$tree/src/gooseplus--$version.sql" || glob("$tree/src/gooseplus--*--$version.sql"),
	'there is a script that leads there');

# --- debian/control, as pg_buildext makes it of control.in

my ($source, $package) = split /\n\n/, slurp_file("$tree/debian/control.in");
my @versions = slurp_file("$tree/debian/control") =~ /^Package: postgresql-(\d+)-gooseplus$/mg;

is( slurp_file("$tree/debian/control"),
	join("\n\n", $source, map { my $v = $_; $package =~ s/PGVERSION/$v/gr =~ s/\n$//r } @versions) . "\n",
	"debian/control is made of control.in, for PostgreSQL @versions");

# --- META.json, by version 1.0.0 of PGXN's specification

my $semantic = qr/\d+\.\d+\.\d+(?:[a-zA-Z][-0-9a-zA-Z]*)?/;
my $term = qr{^[^\s/\\[:cntrl:]]{2,}$};
my %licenses = map { $_ => 1 } qw(agpl_3 apache_1_1 apache_2_0 artistic_1 artistic_2 bsd
  freebsd gfdl_1_2 gfdl_1_3 gpl_1 gpl_2 gpl_3 lgpl_2_1 lgpl_3_0 mit mozilla_1_0 mozilla_1_1
  openssl perl_5 postgresql qpl_1_0 ssleay sun zlib open_source restricted unrestricted unknown);
my %known = map { $_ => 1 } qw(abstract maintainer license name provides version meta-spec
  description generated_by no_index prereqs release_status resources tags);

foreach my $key (qw(abstract maintainer license name provides version meta-spec))
{
	ok(defined $meta->{$key} && length $meta->{$key}, "META.json: $key");
}
is(join(' ', grep { !$known{$_} && !/^x_/i } keys %$meta), '', 'META.json: no unknown keys');
like($meta->{name}, $term, 'META.json: the name is a term');
like($meta->{version}, qr/^$semantic$/, 'META.json: the version is a semantic one');
ok($licenses{ $meta->{license} }, 'META.json: the license is one it knows');
is(ref $meta->{maintainer}, 'ARRAY', 'META.json: a list of maintainers');
is($meta->{'meta-spec'}{version}, '1.0.0', 'META.json: the version of the specification');
like($meta->{release_status}, qr/^(stable|testing|unstable)$/, 'META.json: the status');
is(join(' ', grep { !/$term/ } @{ $meta->{tags} }), '', 'META.json: the tags are terms');
foreach my $phase (keys %{ $meta->{prereqs} })
{
	like($phase, qr/^(configure|build|test|runtime|develop)$/, 'META.json: a phase');
	foreach my $relation (keys %{ $meta->{prereqs}{$phase} })
	{
		like($relation, qr/^(requires|recommends|suggests|conflicts)$/, 'META.json: a relation');
		like($_, qr/^(0|((<=?|>=?|[!=]=)\s*)?$semantic)(,\s*((<=?|>=?|[!=]=)\s*)?$semantic)*$/,
			'META.json: a range of versions')
		  foreach values %{ $meta->{prereqs}{$phase}{$relation} };
	}
}
foreach my $name (keys %{ $meta->{provides} })
{
	my $extension = $meta->{provides}{$name};

	like($name, $term, 'META.json: an extension');
	like($extension->{version}, qr/^$semantic$/, 'META.json: its version');
	ok(-f "$tree/$extension->{file}", 'META.json: its file is there');
	ok(-f "$tree/$extension->{docfile}", 'META.json: its documentation is there');
}

# --- the zip

my $missing = join ' and ', grep { system("command -v $_ >/dev/null 2>&1") } qw(git unzip);

SKIP:
{
	skip("no $missing here", 4) if $missing;

	# a repository as this tree has, as far as it is of interest
	run_shell(qq(
		cp -a '$tree' '$work/tree'
		cd '$work/tree'
		git init -q
		git add .
		git -c user.name=test -c user.email=test\@localhost commit -q -m test
		echo 'a change' >>README.md
		make -s dist
		mkdir '$work/fresh'
		cd '$work/fresh'
		unzip -q '$work/tree'/dist/*.zip));
	is(run_shell("cd '$work/tree'/dist && echo *"), "gooseplus-$meta->{version}.zip\n",
		'the zip has name and version');
	is(run_shell("cd '$work/fresh' && ls -A"), "gooseplus-$meta->{version}\n",
		'and one folder of that name');
	is( run_shell(
			"cd '$work/fresh'/* && find . -name '*.o' -o -name '*.so' -o -name .git; tail -n 1 README.md"),
		run_shell("cd '$work/tree' && git show HEAD:README.md | tail -n 1"),
		'which has what is committed, and nothing that was built');

	my $server = copy_server("$work/server");
	my $node = PostgreSQL::Test::Cluster->new('distribution', install_path => $server->{prefix});
	my ($installed) = run_shell("echo -n \$($server->{pg_config} --pkglibdir)/gooseplus.so");
	my $out = '';

	unlink $installed or die "there is no $installed";
	run_shell("cd '$work/fresh'/* && make -s -j 2 PG_CONFIG='$server->{pg_config}' with_llvm=no COPT=-O0 all install");
	$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
	$node->start;
	IPC::Run::run([ 'make', '-C', glob("$work/fresh/*"), "PG_CONFIG=$server->{pg_config}",
			'with_llvm=no', 'installcheck',
			'REGRESS=' . REGRESS ],
		'>', \$out, '2>&1',
		init => sub {
			@ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
		});
	like($out, qr/\bAll 5 tests passed/, 'what is built in a fresh folder passes') or diag($out);
	$node->stop;
}

done_testing();
