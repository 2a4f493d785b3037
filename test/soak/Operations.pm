# Operations.pm - what the migrations of a random history do, each with what
# takes it back.
#
# An operation knows the tables that the ones before it have made, and touches
# only what a database is sure to have: what is in the folder "base", or in its
# own.  In a NO TRANSACTION migration it can be cut off between any two
# statements; there all that takes it back can meet a database where nothing or
# only a part of it was done.

package Operations;

use strict;
use warnings;

use Statements;

our @ISA = ('Statements');

# What a call and psql have in the place of a variable.
our $variable = 'ann';

# ------------------------------------------------------------- operations
#
# Each returns the statements and those that take them back, or nothing if it
# cannot be done here.

sub table
{
	my ($self) = @_;
	my $name = $self->name('t');
	my $rows = $self->{chance}->between(50, 300);

	push @{ $self->{tables} },
	  { name => $name, folder => $self->{folder}, a => 'a', rows => $rows,
		next => $rows + 1 };
	return (
		$self->statements(
			"CREATE TABLE $name (\n\tid int PRIMARY KEY,\n\ta int NOT NULL DEFAULT 0,\n\tb text\n);",
			"INSERT INTO $name (id, a, b) SELECT i, i % 17, 'row ' || i FROM generate_series(1, $rows) i;"),
		$self->statements('DROP TABLE ' . $self->maybe . "$name;"));
}

sub column
{
	my ($self) = @_;
	my $table = $self->a_table(kept => 1) || return;
	my $column = $self->name('c');
	my $type = $self->{chance}->pick(
		'int DEFAULT 7', "text DEFAULT 'x;y'", 'boolean NOT NULL DEFAULT false',
		'numeric(10, 2)', 'int GENERATED ALWAYS AS (id * 2) STORED');

	$table->{more} = 1;
	return (
		$self->statements("ALTER TABLE $table->{name} ADD COLUMN $column $type;"),
		$self->statements('ALTER TABLE ' . $self->maybe . "$table->{name} DROP COLUMN "
			  . $self->maybe . "$column;"));
}

sub index_plain
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my $name = $self->name('i');

	return (
		$self->statements("CREATE INDEX $name ON $table->{name} ($table->{a});"),
		$self->statements('DROP INDEX ' . $self->maybe . "$name;"));
}

sub index_concurrently
{
	my ($self) = @_;
	my $table = $self->a_table(kept => 1) || return;
	my $name = $self->name('i');
	my ($unique, $what) = @{ $self->{chance}->pick(
			[ '', '(soak.same(id))' ], [ 'UNIQUE ', '(soak.same(id))' ],
			[ '', '(id) WHERE id > 20' ], [ 'UNIQUE ', '(id)' ]) };
	my $if = $self->{chance}->percent(20) ? 'IF NOT EXISTS ' : '';

	push @{ $self->{indexes}{ $table->{folder} } }, $name
	  if $table->{folder} eq $self->{folder};
	return (
		$self->statements(
			"CREATE ${unique}INDEX CONCURRENTLY $if$name ON $table->{name} $what;"),
		$self->statements("DROP INDEX CONCURRENTLY IF EXISTS $name;"));
}

sub reindex
{
	my ($self) = @_;
	my $indexes = $self->{indexes}{ $self->{folder} } || return;
	my $name = $self->{chance}->pick(@$indexes);

	return ($self->statements("REINDEX INDEX CONCURRENTLY $name;"), []);
}

sub vacuum
{
	my ($self) = @_;
	my $table = $self->a_table(kept => 1, shared => 1) || return;

	return ($self->statements("VACUUM (ANALYZE) $table->{name};"), []);
}

sub check
{
	my ($self) = @_;
	my $table = $self->a_table(kept => 1) || return;
	my $name = $self->name('k');

	return (
		$self->statements(
			"ALTER TABLE $table->{name} ADD CONSTRAINT $name CHECK (id > 0) NOT VALID;",
			"ALTER TABLE $table->{name} VALIDATE CONSTRAINT $name;"),
		$self->statements('ALTER TABLE ' . $self->maybe
			  . "$table->{name} DROP CONSTRAINT " . $self->maybe . "$name;"));
}

