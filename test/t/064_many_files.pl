# So many applied files that parallel workers help to look at them: what has
# changed is found all the same, in every folder, whoever looks.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# One worker is there for each 20,000.
use constant FILES => 41_000;

my $node = new_node('many_files');
my $root = migrate_root($node);
my @folders = ('base', 'eu', 'de');

# Path of a version's file: neighbours are in different folders.
sub file_of
{
	my ($version) = @_;

	return sprintf '%s/%s/%05d_m.sql', $root, $folders[ $version % 3 ], $version;
}

# The server says in its log when it starts a worker.  All tables fit in its
# buffers, so that a second look at them reads no file of theirs.
$node->append_conf('postgresql.conf',
	"log_min_messages = debug1\nshared_buffers = 128MB\nwork_mem = 64MB\ndynamic_shared_memory_type = mmap");
$node->restart;
mkdir "$root/$_" foreach @folders;
write_raw(file_of($_), "-- +goose Up\nSELECT 1;\n") foreach 1 .. FILES;
wait_for_age($node, map { file_of($_) } 1 .. FILES);
$node->safe_psql('postgres',
	q(SET client_min_messages = warning; SELECT count(*) FROM gooseplus_migrate('eu,de')));

# How many workers the server has started since its log was this long.
sub workers_since
{
	my ($begin) = @_;
	my $workers = () = slurp_file($node->logfile, $begin) =~ /starting background worker process "parallel worker/g;

	return $workers;
}

# What a session with these settings sees of all that is not just applied, and
# how many workers the server has started for it.
sub seen
{
	my ($settings) = @_;
	my $begin = -s $node->logfile;
	my $states = $node->safe_psql('postgres',
		"$settings; SELECT string_agg(version || ' ' || state, ', ' ORDER BY version)"
		  . " FROM gooseplus_status('eu,de') WHERE state <> 'applied'");

	return ($states, workers_since($begin));
}

# Compare what is seen with and without workers.
sub sees
{
	my ($expected, $name) = @_;

	is_deeply([ seen('SET max_parallel_maintenance_workers = 2') ], [ $expected, 2 ],
		"$name: two workers");
	is_deeply([ seen('SET max_parallel_maintenance_workers = 1') ], [ $expected, 1 ],
		"$name: one worker, as is allowed");
	is_deeply([ seen('SET max_parallel_maintenance_workers = 0') ], [ $expected, 0 ],
		"$name: no worker is allowed");
	is_deeply([ seen('SET max_parallel_workers = 0') ], [ $expected, 0 ],
		"$name: no worker is free");
	return;
}

sees('', 'nothing has changed');

SKIP:
{
	my $read = q((SELECT (regexp_match(pg_read_file('/proc/self/io'), 'rchar: (\d+)'))[1]::bigint));
	my ($begin, $end);

	skip 'this system does not tell what a process has read', 1 unless -r '/proc/self/io';
	(undef, $begin, undef, $end) = split /\n/, $node->safe_psql('postgres',
		"SELECT count(*) FROM gooseplus_status('eu,de');\nSELECT $read;\n" x 2);
	cmp_ok($end - $begin, '<', FILES, 'and the files are not read to see that');
}

# The first and the last, one of each folder, and one that is no file.
my @changed = (1, 20_000, 20_001, 20_002, FILES);
write_raw(file_of($_), "-- +goose Up\nSELECT 2;\n") foreach @changed;
unlink file_of(30_000) or die $!;
symlink 'nothing', file_of(30_000) or die $!;
wait_for_age($node, map { file_of($_) } @changed, 30_000);
my $changed_states = join ', ', map { "$_ modified" } sort { $a <=> $b } @changed, 30_000;
sees($changed_states, 'changed files');

# Without shared memory there are no workers, and nothing else is other.
my $begin = -s $node->logfile;
my $shared = $node->data_dir . '/pg_dynshmem';
chmod 0500, $shared or die $!;
is_deeply([ seen('SET max_parallel_maintenance_workers = 2') ], [ $changed_states, 0 ], 'no shared memory');
chmod 0700, $shared or die $!;
like(slurp_file($node->logfile, $begin),
	qr/LOG:  could not look at migration files with parallel workers: could not open shared memory segment/,
	'the log says why');

# A run, inside of what the caller has done.
my $changed = qr/6 applied migrations have changed since they were applied/;
$begin = -s $node->logfile;
write_raw("$root/base/99998_mine.sql", "-- +goose Up\nINSERT INTO mine VALUES (1);\n");
my ($status, $out, $err) = query($node,
	"BEGIN; CREATE TABLE mine (id int); SELECT source FROM gooseplus_migrate('eu,de'); COMMIT; TABLE mine;");
is($out, "base/99998_mine.sql\n1", 'a run in a transaction that has made a table');
like($err, $changed, 'says what has changed');
is(workers_since($begin), 2, 'with two workers');

# A deploy has transactions of its own.
$begin = -s $node->logfile;
write_raw("$root/base/99999_yours.sql", "-- +goose Up\nINSERT INTO mine VALUES (2);\n");
($status, $out, $err) = query($node,
	"SET default_transaction_isolation = serializable; CALL gooseplus_deploy('eu,de'); SELECT sum(id) FROM mine;");
is($out, 3, 'a deploy in serializable transactions');
like($err, $changed, 'says what has changed');
is(workers_since($begin), 2, 'with two workers');

$node->stop;
done_testing();
