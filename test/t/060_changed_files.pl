# Files of applied migrations that change: which changes are seen, which files
# are read to see them, and what is said of files that cannot be read.

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
	  . "-- +goose Down\nDROP TABLE $table;\n";
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
sub file_of { my ($version) = @_; return "$root/base/0000${version}_t.sql"; }

sub table_of { my ($version) = @_; return "tab_$version"; }

# Begin with an empty schema, and these many migrations, all applied.
sub begin_with
{
	my ($last) = @_;

	clear_files($node);
	$node->safe_psql('postgres',
		'SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION gooseplus');
	write_at(file_of($_), text_of(table_of($_)), $old) foreach 1 .. $last;
	$node->safe_psql('postgres', 'SELECT gooseplus_migrate()');
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
is(run_call(), '', 'and a run says nothing');

# 1: as long as before and as old; 2: only touched; 3: another comment
write_at(file_of(1), text_of('tab_x'), $old);
utime time, time, file_of(2) or die $!;
write_at(file_of(3), "-- note\n" . text_of(table_of(3)), $old + HOUR);
is(states(), '', 'a file of the same size and time is not read; others are, and can be the same');
is(run_call(), '', 'a run says nothing');

# 2: as long as before, but newer; 4: as old, but longer; 5: older
write_at(file_of(2), text_of('tab_x'), $old + 1);
write_at(file_of(4), text_of('tab_long'), $old);
write_at(file_of(5), text_of('tab_x'), $old - HOUR);
is(states(), '2 modified, 4 modified, 5 modified', 'another size or time, and another text: modified');
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

# the files are put back, in the middle of a minute or not
write_at(file_of(2), text_of(table_of(2)), $old + 1.25);
write_at(file_of($_), text_of(table_of($_)), $old) foreach 4, 5;
is(states(), '', 'the files are as they were');

# a repair knows the new time and size, too
write_at(file_of(2), text_of('tab_x'), $old + HOUR);
is($node->safe_psql('postgres', 'SELECT gooseplus_repair(2)'), 't', 'repair takes another text');
is(states(), '', 'and the file is no longer modified');
write_at(file_of(2), text_of('tab_y'), $old + HOUR);
is(states(), '', 'its size and its time are known from then on');
write_at(file_of(2), text_of(table_of(2)), $old + 2 * HOUR);
is(states(), '2 modified', 'what it was before is a change now');
is($node->safe_psql('postgres', 'SELECT gooseplus_repair(2), gooseplus_repair(2)'), 't|f', 'repair knows what is new');

# excluded ones are none of our business
write_at(file_of(4), text_of('tab_long'), $old + HOUR);
is(run_call('{"exclude_versions": [4]}'), '', 'what is excluded is not compared');
is(states(), '4 modified', 'but otherwise it is');

# ------------------------------------------------ files that were just written

begin_with(1);
foreach my $when ('now', 'in the future')
{
	my $time = $when eq 'now' ? time : time + HOUR;
	my $version = $when eq 'now' ? 2 : 3;

	write_at(file_of($version), text_of(table_of($version)), $time);
	run_call();
	write_at(file_of($version), text_of('tab_x'), $time);
	like(states(), qr/\b$version modified/,
		"a file of $when, applied and changed in the same moment, is read");
	write_at(file_of($version), text_of(table_of($version)), $time);
	is(states(), '', 'and put back, too');
}

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
	skip 'this user may read everything', 5 if -r file_of(2);
	is_not_read('a file that may not be read', qr{could not open file "\S*/base/00002_t\.sql": Permission denied});
	utime $old, $old, file_of(2) or die $!;
	is(states(), '', 'nobody notices as long as it need not be read');
}
unlink file_of(2) or die $!;
is(states(), '2 missing', 'a file that is gone is missing');
is(run_call(), '', 'and no change');

# what is no migration any more is a change like others
write_at(file_of(2), "-- +goose Sideways\n", $old);
is(states(), '2 modified', 'a file with a wrong annotation');
is(warned(), 'base/00002_t.sql', 'has changed');

$node->stop;
done_testing();
