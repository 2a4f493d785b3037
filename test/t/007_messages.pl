# What a run says: notices to the client, one log line for each migration and
# each run with a JSON object as its detail, the history, a notification, and
# errors that name their place.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('messages');
my $time = qr/\d+(?:\.\d+)? (?:us|ms|s)/;

# Runs, and returns the status, the output, the error output without psql's
# own prefix, and the records that the log got, decoded.
sub run
{
	my ($call, %options) = @_;
	my $from = -s $node->logfile;
	my ($status, $out, $err) = query($node, $call, %options);
	my $log = substr(slurp_file($node->logfile), $from);
	my @records;

	while ($log =~ /LOG:  gooseplus: (.*)\n.*? DETAIL:  (.*)\n/g)
	{
		my ($line, $detail) = ($1, $2);
		my $record = eval { decode_json($detail) };

		ok(defined $record, "log detail is JSON: $line") or diag($detail);
		push @records, { %{ $record || {} }, line => $line };
	}
	$err =~ s/^psql:[^ ]* //mg;
	return ($status, $out, $err, @records);
}

# What log, history and notification say alike.
sub told
{
	my ($record) = @_;

	return {
		map { $_ => $record->{$_} }
		grep { defined $record->{$_} }
		qw(event run source environment direction version statements rows
		outcome sqlstate message)
	};
}

# What the history says of a run.
sub history
{
	my ($run) = @_;
	my $rows = $node->safe_psql('postgres',
		"SELECT coalesce(json_agg(h ORDER BY id), '[]')"
		  . " FROM goose_db_version_history h WHERE run = '$run'");

	return [ map { told($_) } @{ decode_json($rows) } ];
}

# --- a good run

write_files(
	$node,
	'base/00001_init.sql' =>
	  "CREATE TABLE item (id int PRIMARY KEY);\nINSERT INTO item SELECT generate_series(1, 10);\nUPDATE item SET id = id + 100;",
	'base/00002_empty.sql' => "-- +goose Up\n-- +goose Down\n",
	'production/00003_more.sql' => 'INSERT INTO item VALUES (1), (2);');

my ($status, $out, $err, @log) = run("SELECT gooseplus_migrate('production')");
my @lines = split /\n/, $err;

is($status, 0, 'a good run');
is(scalar(@lines), 4, 'it says one line for each migration and one at the end')
  or diag($err);
like($lines[0], qr/^NOTICE:  OK    00001_init\.sql \($time\)$/, 'OK');
like($lines[1], qr/^NOTICE:  EMPTY 00002_empty\.sql \($time\)$/, 'EMPTY');
like($lines[2], qr/^NOTICE:  OK    00003_more\.sql \($time\)$/,
	'OK of the environment');
is( $lines[3],
	'NOTICE:  successfully migrated database, current version: 3',
	'the end');

is(scalar(@log), 4, 'the log has one record for each migration and one of the run');
my $run = $log[3]{run};
like($run, qr/^[0-9a-f]{16}$/, 'the run has an id');
is_deeply([ map { $_->{run} } @log ], [ ($run) x 4 ], 'that all records have');
is_deeply([ map { $_->{event} } @log ],
	[ 'migration', 'migration', 'migration', 'run' ], 'events');
is_deeply([ map { $_->{outcome} } @log ],
	[ 'applied', 'empty', 'applied', 'done' ], 'outcomes');
is_deeply([ map { $_->{version} } @log ], [ 1, 2, 3, 3 ], 'versions');
is_deeply(
	[ map { $_->{source} } @log ],
	[
		'base/00001_init.sql', 'base/00002_empty.sql',
		'production/00003_more.sql', undef
	],
	'sources');
is_deeply([ map { $_->{environment} } @log ],
	[ 'base', 'base', 'production', 'production' ], 'environments');
is_deeply([ map { $_->{direction} } @log ], [ ('up') x 4 ], 'directions');
is_deeply([ map { $_->{function} } @log ],
	[ ('gooseplus_migrate') x 4 ], 'functions');
is_deeply([ map { $_->{statements} } @log ], [ 3, 0, 1, 4 ], 'statements');
is_deeply([ map { $_->{rows} } @log ], [ 20, 0, 2, 22 ], 'rows');
is(scalar(grep { $_->{duration_ms} =~ /^\d+(?:\.\d{1,3})?$/ && $_->{duration_ms} > 0 } @log),
	4, 'durations in milliseconds');
