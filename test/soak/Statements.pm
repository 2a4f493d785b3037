# Statements.pm - what the operations of a random history are written with:
# statements as they stand in a file, points between them, names, and tables
# that may be touched.  A part of Operations.pm.

package Statements;

use strict;
use warnings;

sub new
{
	my ($class, $chance, $goose) = @_;

	return bless {
		chance => $chance,
		goose => $goose,
		tables => [],
		count => 0,
		points => 0
	}, $class;
}

# The next operations are for this migration.
sub begin
{
	my ($self, $version, $folder, $notx, $code) = @_;

	@$self{qw(version folder notx code points downs)} =
	  ($version, $folder, $notx, $code, 0, 0);
	return;
}

# A statement as it stands; goose must be told where one with semicolons ends.
sub statement
{
	my ($self, $sql) = @_;
	my $text = $sql;

	$text = "-- +goose StatementBegin\n$sql\n-- +goose StatementEnd"
	  if $sql =~ /;\s*\n/ && ($self->{goose} || $self->{chance}->percent(40));
	return { text => $text, plain => $sql };
}

# Statements as they stand.
sub statements
{
	my ($self, @sql) = @_;

	return [ map { $self->statement($_) } @sql ];
}

# A point where a step can make the migration fail.
sub point
{
	my ($self) = @_;

	return $self->statement(
		"SELECT soak.point('$self->{version}." . ++$self->{points} . "');");
}

sub down_point
{
	my ($self) = @_;

	return $self->statement(
		"SELECT soak.point('d$self->{version}." . ++$self->{downs} . "');");
}

sub nothing
{
	my ($self) = @_;

	return $self->statement('ANALYZE kept;');
}

# "IF EXISTS " where a part may be missing.
sub maybe
{
	my ($self) = @_;

	return $self->{notx} ? 'IF EXISTS ' : '';
}

# A command that needs a table which may be missing.
sub with_table
{
	my ($self, $table, $command) = @_;

	return "$command;" unless $self->{notx};
	return "DO \$\$\nBEGIN\n\tIF to_regclass('$table->{name}') IS NOT NULL THEN\n"
	  . "\t\t$command;\n\tEND IF;\nEND\n\$\$;";
}

sub name
{
	my ($self, $kind) = @_;

	return $kind . ++$self->{count};
}

# A table that may be touched here, and that is or has what is asked for.  What
# routines do to deferred constraints lasts to the end of a transaction; see
# delete_ids() in Operations.pm.
sub a_table
{
	my ($self, %needs) = @_;
	my @tables = grep {
		my $table = $_;
		($table->{folder} eq 'base' && $needs{shared} || $table->{folder} eq $self->{folder})
		  && ($needs{kept} || $table->{name} ne 'kept')
		  && !($needs{free} && $table->{used})
		  && !($self->{code} && $table->{deferred})
	} { name => 'kept', folder => 'base' }, @{ $self->{tables} };

	return @tables ? $self->{chance}->pick(@tables) : undef;
}

1;
