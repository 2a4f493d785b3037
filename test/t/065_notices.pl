# What a run tells the client on its way: over TCP the notices of short
# migrations come together, and yet none is kept back while a migration waits,
# nor lost when the session ends.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusTest;
use IO::Select;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Socket qw(IPPROTO_TCP);
use Test::More;

# From <linux/tcp.h>: the option, and where it says how many segments with data
# have come.
my $TCP_INFO = 11;
my $DATA_SEGMENTS_IN = 152;

my $number = 200;
my $down = "-- +goose Down\nSELECT 1;\n";
my $waits = 'SELECT pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1);';
my $node = new_node('notices');
my $user = $node->safe_psql('postgres', 'SELECT current_user');

$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\n");
$node->restart;

# A client that shows the messages of the server as they come.
sub client
{
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $node->port)
	  or die "connect: $@";
	my $startup = pack 'nn (Z*)4 x', 3, 0, 'user', $user, 'database', 'postgres';
	my $client = { socket => $socket, bytes => '' };

	$socket->syswrite(pack('N', 4 + length $startup) . $startup);
	messages_to($client, qr/^Z/);
	return $client;
}

sub send_query
{
	my ($client, $sql) = @_;

	$client->{socket}->syswrite(pack 'a N Z*', 'Q', 5 + length $sql, $sql);
	return;
}

# The messages up to the first that is like that.
sub messages_to
{
	my ($client, $like) = @_;
	my $select = IO::Select->new($client->{socket});
	my @messages;

	for (;;)
	{
		while (length $client->{bytes} >= 5)
		{
			my $length = 1 + unpack 'x N', $client->{bytes};

			last if length $client->{bytes} < $length;
			push @messages, substr $client->{bytes}, 0, $length, '';
			return @messages if $messages[-1] =~ $like;
		}
		$select->can_read($PostgreSQL::Test::Utils::timeout_default)
		  or die 'no message has come';
		$client->{socket}->sysread($client->{bytes}, 65536, length $client->{bytes})
		  or die 'the server has gone';
	}
}

# How many segments with data have come, undef if that is not known.
sub segments
{
	my ($client) = @_;
	my $info = $^O eq 'linux' && $client->{socket}->getsockopt(IPPROTO_TCP, $TCP_INFO);

	return $info && length $info >= $DATA_SEGMENTS_IN + 4
	  ? unpack "x$DATA_SEGMENTS_IN L", $info
	  : undef;
}

# Wait until a migration waits; returns the process id of its session.
sub waiter
{
	my $from = q(FROM pg_locks
		WHERE locktype = 'advisory' AND objid = 1 AND classid = 0 AND NOT granted);

	$node->poll_query_until('postgres', "SELECT count(*) = 1 $from") or die 'nobody waits';
	return $node->safe_psql('postgres', "SELECT pid $from");
}

foreach my $call ('SELECT * FROM gooseplus_migrate(%s)', 'CALL gooseplus_deploy(%s)')
{
	my $environment = $call =~ /deploy/ ? 'deploy' : 'migrate';
	my $run = sprintf $call, "'$environment'";
	my $client = client();
	my $before = segments($client);

	write_files($node, map { (sprintf("$environment/%05d_m.sql", $_) => 'SELECT 1;') } 1 .. $number);
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS goose_db_version, goose_db_version_history');
	send_query($client, $run);
	my @notices = grep { /^N/ } messages_to($client, qr/^Z/);

	is(scalar(grep { /MOK / } @notices),
		$number, "$environment: there is a notice of each migration");
  SKIP:
	{
		skip 'how many segments have come is not known', 1 unless defined $before;
		cmp_ok(segments($client) - $before,
			'<', $number / 2, "$environment: notices of short migrations come together");
	}

	my $holder = $node->background_psql('postgres');

	$holder->query_safe('SELECT pg_advisory_lock(1)');
	write_files(
		$node,
		"$environment/00201_short.sql" => "-- +goose Up\nSELECT 1;\n$down",
		"$environment/00202_waits.sql" => "-- +goose Up\n$waits\n$down",
		"$environment/00203_fails.sql" => 'SELECT 1 / 0;');
	send_query($client, $run);
	@notices = messages_to($client, qr/^N.*00201_short/s);
	ok(waiter(), "$environment: a notice comes while the next migration waits");
	$holder->query_safe('SELECT pg_advisory_unlock(1)');
	my @messages = messages_to($client, qr/^Z/);

	like($messages[0], qr/^N.*MOK    00202_waits/s, "$environment: the next notice comes after it");
	ok((grep { /^E.*Mdivision by zero/s } @messages), "$environment: and then the error");
	send_query($client, 'SELECT 1');
	ok(messages_to($client, qr/^Z/), "$environment: the session goes on");
	# all that came after the first run is undone
	$holder->query_safe('SELECT pg_advisory_lock(1)');
	send_query($client, $run);
	my $pid = waiter();

	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
	@messages = messages_to($client, qr/^E/);
	like($messages[-1], qr/terminating connection/, "$environment: the client hears of the end");
	ok((grep { /^N.*MOK    00201_short/s } @messages), "$environment: and of all before it");
	$client->{socket}->close;
	$holder->quit;
}

done_testing();
