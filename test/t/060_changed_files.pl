# Files of applied migrations that change: which changes are seen, which files
# are read to see them, and what is said of files that cannot be read.
#
# Which files are read is seen by how many bytes the server's process has read,
# where the system tells: the files here are long enough for that.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant HOUR => 3600;
use constant SIZE => 200_000;

my $node = new_node('changed_files');
my $root = migrate_root($node);
my $outside = $node->basedir . '/outside';
my $old = time - 24 * HOUR;
my ($status, $out, $err);

# The text of a file that makes a table of this name, of five letters.
sub text_of
{
	my ($table) = @_;

	return "-- +goose Up\nCREATE TABLE $table (id int);\n"
	  . "-- +goose Down\nDROP TABLE $table;\n"
	  . "-- a comment\n" x (SIZE / 13);
}

# Write a file as of a point in time.
sub write_at
{
	my ($path, $text, $time) = @_;

	write_raw($path, $text);
	utime $time, $time, $path or die "$path: $!";
	return;
}

# The files, all of yesterday: migrations 1 to N with tables table1, ...
sub file_of { my ($version) = @_; return sprintf "$root/base/%05d_t.sql", $version; }

sub table_of { my ($version) = @_; return "tab_$version"; }

# Begin with an empty schema, and these many migrations, all applied.
sub begin_with
{
	my ($last) = @_;

	clear_files($node);
	$node->safe_psql('postgres',
		'SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION gooseplus');
	write_at(file_of($_), text_of(table_of($_)), $old) foreach 1 .. $last;
	wait_for_age($node, glob "$root/base/*.sql");
	$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
	return;
}

# How many of the files a look at them reads; undef if nobody knows.
sub files_read
{
	my $read = q((SELECT (regexp_match(pg_read_file('/proc/self/io'), 'rchar: (\d+)'))[1]::bigint));
	my ($begin, $end);

	return unless -r '/proc/self/io';
	# twice, as the first look reads catalogs, too
	(undef, $begin, undef, $end) = split /\n/, $node->safe_psql('postgres',
		"SELECT count(*) FROM gooseplus_status();\nSELECT $read;\n" x 2);
	return int(($end - $begin) / SIZE);
}

sub reads
{
	my ($count, $name) = @_;
	my $found = files_read();

  SKIP:
	{
		skip 'this system does not tell what a process has read', 1 unless defined $found;
		is($found, $count, $name);
	}
	return;
}

# "VERSION state" of all migrations that are not just applied.
sub states
{
	return $node->safe_psql('postgres',
		"SELECT string_agg(version || ' ' || state, ', ' ORDER BY version) FROM gooseplus_status() WHERE state <> 'applied'");
}

# A run that has nothing to do but to look.
sub run_call
{
	my ($options) = @_;

	($status, $out, $err) = query($node,
		"\\set VERBOSITY verbose\nSET client_min_messages = warning;\n"
		  . "SELECT source FROM gooseplus_migrate(options => '" . ($options || '{}') . "')");
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return $err;
}

# What the warning of such a run lists.
sub warned
{
	my ($detail) = run_call() =~ /^DETAIL:  Changed: (.*)\.$/m;

	return $detail;
}

# ------------------------------------------------ which changes are seen

begin_with(5);
is(states(), '', 'nothing has changed');
reads(0, 'and no file is read to see that');
is(run_call(), '', 'and a run says nothing');

# 1: only touched; 3: another comment
utime time, time, file_of(1) or die $!;
write_at(file_of(3), "-- note\n" . text_of(table_of(3)), $old);
is(states(), '', 'files that are other ones, with the same tokens');
reads(2, 'have to be read');
is(run_call(), '', 'a run says nothing');

