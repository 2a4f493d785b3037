# Every function of the API, called again and again in one session: does what
# the session holds grow with the number of calls?  Counted are all memory
# contexts, after the server's caches are dropped (which only a server with
# assertions can do), and the private memory of the process.
#
# GOOSEPLUS_CALLS=N: how many calls are a round (default 100).  Below 50 the
# calls are made, for valgrind to see, and nothing is measured.

use strict;
use warnings;

use File::Find qw(find);
use File::Path qw(make_path);
use IPC::Run;
use List::Util qw(min);
use Test::More;

my $calls = $ENV{GOOSEPLUS_CALLS} || 100;
my $root = "$ENV{GOOSEPLUS_PRIVATE}/leaks";

# A leak of one allocation a call is at least this; the process may keep more
# for other reasons, as freed memory in pieces.
my $context_bytes = 16;
my $process_bytes = 400;

sub write_file
{
	my ($path, $text) = @_;

	make_path("$root/$1") if $path =~ m,^(.*)/,;
	open my $file, '>', "$root/$path" or die "$root/$path: $!";
	print $file $text;
	close $file or die;
	return;
}

# A session of PostgreSQL itself keeps something for every PL/pgSQL function,
# foreign key and sequence it has ever used, dropped or not: here are none.
write_file('base/00001_item.sql', <<'END');
-- +goose Up
CREATE TABLE item (id int PRIMARY KEY, name text DEFAULT 'none' CHECK (name <> ''));
INSERT INTO item VALUES (1, 'one');
COPY item FROM stdin;
2	two
3	three
\.
CREATE TABLE part (item int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO part VALUES (1), (2);
UPDATE part SET item = item + 1;
-- +goose Down
DROP TABLE part;
DROP TABLE item;
END
write_file('base/00002_function.sql', <<'END');
-- +goose Up
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$
	SELECT 2 * n;
$$;
-- +goose StatementBegin
DO $$ BEGIN PERFORM twice(2); SET search_path = ''; SET work_mem = '5MB'; END $$;
-- +goose StatementEnd
-- +goose ENVSUB ON
SELECT '${NAME:-nobody}';
-- +goose ENVSUB OFF
-- +goose Down
DROP FUNCTION twice;
END
write_file('base/00003_index.sql', <<'END');
-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY item_name ON item (name);
-- +goose Down
DROP INDEX item_name;
END
write_file('failing/00004_failing.sql', <<'END');
-- +goose Up
CREATE TABLE never (id int);
SELECT 1 / (SELECT count(*) FROM never);
-- +goose Down
DROP TABLE never;
END
write_file('faulty/00004_faulty.sql', <<'END');
-- +goose Up
SELEC 1;
CREATE TABLE t (id int;
SELECT $1;
-- +goose NO TRANSACTION
-- +goose Sideways
END
write_file('times/base/20260102030405_first.sql', "-- +goose Up\nSELECT 1;\n");
write_file("$_.sql", "-- +goose Up\nCREATE OR REPLACE VIEW number AS SELECT '$_'::text;\n")
  foreach 'one', 'two', 'repeat/base/R_number';

# What is done again and again; after it all is as before.  Statements that
# fail are part of it.
my @loops = (
	[ 'atomic runs', <<'END' ],
SELECT * FROM gooseplus_migrate();
SELECT * FROM gooseplus_redo();
SELECT * FROM gooseplus_down();
SELECT * FROM gooseplus_up_by_one(options => '{"variables": {"NAME": "me"}}');
SELECT * FROM gooseplus_down_to(0);
SELECT * FROM gooseplus_up_to(2, options => '{"verbose": true, "notify_channel": "done"}');
SELECT * FROM gooseplus_apply_version(3, 'up');
SELECT * FROM gooseplus_apply_version(3, 'down');
SELECT * FROM gooseplus_reset();
END
	[ 'atomic runs that fail', <<'END' ],
SELECT * FROM gooseplus_migrate('failing');
SELECT * FROM gooseplus_migrate('failing', '{"on_error": "return"}');
SELECT * FROM gooseplus_migrate('faulty');
SELECT * FROM gooseplus_up_to(9);
SELECT * FROM gooseplus_migrate(options => '{"nothing": 1}');
SELECT * FROM gooseplus_migrate(options => '{"timeout": "never"}');
SELECT * FROM gooseplus_migrate(options => '{"directory": "nowhere"}');
END
	[ 'deploys', <<'END' ],
CALL gooseplus_deploy();
CALL gooseplus_deploy();
CALL gooseplus_wait(3, '1min');
CALL gooseplus_wait(4, '1ms');
CALL gooseplus_revert(0);
END
	[ 'deploys that fail', <<'END' ],
CALL gooseplus_deploy('failing');
CALL gooseplus_deploy('faulty');
CALL gooseplus_deploy(resume => 'perhaps');
CALL gooseplus_revert(9);
END
	[ 'deploys in the background', <<'END' ],
SELECT gooseplus_launch();
DO $$ BEGIN
	WHILE EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'gooseplus deploy') LOOP
		COMMIT;    -- CREATE INDEX CONCURRENTLY would wait for us
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT gooseplus_launch(options => '{"nothing": 1}');
CALL gooseplus_revert(0);
END
	[ 'looking', <<'END', 'SELECT * FROM gooseplus_up_to(2)', 'SELECT * FROM gooseplus_reset()' ],
SELECT * FROM gooseplus_status();
SELECT gooseplus_db_version();
SELECT * FROM gooseplus_versions();
SELECT gooseplus_has_pending();
SELECT * FROM gooseplus_sources('failing');
SELECT * FROM gooseplus_validate('failing,faulty');
SELECT * FROM gooseplus_statements(E'-- +goose Up\nSELECT 1;\nSELECT 2;\n');
SELECT * FROM gooseplus_statements('SELECT 1');
SELECT * FROM gooseplus_plan();
SELECT * FROM gooseplus_plan('failing');
SELECT * FROM gooseplus_status('nowhere');
SELECT gooseplus_repair(1);
SELECT gooseplus_repair(9);
END
	[ 'repeatable migrations', <<"END" ],
COPY (SELECT 1) TO PROGRAM 'cp $root/one.sql $root/repeat/base/R_number.sql';
SELECT * FROM gooseplus_migrate(options => '{"directory": "$root/repeat"}');
COPY (SELECT 1) TO PROGRAM 'cp $root/two.sql $root/repeat/base/R_number.sql';
CALL gooseplus_deploy(options => '{"directory": "$root/repeat"}');
END
	[ 'rehearsals', <<'END' ],
SELECT * FROM gooseplus_rehearse();
SELECT * FROM gooseplus_rehearse('failing');
SELECT * FROM gooseplus_rehearse('faulty');
END
	[ 'records', <<'END' ],
SELECT * FROM gooseplus_baseline(2);
SELECT * FROM gooseplus_baseline(9);
DELETE FROM goose_db_version WHERE version_id > 0;
END
	[ 'files', <<"END" ],
SELECT gooseplus_create('new item');
COPY (SELECT 1) TO PROGRAM 'rm $root/base/*_new_item.sql';
SELECT gooseplus_create(' .!');
SELECT * FROM gooseplus_fix(options => '{"directory": "$root/times"}');
COPY (SELECT 1) TO PROGRAM 'mv $root/times/base/* $root/times/base/20260102030405_first.sql';
END
	[ 'functions', <<'END', "CREATE FUNCTION up() RETURNS void LANGUAGE sql AS 'SELECT'" ],
SELECT gooseplus_register(7, 'up()', 'up()', 'seven');
SELECT gooseplus_register(0, 'up()');
SELECT * FROM gooseplus_migrate();
SELECT * FROM gooseplus_down_to(0);
SELECT gooseplus_unregister(7);
SELECT gooseplus_unregister(8);
END
	[ 'bundles', <<"END" ],
SELECT gooseplus_bundle_put('app', 'base/00001_a.sql', E'-- +goose Up\\nSELECT 1;\\n');
SELECT * FROM gooseplus_bundle_files('app');
SELECT * FROM gooseplus_migrate(options => '{"bundle": "app"}');
SELECT * FROM gooseplus_reset(options => '{"bundle": "app"}');
SELECT gooseplus_bundle_load('app', '$root');
SELECT gooseplus_bundle_drop('app');
SELECT gooseplus_bundle_load('app', 'nowhere');
SELECT * FROM gooseplus_migrate(options => '{"bundle": "app"}');
END
	[ 'settings', <<'END' ],
SET gooseplus.variables = '{"A": "b", "C": "d"}';
SET gooseplus.exclude_versions = '1, 2, 3';
SET gooseplus.variables = 'no';
RESET gooseplus.variables;
RESET gooseplus.exclude_versions;
END
);

# The migrations that are there.
sub files
{
	my @files;

	find(sub { push @files, $File::Find::name if -f }, $root);
	return join "\n", sort @files;
}

# Runs SQL in a session of its own; returns its output and its errors.
sub session
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-d', 'leaks' ],
		\$sql, \$out, \$err);
	return ($out, $err);
}

