# 002_trees.pl - the same migrations through goose's Provider and through
# gooseplus, each on a database of its own: version tables, schemas and data
# are the same, and each side finds nothing to do after the other.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Test::More;

$ENV{INTEROP_REGION} = 'eu';

# name, what the tree comes from, and the folders that make it up
my @trees = (
	[ 'library', undef, OWN_TREES . '/library' ],
	[ 'goose_example', 'goose', FOLDER . '/goose/examples/sql-migrations' ],
	[ 'goose_testdata', 'goose', FOLDER . '/goose/testdata/migrations' ],
	[
		'goose_postgres', 'goose-3.19',
		FOLDER . '/goose-3.19/tests/e2e/testdata/postgres/migrations'
	],
	[
		'gooseplus_osfs', 'gooseplus-go',
		FOLDER . '/gooseplus-go/examples/osfs/sql'
	],
	[
		'gooseplus_multi_env', 'gooseplus-go',
		map { FOLDER . "/gooseplus-go/examples/multi-env/migrations/$_" }
		  qw(base production)
	],
);

# Both databases of a tree say the same, and both sides say so.
sub compare
{
	my ($a, $b, $folder, $options, $environment) = @_;
	my $result;

	is(version_rows($b), version_rows($a), 'version rows');
	is(schema_dump($b), schema_dump($a), 'schema');
	is(data_dump($b), data_dump($a), 'data');

	$result = goose($b, $folder, 'up');
	is($result->{status}, 0, 'goose on the database of gooseplus');
	like($result->{err}, qr/no migrations to run/, 'goose finds nothing to do');
	$result = gooseplus($a, $options, $environment);
	is($result->{status}, 0, 'gooseplus on the database of the Provider');
	is($result->{out}, '', 'gooseplus runs nothing');
	like($result->{err}, qr/NOTICE: +no migrations to run/, 'gooseplus says so');

	my $status = provider_status($a, $folder);
	like($status, qr/\A(\d+ applied \S+\n)+\z/, 'status of the Provider');
	is(provider_status($b, $folder), $status,
		'status of the Provider after gooseplus');
	is(gooseplus_status($b, $options, $environment),
		$status, 'status of gooseplus');
	is(gooseplus_status($a, $options, $environment),
		$status, 'status of gooseplus after the Provider');

	$environment = defined $environment ? "'$environment'" : 'NULL';
	is(provider($b, $folder, 'has-pending')->{out},
		"false\n", 'the Provider has nothing pending');
	is(sql($a, "SELECT gooseplus_has_pending($environment, $options)"),
		'f', 'gooseplus has nothing pending');
	is( sql($a, "SELECT gooseplus_db_version($options)") . "\n",
		provider($b, $folder, 'version')->{out},
		'version');
}

# Run a tree both ways.
sub run_tree
{
	my ($name, $folder, $options, $environment) = @_;
	my $a = database("${name}_a");
	my $b = database("${name}_b");
	my $result;

	$result = provider($a, $folder, 'up');
	is($result->{status}, 0, 'the Provider migrates') or diag $result->{err};
	$result = gooseplus($b, $options, $environment);
	is($result->{status}, 0, 'gooseplus migrates') or diag $result->{err};
	compare($a, $b, $folder, $options, $environment);

	# what dumps leave out is there, if it is wanted
	is( sql($b, "SELECT to_regclass('goose_db_version_history') IS NULL"),
		$options =~ /"history": false/ ? 't' : 'f',
		'the history');
}

foreach my $tree (@trees)
{
	my ($name, $module, @folders) = @$tree;

	subtest $name => sub {
		plan skip_all => "$module: " . slurp(FOLDER . "/$module.why")
		  if $module && -e FOLDER . "/$module.why";

		my $folder = copy_tree($name, @folders);

		cmp_ok(scalar(my @files = glob "$folder/*.sql"), '>', 1, 'files');
		run_tree($name, $folder, options($folder));
	};
}

# Nothing of ours is left in the database.
subtest 'without a history' => sub {
	my $folder = copy_tree('unrecorded', OWN_TREES . '/library');

	run_tree('unrecorded', $folder, options($folder, '"history": false'));
};

# What was merged by hand for goose is a call with an environment for us.
subtest 'multi-env as environments' => sub {
	plan skip_all => 'gooseplus-go: ' . slurp(FOLDER . '/gooseplus-go.why')
	  if -e FOLDER . '/gooseplus-go.why';

	my $root = FOLDER . '/gooseplus-go/examples/multi-env/migrations';
	my $folder = copy_tree('merged', "$root/base", "$root/production");

	run_tree('environments', $folder, "'{\"directory\": \"$root\"}'",
		'production');
};

done_testing();
