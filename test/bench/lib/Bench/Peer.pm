# Bench::Peer - what is measured: a migration tool, from its installation to
# its command lines.  Each peer is a module of its own in ../../peers, which
# says what differs from here.
#
# What peers are given:
#
#   folder	where prepare has installed it
#   files	where its files of a work are
#   run		a hash: host, port, database; work, a hash (see ../../works);
#		files, as above

package Bench::Peer;

use strict;
use warnings;

sub new
{
	my ($class, $folder) = @_;

	return bless { folder => $folder }, $class;
}

# A short name, also for folders and databases.
sub name { die ref($_[0]) . ' has no name' }

# What the tables call it.
sub title { return $_[0]->name . ' ' . $_[0]->version }

sub version { return '' }

# Fetch and build it in its folder, as whoever started us, with the caches
# that its registry's client has; dies with the reason if it is not to be had.
sub install { return }

# Peers with the same files have the same format.
sub format { return $_[0]->name }

# Write migrations (see Bench::Files) in its format.
sub write_files { die ref($_[0]) . ' writes no files' }

# The command that applies what is pending, and the one that shows what is
# applied; each as a list.  Empty if there is none.
sub up { return () }
sub status { return () }

# What its commands find in the environment.  (libpq looks for a ticket of
# GSSAPI before it connects; nobody else knows of such a thing.)
sub environment { return (PGGSSENCMODE => 'disable') }

# SQL to run in a new database of its own.
sub new_database { return () }

# Whose database it uses where many migrations have been applied before.
sub shares { return $_[0]->name }

# A query that counts the migrations that it has recorded.
sub applied { return undef }

# SQL that records the migrations after the first, up to this number, as if it
# had applied them, where that is quicker than to let it do so.
sub record_all { return () }

# Does the output of status show that migrations 1 to this number are applied?
# Mostly it has a line for each.
sub shows_all
{
	my ($self, $output, $number) = @_;

	return ($output =~ tr/\n//) >= $number;
}

# The database's address in the form that most clients know.
sub url
{
	my ($self, $run, $scheme) = @_;

	return sprintf '%s://postgres@%s:%d/%s', $scheme // 'postgres',
	  @$run{qw(host port database)};
}

1;