# One line: what the contexts have in use, and what is private to the process.
my $measure = <<'END';
SELECT pg_stat_force_next_flush() \g /dev/null
SET debug_discard_caches = 1;
SELECT 1 \g /dev/null
RESET debug_discard_caches;
SELECT 'measured', sum(used_bytes), 1024 *
	substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)')::bigint
FROM pg_backend_memory_contexts;
END

# The same, by context, for whoever looks at a leak.
my $contexts = q(
SELECT 'context', sum(used_bytes), name, coalesce(parent, '-') FROM pg_backend_memory_contexts
GROUP BY name, coalesce(parent, '-') ORDER BY 3, 4;
);

# Rows are made and thrown away.
sub repeated
{
	my ($sql, $times) = @_;

	return "\\o /dev/null\n" . $sql x $times . "\\o\n";
}

# By how much each context grew between the last two listings.
sub growth
{
	my %size;
	my @listings = split /^measured.*\n/m, $_[0];

	foreach my $sign (1, -1)
	{
		foreach (grep { /^context\|/ } split /\n/, pop @listings)
		{
			my (undef, $bytes, @name) = split /\|/;

			$size{"@name"} += $sign * $bytes;
		}
	}
	return map { "$_: $size{$_} bytes more" } grep { $size{$_} } sort keys %size;
}