# 2: as long and as old as before; 4: as old, but longer; 5: older
write_at(file_of(2), text_of('tab_x'), $old);
write_at(file_of(4), text_of('tab_long'), $old);
write_at(file_of(5), text_of('tab_x'), $old - HOUR);
is(states(), '2 modified, 4 modified, 5 modified', 'another text is seen, also if it has the size and the time of the old one');
is(warned(), 'base/00002_t.sql, base/00004_t.sql, base/00005_t.sql', 'a run warns');
like($err, qr/^WARNING:  55000: 3 applied migrations have changed since they were applied$/m, 'in these words');
is($status, 0, 'and goes on');
run_call('{"checksum": "error"}');
like($err, qr/^ERROR:  55000: 3 applied migrations have changed/m, 'or refuses to');
is(run_call('{"checksum": "off"}'), '', 'or does not look');
is( $node->safe_psql('postgres', 'SELECT source, line, severity, message FROM gooseplus_validate()'),
	join("\n", map { "base/0000${_}_t.sql||warning|The file has changed since it was applied." } 2, 4, 5),
	'validate says so, too');
is( $node->safe_psql('postgres', q(SELECT DISTINCT severity FROM gooseplus_validate(options => '{"checksum": "error"}'))),
	'error', 'as an error if that is what it is');

# the files are put back
write_at(file_of($_), text_of(table_of($_)), $old) foreach 2, 4, 5;
is(states(), '', 'the files are as they were');

# a repair knows which file it has seen, too
write_at(file_of(2), text_of('tab_x'), $old);
wait_for_age($node, glob "$root/base/*.sql");
reads(5, 'all have been written anew');
is($node->safe_psql('postgres', 'SELECT gooseplus_repair(2)'), 't', 'repair takes another text');
is(states(), '', 'and the file is no longer modified');
reads(4, 'nor read again');
write_at(file_of(2), text_of(table_of(2)), $old);
is(states(), '2 modified', 'what it was before is a change now');
is($node->safe_psql('postgres', 'SELECT gooseplus_repair(2), gooseplus_repair(2)'), 't|f', 'repair knows what is new');

# excluded ones are none of our business
write_at(file_of(4), text_of('tab_long'), $old + HOUR);
is(run_call('{"exclude_versions": [4]}'), '', 'what is excluded is not compared');
is(states(), '4 modified', 'but otherwise it is');

# ------------------------------------------------ files that were just written

begin_with(1);
write_at(file_of(2), text_of(table_of(2)), $old);
run_call();
write_at(file_of(2), text_of('tab_x'), $old);
is(states(), '2 modified', 'a file that is applied and changed in the same moment');
write_at(file_of(2), text_of(table_of(2)), $old);
is(states(), '', 'and put back');
write_at(file_of(3), text_of(table_of(3)), $old);
run_call();
wait_for_age($node, glob "$root/base/*.sql");
reads(2, 'a file that was just written when it was applied has to be read');

# ------------------------------------------------ a run notes which files it has compared

my $last = 3;

# A run with a new migration to apply, which itself is no file of this moment.
sub run_more
{
	my ($options) = @_;

	write_at(file_of(++$last), text_of(table_of($last)), $old);
	wait_for_age($node, glob "$root/base/*.sql");
	return run_call($options);
}

# The sizes and times that the history has of the first files.
sub stamps
{
	return $node->safe_psql('postgres',
		'SELECT version, file_size, file_changed FROM goose_db_version_history'
		  . ' WHERE version_row IS NOT NULL AND version <= 3 ORDER BY version');
}

# What tells the files as they are, if their times are as of that version.
sub stamps_of_files
{
	my $files = join ' UNION ALL ',
	  map { my @stat = stat file_of($_); "SELECT $_, $stat[7]::bigint, $stat[10]::float8" } @_;

	return "SELECT f.* FROM ($files) f(version, size, changed)"
	  . " JOIN goose_db_version_history h USING (version)"
	  . " WHERE h.version_row IS NOT NULL AND f.size = h.file_size"
	  . " AND f.changed = trunc(extract(epoch FROM h.file_changed))";
}

my $before = stamps();

$node->safe_psql('postgres', 'SELECT gooseplus_rehearse(); SELECT gooseplus_validate(); SELECT gooseplus_plan()');
run_call();
run_more('{"lock": false}');
is(stamps(), $before, 'a look, a rehearsal, and runs without the lock or anything to do write nothing');
reads(2, 'so they are read again');
is(run_more(), '', 'a run reads them, too');
reads(0, 'and the next look need not');
is($node->safe_psql('postgres', 'SELECT count(*) FROM (' . stamps_of_files(1 .. 3) . ') f'),
	3, 'the history has their size and time');

