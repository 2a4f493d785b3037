# 003_turns.pl - goose and gooseplus take turns on one database; what they
# leave is what goose leaves by itself.
#
# Copyright (c) 2026, gooseplus contributors

use strict;
use warnings;

use Interop;
use Test::More;

$ENV{INTEROP_REGION} = 'eu';

my $folder = copy_tree('turns', OWN_TREES . '/library');
my $options = options($folder);
my $shared = database('turns_shared');
my $goose_only = database('turns_goose');
my $last = 20260102030405;

# A step that has to work, on both databases: the code gets the database.
sub step
{
	my ($name, $on_shared, $on_goose_only) = @_;

	foreach my $turn ([ $shared, $on_shared ], [ $goose_only, $on_goose_only ])
	{
		my $result = $turn->[1]->($turn->[0]);

		is($result->{status}, 0, "$name: $turn->[0]") or diag $result->{err};
	}
	is(version_rows($shared), version_rows($goose_only), "$name: version rows");
	is(schema_dump($shared), schema_dump($goose_only), "$name: schema");
	is(gooseplus_status($shared, $options),
		provider_status($shared, $folder), "$name: status");
}

my $migrate = sub { gooseplus($_[0], $options) };
my $up = sub { provider($_[0], $folder, 'up') };
my $up_to_5 = sub { provider($_[0], $folder, 'up-to', 5) };
my $goose_down = sub { goose($_[0], $folder, 'down') };
my $provider_down = sub { provider($_[0], $folder, 'down') };

step('up to 5 by goose', $up_to_5, $up_to_5);
is(sql($shared, "SELECT gooseplus_has_pending(NULL, $options)"),
	't', 'gooseplus sees the rest pending');
is(provider($shared, $folder, 'has-pending')->{out},
	"true\n", 'and so does the Provider');
is(sql($shared, "SELECT current, target FROM gooseplus_versions(NULL, $options)"),
	"5|$last", 'current and target version');
step('the rest by gooseplus', $migrate, $up);
step('down by the goose command', $goose_down, $goose_down);
is(sql($shared, "SELECT gooseplus_db_version($options)"), 10,
	'gooseplus sees the version that goose went down to');
step('up again by gooseplus', $migrate, $up);
step('down by the Provider', $provider_down, $provider_down);
step('down once more', $provider_down, $provider_down);
step('both up again by gooseplus', $migrate, $up);
is(data_dump($shared) =~ s/goose_db_version_id_seq.*//r,
	data_dump($goose_only) =~ s/goose_db_version_id_seq.*//r, 'data');

# a file that somebody adds below the version reached
my $late = "$folder/00004_late.sql";
open my $handle, '>', $late or die;
print $handle "-- +goose Up\nCREATE TABLE late ();\n";
close $handle;
{
	my $result = gooseplus($shared, $options);

	isnt($result->{status}, 0, 'gooseplus refuses a late file');
	like($result->{err}, qr/00004_late\.sql/, 'and names it');
	isnt(provider($shared, $folder, 'up')->{status}, 0, 'and so does the Provider');
	is(version_rows($shared), version_rows($goose_only), 'nothing was run');
}
unlink $late;

# a recorded version whose file is gone
unlink "$folder/00003_nothing_yet.sql";
{
	my $result = gooseplus($shared, $options);

	is($result->{status}, 0, 'gooseplus does without the file of an old version');
	like($result->{err}, qr/no migrations to run/, 'and has nothing to do');
	is(provider($shared, $folder, 'up')->{status}, 0, 'and so does the Provider');
}

done_testing();