sub type
{
	my ($self) = @_;
	my $table = $self->a_table(free => 1) || return;

	return if $table->{wide};
	$table->{wide} = 1;
	return (
		$self->statements("ALTER TABLE $table->{name} ALTER COLUMN $table->{a} TYPE bigint;"),
		$self->statements('ALTER TABLE ' . $self->maybe
			  . "$table->{name} ALTER COLUMN $table->{a} TYPE int;"));
}

sub rename_column
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my ($old, $new) = ($table->{a}, $self->name('a'));

	$table->{a} = $new;
	return (
		$self->statements("ALTER TABLE $table->{name} RENAME COLUMN $old TO $new;"),
		$self->statements("ALTER TABLE $table->{name} RENAME COLUMN $new TO $old;"));
}

sub rename_table
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my ($old, $new) = ($table->{name}, $self->name('t'));

	$table->{name} = $new;
	return (
		$self->statements("ALTER TABLE $old RENAME TO $new;"),
		$self->statements("ALTER TABLE $new RENAME TO $old;"));
}

sub function
{
	my ($self) = @_;
	my $name = $self->name('f');
	my $body = sub {
		"CREATE OR REPLACE FUNCTION $name(n int) RETURNS int LANGUAGE plpgsql AS \$f\$\nBEGIN\n"
		  . "\t-- it's a comment; with a quote\n\tRETURN n + $_[0];\nEND;\n\$f\$;";
	};

	return (
		$self->statements($body->(1), $body->(2)),
		$self->statements('DROP FUNCTION ' . $self->maybe . "$name(int);"));
}

sub view
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my $name = $self->name('v');
	my $kind = $self->{chance}->pick('', 'MATERIALIZED ');

	$table->{used} = 1;
	return (
		$self->statements(
			"CREATE ${kind}VIEW $name AS\n\tSELECT id, $table->{a} AS n FROM $table->{name} WHERE id < 40;"),
		$self->statements("DROP ${kind}VIEW " . $self->maybe . "$name;"));
}

sub trigger
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my $name = $self->name('g');

	return (
		$self->statements(
			"CREATE FUNCTION $name() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RETURN new; END; \$\$;",
			"CREATE TRIGGER $name BEFORE INSERT ON $table->{name}\n\tFOR EACH ROW EXECUTE FUNCTION $name();"),
		$self->statements(
			'DROP TRIGGER ' . $self->maybe . "$name ON $table->{name};",
			'DROP FUNCTION ' . $self->maybe . "$name();"));
}

# A range of ids that nobody else uses.
sub new_ids
{
	my ($self, $table, $count) = @_;
	my $first = $table->{next};

	$table->{next} += $count;
	return ($first, $table->{next} - 1);
}

sub delete_ids
{
	my ($self, $table, $first, $last) = @_;

	# what waits for the end would be in the way of an ALTER TABLE
	return $self->statements(
		$self->with_table(
			$table, "DELETE FROM $table->{name} WHERE id BETWEEN $first AND $last"),
		$table->{deferred} ? 'SET CONSTRAINTS ALL IMMEDIATE;' : ());
}

sub rows
{
	my ($self) = @_;
	my $table = $self->a_table(shared => 1) || return;
	my ($first, $last) = $self->new_ids($table, $self->{chance}->between(1, 60));

	return (
		$self->statements(
			"INSERT INTO $table->{name} (id, b)\n\tSELECT i, 'it''s; ' || i FROM generate_series($first, $last) i;"),
		$self->delete_ids($table, $first, $last));
}

# Data in the file.
sub copy
{
	my ($self) = @_;
	my $table = $self->a_table(shared => 1) || return;
	my ($first, $last) = $self->new_ids($table, $self->{chance}->between(1, 60));
	my $csv = $self->{chance}->percent(40);
	my $text = "COPY $table->{name} (id, b) FROM stdin"
	  . ($csv ? " WITH (FORMAT csv);\n" : ";\n");

	return if $self->{goose} || $self->{code};
	$text .= $csv ? "$_,\"one; $_\"\n" : "$_\ta;\\tb -- +goose $_\n" foreach $first .. $last;
	$text .= '\\.';
	return ([ { text => $text, plain => $text } ],
		$self->delete_ids($table, $first, $last));
}