is(scalar(grep { exists $_->{sqlstate} || exists $_->{message} } @log),
	0, 'no record tells of an error');
like($log[0]{line}, qr{^migration base/00001_init\.sql applied \($time\)$},
	'the line of a migration');
like($log[3]{line}, qr/^run gooseplus_migrate done \($time\)$/,
	'the line of the run');
is_deeply(history($run), [ map { told($_) } @log ],
	'the history says the same');

# --- nothing to do

($status, $out, $err, @log) = run("SELECT gooseplus_migrate('production')");
is($err, 'NOTICE:  no migrations to run, current version: 3', 'nothing to do');
is_deeply(
	[ map { "$_->{event} $_->{outcome} $_->{version} $_->{statements}" } @log ],
	['run done 3 0'],
	'nothing to do, log');
is_deeply(history($log[0]{run}), [], 'nothing to do, history');

# --- a statement that fails

my $unit = "\xc3\xa4";
write_files(
	$node,
	'base/20240101000000_good.sql' => 'CREATE TABLE good (id int);',
	'base/20240101000001_bad.sql' => <<"SQL");
-- +goose Up
-- a comment, "quoted" \\ and $unit
INSERT INTO item VALUES (3);

-- this one fails
INSERT INTO item
    SELECT '$unit', id,
    colour FROM item;
