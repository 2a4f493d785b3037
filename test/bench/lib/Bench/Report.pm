# Bench::Report - the tables: a work each, a line for each peer.

package Bench::Report;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(median report_work report_first);

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return $sorted[ $#sorted / 2 ];
}

sub milliseconds
{
	my ($value) = @_;

	return sprintf($value < 100 ? '%.1f ms' : '%.0f ms', $value);
}

sub megabytes
{
	my ($value) = @_;

	return defined $value ? sprintf('%.1f MB', $value / 1024) : '';
}

sub ratio
{
	my ($value, $base) = @_;

	return '' unless defined $value and defined $base;
	$value /= $base;
	return sprintf $value < 10 ? '%.2f' : '%.0f', $value;
}

# A line of a table.
sub line { return '| ' . join(' | ', @_) . " |\n" }

# The median of what was measured, if it was.
sub time_of
{
	my ($result) = @_;

	return undef unless defined $result and !$result->{error} and @{ $result->{times} };
	return median(@{ $result->{times} });
}

# The three columns of one setting.
sub columns
{
	my ($result, $ours, $floor) = @_;

	my $time = time_of($result);

	return ('', '', '') if !defined $result;
	return ($result->{error}, '', '') if $result->{error};
	return ('', '', '') if !defined $time;
	return (
		milliseconds($time) . (@{ $result->{times} } < 3 ? ' (' . @{ $result->{times} } . ')' : ''),
		ratio($time, $ours), ratio($time, $floor));
}

# The table of a work.  results: setting -> peer's name -> a hash with times,
# error, client, backend.
sub report_work
{
	my ($work, $peers, $settings, $results) = @_;

	my $text = "\n## $work->{title}\n\n";
	my @head = ('');
	my @time = map {
		{
			ours => time_of($results->{ $_->{name} }{gooseplus}),
			floor => time_of($results->{ $_->{name} }{floor})
		}
	} @$settings;

	push @head, $_->{title}, ': gooseplus', ': floor' foreach @$settings;
	push @head, 'server', 'client';
	$text .= line(@head) . line(('---') x @head);
	foreach my $peer (@$peers)
	{
		my $first = $results->{ $settings->[0]{name} }{ $peer->name };
		my @line = ($peer->title);

		next unless grep { defined $results->{ $_->{name} }{ $peer->name } } @$settings;
		push @line,
		  columns($results->{ $settings->[$_]{name} }{ $peer->name }, $time[$_]{ours}, $time[$_]{floor})
		  foreach 0 .. $#$settings;
		$text .= line(@line, megabytes($first->{backend}), megabytes($first->{client}));
	}
	return $text;
}

# Where is gooseplus first?  A line for each work, with the fastest peer (the
# floor and psql are none) and how many times gooseplus's time it takes.
sub report_first
{
	my ($works, $peers, $settings, $results) = @_;

	my @others = grep { $_->name !~ /^(floor|psql|gooseplus(_deploy|_unchecked)?)$/ } @$peers;
	my $text = line('', map { ("$_->{title}: gooseplus", ': floor', 'next is') } @$settings);

	$text .= line('---', ('---') x (3 * @$settings));
	foreach my $work (@$works)
	{
		my @line = ($work->{title});

		foreach my $setting (@$settings)
		{
			my $result = $results->{ $work->{name} }{ $setting->{name} };
			my $ours = time_of($result->{gooseplus});
			my ($next) = sort { $a->[0] <=> $b->[0] }
			  grep { defined $_->[0] }
			  map { [ time_of($result->{ $_->name }), $_->title ] } @others;

			push @line,
			  defined $ours ? milliseconds($ours) : $result->{gooseplus}{error} // '',
			  ratio($ours, time_of($result->{floor})),
			  defined $next ? "$next->[1]: " . (ratio($next->[0], $ours) || milliseconds($next->[0])) : '';
		}
		$text .= line(@line);
	}
	return $text;
}

1;
