# Logical replication: it does not carry DDL, so each side migrates by itself;
# in which order, and why the tables of gooseplus must not be published.  And a
# deploy whose commits wait for a synchronous standby that is not there.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusDocs;
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = new_node('publisher', init => { allows_streaming => 'logical' });
my $subscriber = new_node('subscriber', init => { allows_streaming => 'logical' });
my $connection = 'host=' . $publisher->host . ' port=' . $publisher->port . ' dbname=postgres';
my ($status, $out, $err);

$subscriber->append_conf('postgresql.conf', 'wal_retrieve_retry_interval = 200ms');
$subscriber->reload;

# The same files on both sides.
sub write_both
{
	my (%files) = @_;

	write_files($_, %files) for $publisher, $subscriber;
	return;
}

sub rows_of
{
	my ($node, $sql) = @_;

	$publisher->wait_for_catchup('app');
	return $node->safe_psql('postgres', $sql);
}

write_both('base/00001_item.sql' => 'CREATE SCHEMA app; CREATE TABLE app.item (id int PRIMARY KEY);');
$_->safe_psql('postgres', 'CALL gooseplus_deploy()') for $publisher, $subscriber;
$publisher->safe_psql('postgres', block('Logical replication', 'sql', 'CREATE PUBLICATION'));
$subscriber->safe_psql('postgres', block('Logical replication', 'sql', 'CREATE SUBSCRIPTION')
	  =~ s/'host=.*?'/'$connection'/r);
$publisher->safe_psql('postgres', 'INSERT INTO app.item VALUES (1)');
$subscriber->wait_for_subscription_sync($publisher, 'app');
is(rows_of($subscriber, 'SELECT count(*) FROM app.item'), 1, 'rows come over');

# --- more columns: the subscriber first

write_both('base/00002_note.sql' => "ALTER TABLE app.item ADD note text;");
$subscriber->safe_psql('postgres', 'CALL gooseplus_deploy()');
$publisher->safe_psql('postgres', 'INSERT INTO app.item VALUES (2)');
is(rows_of($subscriber, 'SELECT count(*) FROM app.item'), 2,
	'the subscriber may have a column more');
is($publisher->safe_psql('postgres', 'SELECT gooseplus_db_version()'), 1,
	'the version is that of each side');
$publisher->safe_psql('postgres', 'CALL gooseplus_deploy()');
$publisher->safe_psql('postgres', q(INSERT INTO app.item VALUES (3, 'three')));
is(rows_of($subscriber, 'SELECT note FROM app.item WHERE id = 3'), 'three',
	'and gets its values as soon as the publisher has it');

# --- the publisher first: replication stops until the subscriber has caught up

my $end = -s $subscriber->logfile;

write_both('base/00003_size.sql' => "ALTER TABLE app.item ADD size int;");
$publisher->safe_psql('postgres', 'CALL gooseplus_deploy()');
$publisher->safe_psql('postgres', q(INSERT INTO app.item VALUES (4, 'four', 4)));
$subscriber->wait_for_log(qr/missing replicated column: "size"/, $end);
pass('the publisher first: replication stops');
$subscriber->safe_psql('postgres', 'CALL gooseplus_deploy()');
is(rows_of($subscriber, 'SELECT size FROM app.item WHERE id = 4'), 4,
	'and goes on when the subscriber has migrated');

# --- a new table

write_both('base/00004_more.sql' => 'CREATE TABLE app.more (id int PRIMARY KEY); INSERT INTO app.more VALUES (1);');
$publisher->safe_psql('postgres', 'CALL gooseplus_deploy()');
write_files($subscriber, 'base/00004_more.sql' => 'CREATE TABLE app.more (id int PRIMARY KEY);');
$subscriber->safe_psql('postgres', 'CALL gooseplus_deploy()');
$subscriber->safe_psql('postgres', block('Logical replication', 'sql', 'REFRESH'));
$subscriber->wait_for_subscription_sync($publisher, 'app');
is(rows_of($subscriber, 'SELECT count(*) FROM app.more'), 1, 'a new table comes after a REFRESH');

# --- the version table in a publication: the subscriber believes what is not so

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION app');
$publisher->safe_psql('postgres', 'DROP PUBLICATION app;
	CREATE PUBLICATION app FOR TABLE goose_db_version');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION app CONNECTION '$connection'
	PUBLICATION app WITH (copy_data = false)");
write_both('base/00005_lost.sql' => 'CREATE TABLE app.lost (id int);');
$publisher->safe_psql('postgres', 'CALL gooseplus_deploy()');
is( rows_of($subscriber, q(SELECT (SELECT state FROM gooseplus_status() WHERE version = 5),
		to_regclass('app.lost') IS NULL)),
	'applied|t', 'a version table that is published says what is not so');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION app');

# --- synchronous replication: nobody answers

write_files($publisher, 'base/00006_one.sql' => 'CREATE TABLE app.one (id int);',
	'base/00007_two.sql' => 'CREATE TABLE app.two (id int);');
$publisher->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
$publisher->reload;

my $deploy = start_psql($publisher, 'CALL gooseplus_deploy()');
my $pid = wait_activity($publisher, '%gooseplus%', "wait_event = 'SyncRep'");
my $from = -s $publisher->logfile;

$publisher->safe_psql('postgres', "SET synchronous_commit = local; SELECT pg_cancel_backend($pid)");
# a wait that is over before the cancel is seen is not cancelled, but the deploy
$publisher->wait_for_log('canceling wait for synchronous replication', $from);
$publisher->safe_psql('postgres', "SET synchronous_commit = local;
	ALTER SYSTEM RESET synchronous_standby_names");
$publisher->reload;
($status, $out, $err) = finish_psql($deploy);
is($status, 0, 'synchronous: a cancel ends the wait, and not the deploy') or diag($err);
like($err, qr/WARNING:  canceling wait for synchronous replication due to user request/,
	'synchronous: with a warning');
is($publisher->safe_psql('postgres', 'SELECT gooseplus_db_version()'), 7,
	'synchronous: all of it is there');

done_testing();
