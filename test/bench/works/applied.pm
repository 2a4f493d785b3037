# Many migrations, all of them applied: a run with nothing to do, and a look.

package Bench::Work::applied;

use strict;
use warnings;

sub works
{
	my ($scale) = @_;

	my (@works, %seen);

	foreach my $number (map { $scale->($_) } 1_000, 10_000, 100_000)
	{
		next if $seen{$number}++;
		my %common = (
			number => $number,
			seeded => 1,
			files => "applied_$number",
			migrations => sub {
				return [ ({ name => 'step', up => ['SELECT 1'], down => ['SELECT 1'] }) x $number ];
			});

		push @works,
		  { %common, name => "noop_$number", title => "Nothing to do, $number applied" },
		  {
			%common,
			name => "status_$number",
			title => "Status, $number applied",
			what => 'status'
		  };
	}
	return @works;
}

1;