# A variable.
sub substitute
{
	my ($self) = @_;
	my $table = $self->a_table(shared => 1) || return;
	my ($first, $last) = $self->new_ids($table, 1);
	my $insert = "INSERT INTO $table->{name} (id, b) VALUES ($first, '%s');";

	return (
		[
			{
				text => "-- +goose ENVSUB ON\n"
				  . sprintf($insert, '${SOAK_WHO:-nobody}')
				  . "\n-- +goose ENVSUB OFF",
				plain => sprintf($insert, $variable)
			}
		],
		$self->delete_ids($table, $first, $last));
}

sub update
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my $more = $self->{chance}->between(1, 9);

	return (
		$self->statements("UPDATE $table->{name} SET $table->{a} = $table->{a} + $more;"),
		$self->statements("UPDATE $table->{name} SET $table->{a} = $table->{a} - $more;"));
}

# Rows that go to another table.
sub archive
{
	my ($self) = @_;
	my $table = $self->a_table || return;
	my $name = $self->name('old');
	my $where = 'id <= ' . $self->{chance}->between(1, 20);

	return if $table->{used} || $table->{more};
	$table->{used} = 1;
	return (
		$self->statements(
			"CREATE TABLE $name AS SELECT id, $table->{a}, b FROM $table->{name} WHERE $where;",
			"DELETE FROM $table->{name} WHERE $where;"),
		$self->statements(
			"INSERT INTO $table->{name} (id, $table->{a}, b) SELECT * FROM $name;",
			"DROP TABLE $name;"));
}

# A constraint that is checked when the migration ends.
sub child
{
	my ($self) = @_;
	my $table = !$self->{code} && $self->a_table || return;
	my $name = $self->name('t');
	my ($first, $last) = $self->new_ids($table, 5);
	my $back = $self->delete_ids($table, $first, $last);

	$table->{used} = $table->{deferred} = 1;
	return (
		$self->statements(
			"CREATE TABLE $name (\n\tid int PRIMARY KEY,\n\tparent int REFERENCES $table->{name} DEFERRABLE INITIALLY DEFERRED\n);",
			"INSERT INTO $name SELECT i, i FROM generate_series($first, $last) i;",
			"INSERT INTO $table->{name} (id) SELECT i FROM generate_series($first, $last) i;"),
		[ @{ $self->statements("DROP TABLE $name;") }, @$back ]);
}

sub enum
{
	my ($self) = @_;
	my ($type, $table) = ($self->name('e'), $self->name('t'));

	return (
		$self->statements(
			"CREATE TYPE $type AS ENUM ('red');",
			"ALTER TYPE $type ADD VALUE 'green';",
			"CREATE TABLE $table AS SELECT 'green'::$type AS color;"),
		$self->statements("DROP TABLE IF EXISTS $table;", "DROP TYPE IF EXISTS $type;"));
}

# A statement that commits on the way.
sub batches
{
	my ($self) = @_;
	my $table = $self->a_table(kept => 1) || return;
	my $column = $self->name('c');

	$table->{more} = 1;
	return (
		$self->statements(
			"ALTER TABLE $table->{name} ADD COLUMN $column int;",
			"DO \$\$\nBEGIN\n\tLOOP\n\t\tUPDATE $table->{name} SET $column = id % 7 WHERE id IN\n"
			  . "\t\t\t(SELECT id FROM $table->{name} WHERE $column IS NULL AND id < 1000000\n"
			  . "\t\t\t\tORDER BY id LIMIT 40);\n"
			  . "\t\tEXIT WHEN NOT FOUND;\n\t\tPERFORM soak.point('$self->{version}.batch');\n"
			  . "\t\tCOMMIT;\n\tEND LOOP;\nEND\n\$\$;"),
		$self->statements(
			"ALTER TABLE IF EXISTS $table->{name} DROP COLUMN IF EXISTS $column;"));
}

