# Chance.pm - random choices that can be made again: each object is a stream of
# its own, and what it gives depends on nothing but the words it was made from.
#
# A stream for each step of each database keeps a choice from depending on how
# many were made before it, and so on what the clock did.

package Chance;

use strict;
use warnings;

use Digest::MD5 qw(md5);

sub new
{
	my ($class, @words) = @_;

	return bless { key => join('/', @words), count => 0 }, $class;
}

# A number from 0 to below "limit".
sub below
{
	my ($self, $limit) = @_;

	return unpack('N', md5("$self->{key}:" . $self->{count}++)) % $limit;
}

# A number from "low" to "high".
sub between
{
	my ($self, $low, $high) = @_;

	return $low + $self->below($high - $low + 1);
}

# True in so many of a hundred cases.
sub percent
{
	my ($self, $percent) = @_;

	return $self->below(100) < $percent;
}

# One of the arguments.
sub pick
{
	my ($self, @from) = @_;

	return $from[ $self->below(scalar @from) ];
}

# One of the values, given as pairs of a value and its weight.
sub weighted
{
	my ($self, @pairs) = @_;
	my ($total, $at) = (0, 0);

	$total += $pairs[ 2 * $_ + 1 ] foreach 0 .. $#pairs / 2;
	$at = $self->below($total);
	while ($at >= $pairs[1])
	{
		$at -= $pairs[1];
		splice @pairs, 0, 2;
	}
	return $pairs[0];
}

# So many different ones of the values, in their order.
sub some
{
	my ($self, $count, @from) = @_;

	splice @from, $self->below(scalar @from), 1 while @from > $count;
	return @from;
}

1;