# a new checkout: the same files with other times, and one with another text
write_at(file_of(++$last), text_of(table_of($last)), $old);
wait_for_age($node, glob "$root/base/*.sql");
write_at(file_of($_), text_of(table_of($_)), $old) foreach 1, 3;
write_at(file_of(2), text_of('tab_x'), $old);
run_call();
reads(3, 'files of this moment are read as long as they are new');
run_more();
is(warned(), 'base/00002_t.sql', 'one of them has changed');
reads(1, 'and is the only one to be read again');
is(states(), '2 modified', 'to be the change that it is');
write_at(file_of(2), text_of(table_of(2)), $old);
write_at(file_of(++$last), text_of(table_of($last)), $old);
wait_for_age($node, glob "$root/base/*.sql");
$node->safe_psql('postgres', 'CALL gooseplus_deploy()');
reads(0, 'a deploy notes it, too');

# a history that lets nobody change it does not matter
write_at(file_of(1), text_of(table_of(1)), $old);
$before = stamps();
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not to be changed''; END';
	CREATE TRIGGER refuse BEFORE UPDATE ON goose_db_version_history FOR EACH ROW EXECUTE FUNCTION refuse();
));
is(run_more(), '', 'a trigger that refuses changes is not asked');
is(stamps(), $before, 'and nothing is noted');
$node->safe_psql('postgres', 'DROP FUNCTION refuse() CASCADE');
foreach my $case (
	[ 'a row that a check would refuse',
		"ALTER TABLE goose_db_version_history ADD CHECK (version > 3 OR event = 'run') NOT VALID",
		'ALTER TABLE goose_db_version_history DROP CONSTRAINT goose_db_version_history_check' ],
	[ 'a publication of rows that have no identity',
		'ALTER TABLE goose_db_version_history REPLICA IDENTITY NOTHING;'
		  . ' SET client_min_messages = error; CREATE PUBLICATION everything FOR ALL TABLES',
		'DROP PUBLICATION everything; ALTER TABLE goose_db_version_history REPLICA IDENTITY DEFAULT' ],
	[ 'a column that is computed',
		'CREATE FUNCTION computed(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql RETURN 1;'
		  . ' ALTER TABLE goose_db_version_history ADD computed bigint GENERATED ALWAYS AS (computed(version)) STORED;'
		  . ' CREATE OR REPLACE FUNCTION computed(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql RETURN 1 / ($1 / 4)',
		'DROP FUNCTION computed CASCADE' ])
{
	my ($name, $make, $drop) = @$case;

	$node->safe_psql('postgres', $make);
	is(run_more(), '', "$name does not matter");
	$node->safe_psql('postgres', $drop);
}
is(stamps(), $before, 'and nothing is noted there');
run_more();
isnt(stamps(), $before, 'without it the next run notes the file');
reads(0, 'which is not read again');

# ------------------------------------------------ links

clear_files($node);
$node->safe_psql('postgres',
	'SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION gooseplus');

# a mounted config map: all files change by one link
write_at("$root/base/..first/0000${_}_t.sql", text_of(table_of($_)), $old) foreach 1, 2;
write_at("$root/base/..second/0000${_}_t.sql", text_of(table_of($_)), $old + HOUR) foreach 1, 2;
write_at("$root/base/..third/00001_t.sql", text_of(table_of(1)), $old + HOUR);
write_at("$root/base/..third/00002_t.sql", text_of('tab_x'), $old + HOUR);
symlink "..data/0000${_}_t.sql", file_of($_) or die $! foreach 1, 2;

sub switch_to
{
	my ($folder) = @_;

	unlink "$root/base/..data";
	symlink $folder, "$root/base/..data" or die $!;
	return;
}

switch_to('..first');
run_call();
is(states(), '', 'files of a config map');
switch_to('..second');
is(states(), '', 'a new config map with the same files');
switch_to('..third');
is(states(), '2 modified', 'one with another file');
is(warned(), 'base/00002_t.sql', 'a run warns of it');
switch_to('..first');
is(states(), '', 'and the first one again');

