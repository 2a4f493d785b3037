# Bench::Files - migrations, and how they become text.
#
# A migration is a hash: name; up and down, lists of statements without their
# semicolon; data, what follows the last statement of up if that is a COPY.

package Bench::Files;

use strict;
use warnings;
use Exporter 'import';
use File::Path 'make_path';

our @EXPORT_OK = qw(write_file script each_migration write_marked);

# Write a file, and the folders to it.
sub write_file
{
	my ($path, @text) = @_;

	my ($folder) = $path =~ m{^(.*)/};
	make_path($folder) unless -d $folder;
	open my $file, '>', $path or die "could not write $path: $!\n";
	print $file @text;
	close $file or die "could not write $path: $!\n";
	return;
}

# The script of a migration's up or down part.
sub script
{
	my ($migration, $direction) = @_;

	my $data = $direction eq 'up' ? $migration->{data} : undef;
	return join('', map { "$_;\n" } @{ $migration->{$direction} })
	  . ($data // '');
}

# Call this for each migration, with its number, counted from 1.
sub each_migration
{
	my ($migrations, $code) = @_;

	$code->($_ + 1, $migrations->[$_]) foreach 0 .. $#$migrations;
	return;
}

# Write a file for each migration, with a line before its up and one before its
# down part.  path tells where, from its number and its name.
sub write_marked
{
	my ($migrations, $up, $down, $path) = @_;

	each_migration(
		$migrations,
		sub {
			my ($number, $migration) = @_;

			write_file(
				$path->($number, $migration->{name}),
				"$up\n", script($migration, 'up'),
				"\n$down\n", script($migration, 'down'));
		});
	return;
}

1;