SQL
($status, $out, $err, @log) = run("SELECT gooseplus_migrate()");
is($status, 3, 'a run that fails');
is($err =~ s/^NOTICE: .*\n//mgr, <<"TEXT" =~ s/\n$//r, 'what psql shows of it');
ERROR:  column "colour" does not exist
LINE 3:     colour FROM item;
            ^
QUERY:  INSERT INTO item
    SELECT '$unit', id,
    colour FROM item;
CONTEXT:  statement 2 at base/20240101000001_bad.sql:8:5
gooseplus_migrate, environment "base": everything is undone, the database is at version 3 as before the call
TEXT
is($err =~ tr/\n// ? ($err =~ /^(NOTICE.*)/)[0] =~ s/\(.*//r : '',
	'NOTICE:  OK    20240101000000_good.sql ',
	'before it, what went well');
is_deeply(
	[ map { "$_->{event} $_->{outcome} $_->{version}" } @log ],
	[
		'migration applied 20240101000000',
		'migration failed 20240101000001',
		'run undone 3'
	],
	'log of the failure');
foreach my $record (@log[ 1, 2 ])
{
	is($record->{sqlstate}, '42703', "$record->{event}: SQLSTATE");
	is($record->{message}, 'column "colour" does not exist',
		"$record->{event}: message");
	like($record->{context},
		qr{^statement 2 at base/20240101000001_bad\.sql:8:5\n},
		"$record->{event}: context");
}
is($log[1]{statements}, 2, 'the failing statement is counted');
is_deeply(history($log[0]{run}), [], 'the history is undone with the rest');
is($log[0]{sqlstate}, undef, 'a migration that went well has no SQLSTATE');

# detail and hint of the server stay
write_files($node,
	'base/20240101000001_bad.sql' =>
	  "SELECT 1;\n\n  INSERT INTO item SELECT id FROM item LIMIT 1;");
($status, $out, $err, @log) =
  run("\\set VERBOSITY verbose\nSELECT gooseplus_migrate()");
like(
	$err,
	qr{ERROR:  23505: duplicate key value violates unique constraint "item_pkey"\nDETAIL:  Key \(id\)=\(\d+\) already exists\.\n(?:SCHEMA NAME.*\n|TABLE NAME.*\n|CONSTRAINT NAME.*\n)*CONTEXT:  statement 2 at base/20240101000001_bad\.sql:4:3\n},
	'an error without a position is at the start of its statement');
like($err, qr/^CONSTRAINT NAME:  item_pkey$/m, 'the constraint is named');

# code within code
write_files($node,
	'base/20240101000001_bad.sql' =>
	  "DO \$\$\nBEGIN\n  RAISE EXCEPTION 'too bad' USING HINT = 'be good', ERRCODE = 'P7777';\nEND\n\$\$;");
($status, $out, $err, @log) =
  run("\\set VERBOSITY verbose\nSELECT gooseplus_migrate()");
like($err, qr/ERROR:  P7777: too bad\nHINT:  be good\n/,
	'an error raised by a migration');
like(
	$err,
	qr{CONTEXT:  PL/pgSQL function inline_code_block line 3 at RAISE\nstatement 1 at base/20240101000001_bad\.sql:2:1\n},
	'its context');

# a deferred constraint
write_files($node,
	'base/20240101000001_bad.sql' =>
	  "CREATE TABLE part (item int REFERENCES item DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO part VALUES (-1);");
($status, $out, $err, @log) = run("SELECT gooseplus_migrate()");
like($err, qr/violates foreign key constraint/, 'a deferred constraint');
like($err, qr{CONTEXT:  .*end of migration base/20240101000001_bad\.sql\n}s,
	'has its file');

# on_error = return
($status, $out, $err, @log) = run(
	q(SELECT version, state, error FROM gooseplus_migrate(NULL, '{"on_error": "return"}')));
is($status, 0, 'on_error = return');
like(
	$out,
	qr{^20240101000000\|undone\|\n20240101000001\|failed\|insert or update on table "part" violates foreign key constraint "part_item_fkey" \(SQLSTATE 23503\)\nDETAIL:  .*\nCONTEXT:  .*end of migration base/20240101000001_bad\.sql\n}s,
	'its rows tell the error');
is_deeply([ map { $_->{outcome} } @log ],
	[ 'applied', 'failed', 'undone' ], 'and so does the log');

# --- to those who listen

# Runs with a listener in the same session, and returns the notifications,
# decoded, and the records of the log.
sub overhear
{
	my ($call) = @_;
	my ($status, $out, $err, @log) = run(
		"LISTEN runs;\nSET gooseplus.notify_channel = 'runs';\n$call");
	my @payloads =
	  $out =~ /^Asynchronous notification "runs" with payload "(.*)" received /mg;

	return ([ map { decode_json($_) } @payloads ], \@log);
}

my ($heard, $log) = overhear(
	q(SELECT count(*) FROM gooseplus_migrate('production', '{"on_error": "return"}')));
is(scalar(@$heard), 1, 'one notification for a run, and none for its migrations');
is_deeply(told($heard->[0]), told($log->[-1]), 'it says what the log does');
is($heard->[0]{message} =~ /foreign key/ ? 1 : 0, 1, 'the error, too');
is($heard->[0]{context}, undef, 'but not its context');
($heard, $log) = overhear('SELECT count(*) FROM gooseplus_migrate()');
is_deeply($heard, [], 'a run that is raised notifies nobody');
($heard, $log) = overhear(
	q(SELECT count(*) FROM gooseplus_migrate('production', '{"exclude_versions": 20240101000001}')));
is_deeply([ map { told($_) } @$heard ], [ told($log->[-1]) ], 'a good run');
is($heard->[0]{outcome}, 'done', 'is done');
($heard, $log) = overhear(
	"BEGIN;\nSELECT count(*) FROM gooseplus_down('production', '{\"exclude_versions\": 20240101000001}');\nROLLBACK;");
is_deeply($heard, [], 'a run that is rolled back notifies nobody');

# a message that is too long for a notification, in characters of two bytes
write_files($node,
	'base/20240101000001_bad.sql' =>
	  "DO \$\$ BEGIN RAISE EXCEPTION '%', repeat(E'\\n$unit', 8000); END \$\$;");
($heard, $log) = overhear(
	q(SELECT count(*) FROM gooseplus_migrate(NULL, '{"on_error": "return"}')));
my $long = $log->[-1]{message};
is(length($long), 16000, 'the log has all of a long message');
cmp_ok(length($heard->[0]{message}), '>', 100, 'the notification has some of it');
is(index($long, $heard->[0]{message}), 0, 'from its beginning');

# nothing that is too long for a notification stops the run
my $many = join ',', ('production') x 1000;
($heard, $log) = overhear(
	qq(SELECT count(*) FROM gooseplus_migrate('$many', '{"exclude_versions": 20240101000001}')));
is_deeply([ map { $_->{outcome} } @$log ],
	['done'], 'a thousand environments: the run');
is(scalar(@$heard), 1, 'a thousand environments: the notification');

# --- several problems at once, before anything runs

write_files(
	$node,
	'base/20240101000001_bad.sql' => "SELECT 1;\nSELEC 2;\nSELECT 3 FRM x y z;",
	'base/20240101000002_bad.sql' => "SELECT 1;\nSELECT 'open;\n",
	'base/20240101000003_bad.sql' => "-- +goose Up\n-- +goose Upp\nSELECT 1;",
	'base/20240101000004_bad.sql' => "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '\${MISSING?is needed}';");
($status, $out, $err, @log) = run("SELECT gooseplus_migrate()");
is(($err =~ /^NOTICE/m) ? 1 : 0, 0, 'wrong files: nothing runs');
like($err, qr/^ERROR:  5 problems found before running any migration\n/,
	'wrong files: all problems are counted');
like(
	$err,
	qr{DETAIL:  base/20240101000001_bad\.sql:3:1: syntax error at or near "SELEC"
base/20240101000001_bad\.sql:4:14: syntax error at or near "x"
base/20240101000002_bad\.sql:3:8: unterminated quoted string
base/20240101000003_bad\.sql:2:1: unrecognized annotation "Upp"
base/20240101000004_bad\.sql:3:\d+: variable "MISSING": is needed
}, 'wrong files: each problem with its place');
is_deeply([ map { "$_->{event} $_->{outcome}" } @log ],
	['run undone'], 'wrong files: the log has the run only');

unlink map { migrate_root($node) . "/base/2024010100000${_}_bad.sql" } 2 .. 4;
write_files($node, 'base/20240101000001_bad.sql' => "SELECT 1;\nSELEC 2;");
($status, $out, $err, @log) = run("SELECT gooseplus_migrate()");
like($err, qr/^ERROR:  syntax error at or near "SELEC"\n/, 'one wrong file');
like($err, qr{CONTEXT:  statement 2 at base/20240101000001_bad\.sql:3:1\n},
	'one wrong file: its place');

# --- control characters must not break the record

write_files($node,
	'base/20240101000001_bad.sql' =>
	  "DO \$\$ BEGIN RAISE E'a \"b\" \\\\ \\t \\n c $unit'; END \$\$;\n"
	  =~ s/RAISE E/RAISE EXCEPTION E/r);
($status, $out, $err, @log) = run("SELECT gooseplus_migrate()");
is($log[-1]{message}, "a \"b\" \\ \t \n c \x{e4}",
	'a message with quotes, backslash, tab, newline');

# --- verbose

write_files($node, 'base/20240101000001_bad.sql' => "SELECT 1;\nSELECT\n  2;");
($status, $out, $err) =
  run(q(SELECT gooseplus_migrate(NULL, '{"verbose": true}')));
like(
	$err,
	qr{^NOTICE:  executing statement 2 of base/20240101000001_bad\.sql: SELECT\n  2;\n}m,
	'verbose: each statement');

# --- what the server remarks about a text

my $too_long = 'long_name_' x 7;

# Runs, and returns how often it was told that the name is too long.
sub told_of_name
{
	my ($call) = @_;

	($status, $out, $err) = run($call);
	is($status, 0, $call) or diag($err);
	return scalar(() = $err =~ /^NOTICE:  identifier "$too_long" will be truncated/mg);
}

write_raw(migrate_root($node) . '/base/20240101000002_long.sql', <<"SQL");
-- +goose Up
CREATE TABLE $too_long (id int);
INSERT INTO $too_long VALUES (1);
INSERT INTO $too_long VALUES (2);
-- +goose Down
DROP TABLE $too_long;
SQL
is(told_of_name('SELECT * FROM gooseplus_status()'), 0, 'a status says nothing of a text');
is(told_of_name('SELECT gooseplus_migrate()'), 3, 'once for each statement that runs');
is(told_of_name(q(SELECT gooseplus_down('production'))), 1, 'as on the way down');
is(told_of_name('CALL gooseplus_deploy()'), 3, 'and in a deploy');
is(told_of_name('CALL gooseplus_revert(20240101000001)'), 1, 'that is taken back');

$node->stop;
done_testing();
