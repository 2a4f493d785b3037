# A rollback without the files: the container that had the newer migrations is
# gone, and those that are left take them back from the history.  Also after a
# dump and a restore, after a crash half way, in other encodings, and with
# secrets, which are not in the history.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# with what a server has by default, sequences survive a crash
my $node = new_node('stored_texts', init => { allows_streaming => 1 });
my $newer = migrate_root($node) . '/newer';
my $older = migrate_root($node) . '/older';
my $none = migrate_root($node) . '/none';
my $secret = 'mellon-8217';
my $database;
my $made = 0;
my ($status, $out, $err);

# ------------------------------------------------------------- migrations

my $up = "-- +goose Up\n";
my $plain = "-- +goose NO TRANSACTION\n$up";
my %first = (
	'base/00001_items.sql' => "${up}CREATE TABLE item (id int PRIMARY KEY, note text);
INSERT INTO item SELECT i, 'note ' || i FROM generate_series(1, 50) i;
-- +goose Down
DROP TABLE item;
",
	'base/00002_log.sql' => "${up}CREATE TABLE log (what text);
-- +goose Down
DROP TABLE log;
",
	'base/00003_type.sql' => "${up}CREATE TYPE color AS ENUM ('red');
CREATE VIEW notes AS SELECT note FROM item;
-- +goose Down
DROP VIEW notes;
DROP TYPE color;
");

# What the newer container has, too; their Down parts need all that goose's
# format has.
my %second = (
	'base/00004_function.sql' => "\xef\xbb\xbf-- a line before\r
${up}\r
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS \$body\$
BEGIN
	NEW.note := 'touched; twice';
	RETURN NEW;
END
\$body\$;
CREATE TRIGGER touch BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION touch();
DROP VIEW notes;
-- +goose Down
CREATE VIEW notes AS SELECT note FROM item;
DROP TRIGGER touch ON item;
-- +goose StatementBegin
DO \$\$
BEGIN
	DROP FUNCTION touch();
END
\$\$;
-- +goose StatementEnd
-- the end, without a line end",
	'base/00005_data.sql' => "${up}COPY item FROM stdin;
1000\ta\\tb
1001\t\\N
\\.
-- +goose Down
DELETE FROM item WHERE id >= 1000;
COPY log (what) FROM stdin;
5 is taken back
\\.
DELETE FROM log WHERE what = '5 is taken back';
");

# The same for what only a deploy can do.
my %concurrently = (
	%second,
	'base/00006_index.sql' => "${plain}CREATE INDEX CONCURRENTLY item_note ON item (note);
INSERT INTO log VALUES ('6');
-- +goose Down
DELETE FROM log WHERE what = '6';
DROP INDEX CONCURRENTLY item_note;
",
	'production/00007_production.sql' => "${up}INSERT INTO log VALUES ('7');
-- +goose Down
DELETE FROM log WHERE what = '7';
");

# ---------------------------------------------------------------- helpers

# A new database; the containers have these files.
sub begin_with
{
	my ($options, %more) = @_;

	$database = 'work_' . ++$made;
	$node->safe_psql('postgres',
		"CREATE DATABASE $database TEMPLATE template0" . ($options ? " $options" : ''));
	$node->safe_psql($database, 'CREATE EXTENSION gooseplus');
	clear_files($node);
	write_files($node, map { ("older/$_" => $first{$_}, "newer/$_" => $first{$_}) } keys %first);
	write_files($node, map { ("newer/$_" => $more{$_}) } keys %more);
	write_files($node, map { ("$_/note.txt" => '') } 'none', 'none/other');
	return;
}

# A call by the container that has this directory.  ":o" in it stands for the
# options.
sub run_call
{
	my ($directory, $call, $options) = @_;
	my $given = "options => '{\"directory\": \"$directory\"" . ($options ? ", $options" : '') . "}'";

	$call =~ s/:o\b/$given/;
	$call = "SELECT version, direction, state FROM $call" unless $call =~ /^CALL/;
	($status, $out, $err) =
	  query($node, "\\set VERBOSITY verbose\n$call", database => $database);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return $status;
}

sub works
{
	my ($name) = @_;

	is($status, 0, $name) or diag($err);
	return;
}

# Schema and rows, but for the records.
sub contents
{
	return dump_of($node, $database, '--exclude-table=goose_db_version*');
}

# The schema with that of the records.
sub schema { return dump_of($node, $database, '--schema-only'); }

sub versions
{
	return $node->safe_psql($database,
		"SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version");
}

# Is it in a dump of all there is?
sub in_dump
{
	my ($text) = @_;

	return index(dump_of($node, $database), $text) >= 0;
}

# Notices of files that are gone.
sub notices
{
	return join ', ', $err =~ /^NOTICE:  00000: file (\S+) is gone: its Down part is taken from the history$/mg;
}

# Is what the history has of each migration its file, byte for byte?
sub texts_are_files
{
	my ($directory) = @_;

	return $node->safe_psql($database, qq(
		SELECT string_agg(source, ', ') FROM goose_db_version_history
		WHERE event = 'migration' AND direction = 'up' AND
			convert_to(up || down, 'UTF8') IS DISTINCT FROM pg_read_binary_file('$directory/' || source)));
}

# ------------------------------------------------------- another container

my ($contents, $schema);

# Deploys the first ones, notes what there is, and then the others.
sub deploy_newer
{
	my ($env, $options) = @_;

	run_call($older, "CALL gooseplus_deploy(:o)");
	works('the older container deploys');
	($contents, $schema) = (contents(), schema());
	run_call($newer, "CALL gooseplus_deploy($env:o)", $options);
	works('the newer container deploys');
	is(texts_are_files($newer), '', 'the history has the files');
	return;
}

# The database is as it was before the newer ones.
sub is_back
{
	my ($name) = @_;

	is(versions(), '0 1 2 3', "$name: the versions are back");
	ok(schema() eq $schema, "$name: and the schema");
	ok(contents() eq $contents, "$name: and the rows");
	return;
}

begin_with('', %concurrently);
deploy_newer("'production', ");
run_call($older, "CALL gooseplus_revert(3, 'production', :o)");
works('revert');
is(notices(),
	'production/00007_production.sql, base/00006_index.sql, base/00005_data.sql, base/00004_function.sql',
	'revert: it says what is from the history');
like($err, qr/^WARNING:  58P01: environment "production" has no folder in the directory "\Q$older\E"$/m,
	'revert: and that the folder is gone');
is_back('revert');
run_call($newer, "CALL gooseplus_deploy('production', :o)");
works('the newer container comes back');
is(versions(), '0 1 2 3 4 5 6 7', 'and applies all of it');
run_call($none, "CALL gooseplus_revert(0, 'production', :o)");
works('revert to 0 without any file');
is( $node->safe_psql($database, q(SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
	WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
	AND relname !~ '^(gooseplus_|goose_db_version)')),
	'', 'nothing is left');

# what was taken back is recorded like others
is( $node->safe_psql($database, q(
		SELECT string_agg(concat_ws(' ', version, source, environment, outcome), ', ' ORDER BY id) FROM goose_db_version_history
		WHERE direction = 'down' AND event = 'migration' AND version > 5)),
	join(', ', ('7 production/00007_production.sql production applied, 6 base/00006_index.sql base applied') x 2),
	'the history says so');

# in one transaction
begin_with('', %second);
deploy_newer('');
run_call($older, 'gooseplus_down_to(3, :o)');
works('down_to');
is($out, "5|down|applied\n4|down|applied", 'down_to: its rows');
is(notices(), 'base/00005_data.sql, base/00004_function.sql', 'down_to: it says what is from the history');
is_back('down_to');

run_call($newer, 'gooseplus_migrate(:o)');
works('and up again');
foreach my $call ('gooseplus_redo(:o)', 'gooseplus_apply_version(4, \'up\', :o)')
{
	run_call($older, $call);
	is($status, 3, "$call: an Up part is not taken from the history");
}
like($err, qr/^ERROR:  58P01: version not found: 4$/m, 'it is not found');
run_call($older, 'gooseplus_down(:o)');
works('down');
run_call($older, 'gooseplus_apply_version(4, \'down\', :o)');
works('apply_version');
is_back('down and apply_version');
run_call($newer, 'gooseplus_migrate(:o)');
run_call($older, 'gooseplus_reset(:o)');
works('reset, with some of the files');
is(notices(), 'base/00005_data.sql, base/00004_function.sql', 'reset: those that are gone are from the history');
is(versions(), 0, 'reset: nothing is applied');

# the last word counts: a repaired text, and not what was before
begin_with('', %second, 'base/00006_wrong.sql' => "${up}INSERT INTO log VALUES ('6');\n-- +goose Down\nSELECT 1 / 0;\n");
deploy_newer('');
write_files($node, 'newer/base/00006_wrong.sql' => "${up}INSERT INTO log VALUES ('6');\n-- +goose Down\nDELETE FROM log;\n");
run_call($older, 'CALL gooseplus_revert(5, :o)');
like($err, qr/^ERROR:  22012: division by zero$/m, 'a Down part that is stored, and wrong');
like($err, qr/base\/00006_wrong\.sql/, 'the error names its file');
is(versions(), '0 1 2 3 4 5 6', 'and nothing is done');
is( $node->safe_psql($database, qq(SELECT gooseplus_repair(6, options => '{"directory": "$newer"}'))),
	't', 'it is repaired');
run_call($older, 'CALL gooseplus_revert(3, :o)');
works('then it is taken back');
is_back('repair');

# recorded by gooseplus_baseline
begin_with('', %second);
run_call($older, 'CALL gooseplus_deploy(:o)');
($contents, $schema) = (contents(), schema());
$node->safe_psql($database, $second{'base/00005_data.sql'} =~ s/^-- \+goose Down.*//msr);
$node->safe_psql($database, $second{'base/00004_function.sql'} =~ s/^-- \+goose Down.*//msr);
$node->safe_psql($database, qq(SELECT gooseplus_baseline(5, options => '{"directory": "$newer"}')));
run_call($older, 'gooseplus_down_to(3, :o)');
works('what was only recorded');
is_back('baseline');

# environments and exclusions are those of the call
begin_with('', %concurrently);
deploy_newer("'production', ");
run_call($older, 'CALL gooseplus_revert(3, :o)');
like($err, qr/^ERROR:  58P01: version not found: 7$/m, 'an environment that the call does not name');
run_call($older, "CALL gooseplus_revert(3, 'staging', :o)");
like($err, qr/^ERROR:  58P01: environment "staging" has no folder/m, 'one that never was');
run_call($older, "CALL gooseplus_revert(3, 'production', :o)", '"exclude_versions": [6]');
like($err, qr/^ERROR:  58P01: version not found: 6$/m, 'an excluded one');
is(versions(), '0 1 2 3 4 5 6 7', 'nothing was done');

# ------------------------------------------------------- dump and restore

my $restored = "${database}_restored";
my $file = $node->basedir . '/dump';

$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr($database) ], 'pg_dump');
$node->safe_psql('postgres', "CREATE DATABASE $restored TEMPLATE template0");
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($restored), $file ], 'pg_restore');
$database = $restored;
is( $node->safe_psql($database, q(
		SELECT count(*), bool_and(h.version = v.version_id)
		FROM goose_db_version_history h LEFT JOIN goose_db_version v ON v.id = h.version_row
		WHERE h.event = 'migration')),
	'7|t', 'each row of the history has its row of the version table');
is( $node->safe_psql($database, qq(SELECT string_agg(state, ' ') FROM gooseplus_status('production', '{"directory": "$newer"}'))),
	'applied applied applied applied applied applied applied', 'status');
run_call($older, "CALL gooseplus_revert(3, 'production', :o)");
works('the restored database is reverted');
is_back('restored');

# ------------------------------------------------------- crashes

# Kills the process of a call where it waits for us.
sub kill_at_gate
{
	my ($directory, $call) = @_;
	my $gate = $node->background_psql($database);
	my $session;
	my $pid;

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$call =~ s/:o/options => '{"directory": "$directory"}'/;
	$session = start_psql($node, "$call;", database => $database);
	$pid = wait_activity($node, 'gooseplus: %', "wait_event = 'advisory' AND datname = '$database'");
	kill('KILL', $pid) == 1 or die "could not kill $pid: $!";
	finish_psql($session);
	# the whole server starts anew
	eval { $gate->quit };
	wait_server($node, 'SELECT true') or die 'the server is not back';
	return;
}

my %gates = (
	%second,
	'base/00006_gate.sql' => "${plain}CREATE INDEX CONCURRENTLY item_note ON item (note);
INSERT INTO log VALUES ('6');
SELECT pg_advisory_lock(1);
SELECT pg_advisory_unlock(1);
INSERT INTO log VALUES ('6 again');
-- +goose Down
DELETE FROM log WHERE what LIKE '6%';
SELECT pg_advisory_lock(1);
SELECT pg_advisory_unlock(1);
DROP INDEX CONCURRENTLY item_note;
");

begin_with('', %gates);
run_call($older, 'CALL gooseplus_deploy(:o)');
($contents, $schema) = (contents(), schema());
kill_at_gate($newer, 'CALL gooseplus_deploy(:o)');
is(versions(), '0 1 2 3 4 5', 'a deploy is cut off');
is($node->safe_psql($database, 'SELECT what FROM log'), '6', 'half way');
run_call($older, 'CALL gooseplus_deploy(:o)');
like($err, qr/^WARNING:  01000: migration base\/00006_gate\.sql is half applied$/m,
	'the older container is told of it');
run_call($older, 'CALL gooseplus_revert(3, :o)');
works('but a revert takes it back');
is_back('half applied');

# and a revert that is cut off half way
run_call($newer, 'CALL gooseplus_deploy(:o)');
works('once more');
kill_at_gate($older, 'CALL gooseplus_revert(3, :o)');
is(versions(), '0 1 2 3 4 5 6', 'a revert is cut off');
is($node->safe_psql($database, 'SELECT count(*) FROM log'), 0, 'half way');
run_call($older, 'CALL gooseplus_revert(3, :o)');
works('the next one goes on');
is_back('half taken back');

# ------------------------------------------------------- secrets

my %secrets = (
	'base/00004_secret.sql' => "${up}-- +goose ENVSUB ON
CREATE FUNCTION known(word text) RETURNS boolean LANGUAGE sql AS 'SELECT md5(word) = word';
INSERT INTO log VALUES (md5('\${SECRET}'));
-- +goose ENVSUB OFF
-- +goose Down
-- +goose ENVSUB ON
DELETE FROM log WHERE what = md5('\${SECRET?what is it?}');
DROP FUNCTION known(text);
",
	# expanded from a line of the Up part on
	'base/00005_secret.sql' => "${plain}-- +goose ENVSUB ON
SELECT length('\${SECRET}');
-- +goose Down
DELETE FROM log WHERE what = '\${SECRET}';
");
my $variables = "\"variables\": {\"SECRET\": \"$secret\"}";

begin_with('', %secrets);
deploy_newer('', $variables);
ok(!in_dump($secret), 'no dump has the value of a variable');
ok(in_dump('${SECRET}'), 'the history has its name');
$node->safe_psql($database, "INSERT INTO log VALUES ('$secret')");
run_call($older, 'CALL gooseplus_revert(3, :o)');
isnt($status, 0, 'without the variable nothing is taken back');
is(versions(), '0 1 2 3 4 5', 'and nothing is done');
run_call($older, 'CALL gooseplus_revert(3, :o)', $variables);
works('the variable is that of the call');
is_back('secrets');
ok(!in_dump($secret), 'and is nowhere, again');

# a value in an error, which the history keeps
begin_with('', 'base/00004_secret.sql' => "${plain}-- +goose ENVSUB ON\nSELECT 1;\nSELEC '\${SECRET}';\n");
run_call($newer, 'CALL gooseplus_deploy(:o)', $variables);
isnt($status, 0, 'a file that fails');
ok(!in_dump($secret), 'leaves no secret, either');

# ------------------------------------------------------- encodings

my %umlauts = (
	'base/00004_umlaut.sql' => "$up-- gr\xc3\xbc\xc3\x9fe\r
CREATE TABLE \"t\xc3\xbcr\" (\"gr\xc3\xb6\xc3\x9fe\" text DEFAULT '\xc3\xa4');
INSERT INTO log VALUES ('\xc3\x84rger');
-- +goose Down
UPDATE log SET what = what || ' weg: \xc3\xbc' WHERE what = '\xc3\x84rger';
DROP TABLE \"t\xc3\xbcr\";
");
my %sums;

foreach my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII')
{
	begin_with("ENCODING '$encoding' LOCALE 'C'", %umlauts);
	deploy_newer('');
	$sums{ $node->safe_psql($database,
			'SELECT checksum FROM goose_db_version_history WHERE version = 4') } = 1;
	is( $node->safe_psql($database, qq(SELECT string_agg(state, ' ') FROM gooseplus_status(options => '{"directory": "$newer"}'))),
		'applied applied applied applied', "$encoding: nothing has changed");
	run_call($older, 'CALL gooseplus_revert(3, :o)');
	works("$encoding: the Down part runs from the history");
	is( $node->safe_psql($database,
			$encoding eq 'SQL_ASCII'
			? q(SELECT encode(what::bytea, 'hex') FROM log)
			: q(SELECT encode(convert_to(what, 'UTF8'), 'hex') FROM log)),
		unpack('H*', "\xc3\x84rger weg: \xc3\xbc"),
		"$encoding: with its letters");
}
is(scalar(keys %sums), 1, 'the checksum is the same in all encodings');

$node->stop;
done_testing();