# ------------------------------------------------ what cannot be read

# A run lists the file with this reason, and status calls it modified.
sub is_not_read
{
	my ($name, $reason) = @_;

	like(warned(), qr/^base\/00002_t\.sql \($reason\)$/, "$name: a run says why");
	is($status, 0, "$name: and goes on");
	is(states(), '2 modified', "$name: status has it as modified");
	is( $node->safe_psql('postgres',
			"SELECT message LIKE 'The file has been applied, and cannot be compared with what was: %' FROM gooseplus_validate() WHERE severity = 'warning'"),
		't', "$name: validate says so");
	return;
}

begin_with(3);
unlink file_of(2) or die $!;
write_at("$outside/00002_t.sql", text_of(table_of(2)), $old + HOUR);
symlink "$outside/00002_t.sql", file_of(2) or die $!;
is_not_read('a link to the outside, to the same text',
	qr{"\S*/base/00002_t\.sql" leads out of the directory of migrations});
run_call('{"checksum": "error"}');
like($err, qr/^ERROR:  55000: 1 applied migration has changed since it was applied$/m, 'it can be an error');
(undef, undef, $err) = query($node, "SELECT gooseplus_repair(2)");
like($err, qr/leads out of the directory/, 'repair does not read it, either');
unlink file_of(2) or die $!;

symlink 'nowhere.sql', file_of(2) or die $!;
is_not_read('a link to nowhere', qr{could not access file "\S*/base/00002_t\.sql": No such file or directory});
unlink file_of(2) or die $!;

mkfifo(file_of(2), 0600) or die $!;
is_not_read('a fifo, which nobody writes to', qr{"\S*/base/00002_t\.sql" is not a regular file});
unlink file_of(2) or die $!;

mkdir file_of(2) or die $!;
is_not_read('a folder', qr{"\S*/base/00002_t\.sql" is not a regular file});
rmdir file_of(2) or die $!;

write_at(file_of(2), text_of("t\xe4b_2"), $old + HOUR);
is_not_read('bytes that are not UTF-8', qr{.*invalid byte.*});
write_at(file_of(2), text_of("t\0b_2"), $old + HOUR);
is_not_read('a null byte', qr{null byte in a migration file});

SKIP:
{
	write_at(file_of(2), text_of(table_of(2)), $old + HOUR);
	chmod 0, file_of(2) or die $!;
	skip 'this user may read everything', 4 if -r file_of(2);
	is_not_read('a file that may not be read', qr{could not open file "\S*/base/00002_t\.sql": Permission denied});
}
unlink file_of(2) or die $!;
is(states(), '2 missing', 'a file that is gone is missing');
is(run_call(), '', 'and no change');

# what is no migration any more is a change like others
write_at(file_of(2), "-- +goose Sideways\n", $old);
is(states(), '2 modified', 'a file with a wrong annotation');
is(warned(), 'base/00002_t.sql', 'has changed');

# ------------------------------------------------ many files

# How often a look, and a run that finds nothing to do, have read a table.
sub scans
{
	my ($call, $table) = @_;

	return $node->safe_psql('postgres', qq(
		BEGIN;
		SET LOCAL client_min_messages = warning;
		DO \$\$ BEGIN PERFORM $call; END \$\$;
		SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE relname = '$table';
		COMMIT));
}

begin_with(2);
foreach my $call ('gooseplus_status()', 'gooseplus_migrate()')
{
	foreach my $table ('goose_db_version', 'goose_db_version_history')
	{
		my $few = scans($call, $table);

		write_at(sprintf('%s/base/%05d_t.sql', $root, $_), "-- +goose Up\n", $old) foreach 3 .. 300;
		$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
		cmp_ok($few, '>', 0, "$call reads $table");
		is(scans($call, $table), $few, "as often for 300 files as for 2");
		$node->safe_psql('postgres', 'SELECT gooseplus_down_to(2)');
		unlink glob "$root/base/*.sql" or die $!;
		write_at(file_of($_), text_of(table_of($_)), $old) foreach 1, 2;
	}
}

$node->stop;
done_testing();
