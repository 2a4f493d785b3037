# Many small DDL migrations; and a few of them, by many replicas at once.

package Bench::Work::ddl;

use strict;
use warnings;

# Number n: a table, a column for it, an index, a view, and so on.
sub migration
{
	my ($n) = @_;

	my $t = 'step_' . int(($n - 1) / 4);
	my @kinds = (
		[
			'table',
			"CREATE TABLE $t (id int PRIMARY KEY, name text NOT NULL)",
			"DROP TABLE $t"
		],
		[
			'column',
			"ALTER TABLE $t ADD COLUMN amount numeric NOT NULL DEFAULT 0",
			"ALTER TABLE $t DROP COLUMN amount"
		],
		[ 'index', "CREATE INDEX ${t}_name ON $t (name)", "DROP INDEX ${t}_name" ],
		[
			'view',
			"CREATE VIEW ${t}_view AS SELECT id, name FROM $t WHERE amount > 0",
			"DROP VIEW ${t}_view"
		]);
	my ($name, $up, $down) = @{ $kinds[ ($n - 1) % 4 ] };

	return { name => "${name}_$t", up => [$up], down => [$down] };
}

# What is in the database after that many.
sub expected
{
	my ($n) = @_;

	return join '|', map { int(($n + 4 - $_) / 4) } 1 .. 4;
}

use constant COUNT => "
	SELECT count(*) FILTER (WHERE relkind = 'r'),
		   (SELECT count(*) FROM pg_attribute WHERE attname = 'amount' AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r')),
		   count(*) FILTER (WHERE relkind = 'i' AND relname LIKE '%_name'),
		   count(*) FILTER (WHERE relkind = 'v')
	  FROM pg_class WHERE relname LIKE 'step_%'";

sub works
{
	my ($scale) = @_;

	my $number = $scale->(1000);
	my $few = $scale->(100);

	return (
		{
			name => 'ddl',
			title => "$number small DDL migrations",
			number => $number,
			migrations => sub { [ map { migration($_) } 1 .. $number ] },
			query => COUNT,
			expected => expected($number)
		},
		{
			name => 'replicas',
			title => "20 replicas start at once, with $few DDL migrations to apply",
			number => $few,
			copies => 20,
			migrations => sub { [ map { migration($_) } 1 .. $few ] },
			query => COUNT,
			expected => expected($few)
		});
}

1;