# A transaction of the file's own.
sub block
{
	my ($self) = @_;
	my $table = $self->a_table(shared => 1) || return;
	my $point = $self->point;
	my ($first, $last) = $self->new_ids($table, 10);

	return (
		[
			@{ $self->statements('BEGIN;',
					"INSERT INTO $table->{name} (id) SELECT i FROM generate_series($first, $last) i;") },
			$point,
			@{ $self->statements(
					"UPDATE $table->{name} SET b = 'x' WHERE id BETWEEN $first AND $last;",
					'COMMIT;') }
		],
		$self->delete_ids($table, $first, $last));
}

# Several commands in one statement.
sub several
{
	my ($self) = @_;
	my $table = $self->a_table(shared => 1) || return;
	my ($first, $last) = $self->new_ids($table, 2);
	my $sql = "INSERT INTO $table->{name} (id) VALUES ($first);\n"
	  . "INSERT INTO $table->{name} (id) VALUES ($last);";

	return (
		[ { text => "-- +goose StatementBegin\n$sql\n-- +goose StatementEnd", plain => $sql } ],
		$self->delete_ids($table, $first, $last));
}

sub parts
{
	my ($self) = @_;
	my $name = $self->name('p');

	push @{ $self->{parts}{ $self->{folder} } }, $name;
	return (
		$self->statements(
			"CREATE TABLE $name (id int NOT NULL) PARTITION BY RANGE (id);",
			"CREATE TABLE ${name}_1 PARTITION OF $name FOR VALUES FROM (1) TO (100);",
			"CREATE TABLE ${name}_2 PARTITION OF $name FOR VALUES FROM (100) TO (200);",
			"INSERT INTO $name SELECT generate_series(1, 150);"),
		$self->statements("DROP TABLE ${name};"));
}

sub detach
{
	my ($self) = @_;
	my $parts = $self->{parts}{ $self->{folder} };
	my $name = $parts && shift @$parts || return;

	return (
		$self->statements(
			"ALTER TABLE $name DETACH PARTITION ${name}_1 CONCURRENTLY;",
			# which adds one in the place of the bounds, and DETACH does not
			"ALTER TABLE ${name}_1 DROP CONSTRAINT IF EXISTS ${name}_1_id_check;"),
		$self->statements(
			"DO \$\$\nBEGIN\n\tIF NOT EXISTS (SELECT FROM pg_inherits\n"
			  . "\t\t\tWHERE inhrelid = to_regclass('${name}_1') AND inhparent = to_regclass('$name'))\n"
			  . "\t\tAND to_regclass('$name') IS NOT NULL\n\tTHEN\n"
			  . "\t\tALTER TABLE $name ATTACH PARTITION ${name}_1 FOR VALUES FROM (1) TO (100);\n"
			  . "\tEND IF;\nEND\n\$\$;"));
}

sub comment
{
	my ($self) = @_;
	my $table = $self->a_table || return;

	return if $table->{comment}++;
	return (
		$self->statements("COMMENT ON TABLE $table->{name} IS 'a; table';"),
		$self->statements(
			$self->with_table($table, "COMMENT ON TABLE $table->{name} IS NULL")));
}

sub sequence
{
	my ($self) = @_;
	my $name = $self->name('s');

	return (
		$self->statements("CREATE SEQUENCE $name START 7 INCREMENT 3;"),
		$self->statements('DROP SEQUENCE ' . $self->maybe . "$name;"));
}

my @always = (
	table => 3, column => 4, index_plain => 2, check => 2, function => 2,
	view => 1, trigger => 1, rows => 4, copy => 3, substitute => 1,
	comment => 1, sequence => 1, type => 1);
my @whole = (
	rename_column => 1, rename_table => 1, update => 3, archive => 1,
	child => 2, parts => 1);
my @parted = (
	index_concurrently => 14, reindex => 2, vacuum => 2, enum => 2, batches => 4,
	block => 3, several => 2, detach => 2);

# One of all operations.
sub any
{
	my ($self) = @_;

	while (1)
	{
		my $name = $self->{chance}->weighted(@always,
			  !$self->{notx} ? @whole
			: $self->{code} ? ()
			:                 @parted);
		my @both = $self->$name();

		return @both if @both;
	}
}

1;