# What leaks grows in each round; a heap that is torn, or a cache that is made
# larger, grows in one.
sub least_growth
{
	my ($column, @measured) = @_;

	return min(map { $measured[$_][$column] - $measured[ $_ - 1 ][$column] } 1 .. $#measured);
}

sub test_loop
{
	my ($name, $sql, $before, $after) = @_;
	my $settings = "SET gooseplus.directory = '$root';\nSET client_min_messages = error;\n";
	my $rounds = ($measure . $contexts) x 2;    # so the caches know these queries
	my $files = files();

	foreach (1 .. 4)
	{
		$rounds .= repeated($sql, $calls) . $measure . $contexts;
	}
	$rounds = repeated($sql, $calls) if $calls < 50;
	session("$settings$before;\n") if $before;

	my ($out, $err) = session(
		$settings . repeated($sql, $calls < 50 ? 0 : $calls) . $rounds . "SELECT 'the end'");
	session("$settings$after;\n") if $after;

	if ($out !~ /^the end$/m)
	{
		fail("$name: $calls times");
		diag("... " . substr($err, -2000));
		return;
	}
	# else each call has more to do than the one before
	cmp_ok(files(), 'eq', $files, "$name: $calls times, and no other files after");
	return if $calls < 50;

	my @measured = map { [ split /\|/ ] } grep { /^measured/ } split /\n/, $out;
	my ($context, $process) = map { least_growth($_, @measured[ -4 .. -1 ]) } 1 .. 2;

	cmp_ok($context, '<', $context_bytes * $calls, "$name: memory contexts")
	  or diag(join "\n", growth($out));
	cmp_ok($process, '<', $process_bytes * $calls, "$name: memory of the process");
	note("$name: $context and $process bytes more after $calls more");
	return;
}

die "createdb failed\n" if system 'createdb', 'leaks';
session('CREATE EXTENSION gooseplus');
if ($calls >= 50 && (session('SHOW debug_assertions'))[0] ne "on\n")
{
	plan(skip_all => 'the server has no assertions, so its caches cannot be dropped');
}

# every one of the extension is called
my @functions = split /\n/, (session(q(
	SELECT p.proname FROM pg_proc p JOIN pg_depend d
	ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE p.proname LIKE 'gooseplus%')))[0];

cmp_ok(scalar @functions, '>', 20, 'the functions are found');
foreach my $function (@functions)
{
	ok((grep { $_->[1] =~ /\b$function\(/ } @loops), "$function is called");
}
test_loop(@$_) foreach @loops;
done_testing();
