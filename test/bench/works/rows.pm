# Rows: by single INSERTs in one file, and by COPY.

package Bench::Work::rows;

use strict;
use warnings;

use constant TABLE => 'CREATE TABLE item (id int, name text, amount numeric)';

sub works
{
	my ($scale) = @_;

	my $inserts = $scale->(100_000);
	my $rows = $scale->(1_000_000);

	return (
		{
			name => 'inserts',
			title => "$inserts single-row INSERTs in one file",
			number => 1,
			migrations => sub {
				return [
					{
						name => 'items',
						up => [
							TABLE,
							map {
								sprintf q{INSERT INTO item (id, name, amount) VALUES (%d, 'item number %d', %d.50)},
								  $_, $_, $_ % 1000
							} 1 .. $inserts
						],
						down => ['DROP TABLE item']
					} ];
			},
			query => 'SELECT count(*), sum(id) FROM item',
			expected => join('|', $inserts, $inserts * ($inserts + 1) / 2)
		},
		{
			name => 'copy',
			title => "$rows rows by COPY, their data in the file",
			number => 1,
			migrations => sub {
				return [
					{
						name => 'items',
						up => [ TABLE, 'COPY item (id, name, amount) FROM stdin' ],
						data => join('',
							map { sprintf "%d\titem number %d\t%d.50\n", $_, $_, $_ % 1000 } 1 .. $rows)
						  . "\\.\n",
						down => ['DROP TABLE item']
					} ];
			},
			query => 'SELECT count(*), sum(id) FROM item',
			expected => join('|', $rows, $rows * ($rows + 1) / 2)
		});
}

1;
