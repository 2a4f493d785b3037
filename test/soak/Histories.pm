# Histories.pm - random trees of migrations in goose's format.  What makes them
# knows what each does, so nobody has to read them to say what is right.
#
# A history is
#
#	migrations	in the order of versions: version, folder, name, notx (NO
#				TRANSACTION), code ("FUNCTION" or "PROCEDURE" if it is no file,
#				but registered), up and down: lists of statements; down can
#				be undef
#	repeatables	folder, name, notx, down
#
# and a statement is the text that stands in the file, and what psql is to run
# for the same.  The operations that statements are taken from are in
# Operations.pm.

package Histories;

use strict;
use warnings;

use Chance;
use Operations;

my @words = qw(add load fill tune split prepare extend trim);

# How many texts a repeatable migration can have.
our $texts = 4;

# Makes history number so and so.  With "goose" the goose command can run all
# of it.
sub make
{
	my ($seed, $number, $goose) = @_;
	my $chance = Chance->new($seed, 'history', $number);
	my $history = {
		number => $number,
		goose => $goose,
		migrations => [],
		repeatables => []
	};
	my $operations = Operations->new($chance, $goose);
	my $version = 0;

	foreach my $i (1 .. $chance->between(12, 18))
	{
		# each folder has something
		my $folder =
		    $i < 4 ? 'base'
		  : $i == 5 ? 'production'
		  : $i == 7 ? 'eu'
		  :           $chance->weighted(base => 14, production => 4, eu => 2);

		$version += $chance->between(1, 5);
		push @{ $history->{migrations} },
		  make_migration($chance, $operations, $version, $folder, $i);
	}
	foreach my $i (1 .. ($goose ? 0 : $chance->between(1, 3)))
	{
		push @{ $history->{repeatables} },
		  {
			folder => $chance->pick(qw(base base production)),
			name => "$i$words[$i]",
			notx => $chance->percent(30),
			down => $chance->percent(60)
		  };
	}
	return $history;
}

# One migration.  The first ones have the tables that others need.
sub make_migration
{
	my ($chance, $operations, $version, $folder, $i) = @_;
	my $notx = $i > 3 && $chance->percent(45);
	# gooseplus runs a procedure as it runs a NO TRANSACTION file
	my $code =
	    $operations->{goose} || $i <= 3 || !$chance->percent(20) ? ''
	  : $notx ? 'PROCEDURE'
	  :         'FUNCTION';
	my $migration = {
		version => $version,
		folder => $folder,
		name => sprintf('%05d_%s.sql', $version, $chance->pick(@words)),
		notx => $notx,
		code => $code,
		up => [],
		down => []
	};

	$operations->begin($version, $folder, $notx, $code);
	if ($i > 3 && $chance->percent(8))
	{
		# nothing to take back: a return stops here
		push @{ $migration->{up} }, $operations->point, $operations->nothing;
		$migration->{down} = undef;
		return $migration;
	}
	foreach my $j (1 .. $chance->between(1, $i < 4 ? 3 : 4))
	{
		my ($up, $down) =
		  $i < 4 && $j == 1 ? $operations->table : $operations->any;

		push @{ $migration->{up} }, $operations->point if $chance->percent(60);
		push @{ $migration->{up} }, @$up;
		unshift @{ $migration->{down} }, @$down;
		unshift @{ $migration->{down} }, $operations->down_point
		  if $chance->percent(30);
	}
	return $migration;
}

# The text of a migration's file.  An edit is a number that changes what is
# executed, but not what comes of it.
sub text
{
	my ($migration, $edit) = @_;
	my $text = $migration->{notx} ? "-- +goose NO TRANSACTION\n" : '';

	$text .= "-- +goose Up\n" . join('', map { "$_->{text}\n" } @{ $migration->{up} });
	$text .= "SELECT 'edit $edit';\n" if $edit;
	$text .= "\n-- +goose Down\n"
	  . join('', map { "$_->{text}\n" } @{ $migration->{down} })
	  if $migration->{down};
	return $text;
}

# How a call names a migration.
sub label
{
	my ($migration) = @_;

	return "$migration->{folder}/"
	  . ($migration->{code} ? $migration->{name} =~ s/\.sql$//r : $migration->{name});
}

# The statement that registers a migration.
sub register
{
	my ($migration) = @_;
	my $version = $migration->{version};

	return "SELECT gooseplus_register($version, 'soak.up_$version()', "
	  . ($migration->{down} ? "'soak.down_$version()'" : 'NULL')
	  . ", '" . (label($migration) =~ s/.*\d_//r) . "', '$migration->{folder}');";
}

# What makes a migration that is no file: the statements of its parts as those of
# routines, which are registered.
sub code
{
	my ($migration) = @_;
	my $kind = $migration->{code};
	my $returns = $kind eq 'FUNCTION' ? 'RETURNS void ' : '';
	my @script;

	foreach my $part (grep { $migration->{$_} } qw(up down))
	{
		push @script, "CREATE $kind soak.${part}_$migration->{version}() ${returns}LANGUAGE plpgsql AS \$soak\$\nBEGIN\n"
		  . join('', map { "\tEXECUTE \$sql\$$_->{plain}\$sql\$;\n" } @{ $migration->{$part} })
		  . "END\n\$soak\$;";
	}
	return (@script, register($migration));
}

# The name of a repeatable migration's file.
sub repeatable_file
{
	my ($repeatable) = @_;

	return "R_$repeatable->{name}.sql";
}

# The statements of a repeatable migration's text number so and so.
sub repeatable_statements
{
	my ($repeatable, $number) = @_;
	my $name = $repeatable->{name};

	return (
		"SELECT soak.point('R.$name.1');",
		"CREATE OR REPLACE FUNCTION rep_f_$name() RETURNS text LANGUAGE sql AS \$\$\n"
		  . "\tSELECT 'text $number';\n\$\$;",
		"SELECT soak.point('R.$name.2');",
		"CREATE OR REPLACE VIEW rep_v_$name AS SELECT $number AS number;");
}

# The text of a repeatable migration's file.
sub repeatable_text
{
	my ($repeatable, $number) = @_;
	my $name = $repeatable->{name};
	my $text = $repeatable->{notx} ? "-- +goose NO TRANSACTION\n" : '';

	$text .= join "\n", '-- +goose Up', repeatable_statements($repeatable, $number), '';
	$text .= "-- +goose Down\nDROP VIEW IF EXISTS rep_v_$name;\n"
	  . "DROP FUNCTION IF EXISTS rep_f_$name();\n"
	  if $repeatable->{down};
	return $text;
}

# The migrations, or repeatables, that a call with these environments sees.
# repeatables come in the order of their names.
sub seen
{
	my ($list, $environments) = @_;
	my %folders = map { $_ => 1 } 'base', split /,/, $environments;

	return grep { $folders{ $_->{folder} } } @$list;
}

1;
