# FuzzSql.pm - the random calls and files of sql.pl, and the list of what there
# is to call.  It runs nothing but queries of the catalog.
#
# Copyright (c) 2026, gooseplus contributors

package FuzzSql;

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use GooseplusTest qw(write_raw);
use JSON::PP;
use POSIX qw(mkfifo);

# ------------------------------------------------------------- the catalog

# The members of the extension: routines (name, kind, set, arguments with name,
# type and has_default), relations (name, kind, columns), and its settings.
sub members
{
	my ($node) = @_;
	my $member = "IN (SELECT objid FROM pg_depend WHERE deptype = 'e' AND refobjid ="
	  . " (SELECT oid FROM pg_extension WHERE extname = 'gooseplus'))";

	return decode_json($node->safe_psql('fuzz_template', <<"EOF"));
SELECT json_build_object(
	'routines', (SELECT json_agg(json_build_object(
			'name', proname, 'kind', prokind, 'set', proretset,
			'arguments', (SELECT coalesce(json_agg(json_build_object(
					'name', argument.name, 'type', argument.type::regtype,
					'mode', coalesce(argument.mode, 'i'),
					'has_default', place > pronargs - pronargdefaults)
					ORDER BY place), '[]')
				FROM unnest(coalesce(proallargtypes, proargtypes::oid[]),
					proargnames, proargmodes) WITH ORDINALITY AS argument(type, name, mode, place)
				WHERE coalesce(argument.mode, 'i') IN ('i', 'b', 'v')
					OR (prokind = 'p' AND argument.mode = 'o')))
			ORDER BY proname)
		FROM pg_proc WHERE oid $member),
	'relations', (SELECT json_agg(json_build_object(
			'name', relname, 'kind', relkind,
			'columns', (SELECT json_agg(json_build_object('name', attname,
					'type', atttypid::regtype)) FROM pg_attribute
				WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped))
			ORDER BY relname)
		FROM pg_class c WHERE relkind IN ('r', 'v', 'm') AND oid $member),
	'settings', (SELECT json_agg(json_build_object(
			'name', substr(name, length('gooseplus.') + 1), 'type', vartype,
			'values', enumvals) ORDER BY name)
		FROM (SELECT gooseplus_db_version()) AS loaded, pg_settings
		WHERE name LIKE 'gooseplus.%'))
EOF
}

# ------------------------------------------------------------------ values

# A maker of calls, for the root of migrations; a superuser's can set more.
sub new
{
	my ($class, $members, $root, $superuser) = @_;

	return bless { members => $members, root => $root, superuser => $superuser }, $class;
}

sub pick
{
	my ($self, @from) = @_;

	return $from[ rand @from ];
}

# True this often.
sub chance { return rand() < $_[0]; }

# An SQL literal.  psql takes no null bytes.
sub quoted
{
	my ($text) = @_;

	$text =~ tr/\0/ /;
	$text =~ s/\\/\\\\/g;
	$text =~ s/'/''/g;
	return "E'$text'";
}

my @environments = ('base', 'production', 'eu', 'production,eu', 'nowhere', '');
my @names = (
	'a', 'add users', '../a', '../../outside/base/a', '..', '.', '/', '/etc/passwd', '~', 'a/b',
	'base/../../outside', '00001_a', 'a.sql', '"', "'", "a'b", '%s%n%d', "\xe2\x82\xac", 'CON', '*',
	'$(id)', "a\nb", "a\rb", "\t", ' ', 'goose_db_version', 'pg_class', 'public.a', 'a.b.c',
	'-- +goose Up', '; DROP TABLE a', '{', '{}', '[]', '1', '0', '-1', 'NULL', 'a' x 64, 'a' x 300,
	'../' x 50, '"quoted"."name"', '"unfinished', "\xc3\xa9" x 40, "\x01", '\\', '$1', '${A}');
my @versions = (
	0, 1, 1, 2, 3, 4, 5, 7, 9, 12, -1, 20240229235959, 20230229000000, 2147483647, 2147483648,
	9223372036854775807, '-9223372036854775808', 99999);
my @intervals = ('0', '1 ms', '20 ms', '0.1 s', '-1 s', '1 month', '1000000 years', '1 day -1 s');

# Any text: a name, random characters, or a piece of a file.
sub text
{
	my ($self) = @_;

	return $self->pick(@environments) if chance(0.3);
	return $self->pick(@names) if chance(0.5);
	return file_text() if chance(0.3);
	my $text = join '', map { chr(1 + rand($self->pick(126, 0x7fe, 0xd7fe))) } 1 .. rand 20;
	utf8::encode($text);
	return $text;
}

# Any JSON value.
sub json
{
	my ($self, $depth) = @_;

	return $self->pick('null', 'true', 'false', '0', '1', '-1', '1e400', '1.5', '""', '"on"', '"off"',
		'"1ms"', '"x"', '12345678901234567890123', '"\\u20ac"', '"2h"', '"-1"')
	  if $depth > 2 || chance(0.6);
	return '"' . (JSON::PP->new->allow_nonref->ascii->encode($self->pick(@names)) =~ s/^"|"$//gr) . '"'
	  if chance(0.4);
	return '[' . join(', ', map { $self->json($depth + 1) } 1 .. rand 4) . ']' if chance(0.5);
	return '{'
	  . join(', ', map { "\"$_\": " . $self->json($depth + 1) }
		  map { $self->pick('A', 'B', '', 'directory', 'x y') } 1 .. rand 4)
	  . '}';
}

# A value for a setting, as JSON; mostly one that it takes.
sub setting_value
{
	my ($self, $setting) = @_;
	my ($name, $type) = @{$setting}{qw(name type)};

	# A superuser may write wherever he says, so he says only this.
	if ($name eq 'directory')
	{
		return '"'
		  . $self->pick($self->{root}, $self->{root}, "$self->{root}/base", '/nowhere',
			"$self->{root}/base/00001_a.sql", '/proc/self', '/')
		  . '"';
	}
	return $self->json(0) if chance(0.2);
	return $self->pick('true', 'false', '"on"', '"off"') if $type eq 'bool';
	return '"' . $self->pick(@{ $setting->{values} }) . '"' if $type eq 'enum';
	return $self->pick('0', '1', '"1ms"', '"20ms"', '100', '"1s"', '-1', '2147483647') if $type eq 'integer';
	return $self->pick('{}', '{"A": "x", "B": "\'; SELECT 1;"}', '{"A": null}', '"{}"') if $name eq 'variables';
	return $self->pick('""', '"shop"', '"none"') if $name eq 'bundle';
	return $self->pick('"base"', '""', '"eu"', '"../outside"') if $name eq 'base_environment';
	return $self->pick('"goose_db_version"', '"v2"', '"public.v3"', '"no.v"', '"pg_class"', '"gooseplus_bundle"')
	  if $name eq 'version_table';
	return $self->pick('1', '"4097083626"', '"x"') if $name eq 'lock_id';
	return JSON::PP->new->allow_nonref->ascii->encode($self->text =~ s/\P{ASCII}//gr);
}

# Options of a call.
sub options
{
	my ($self) = @_;

	return $self->json(0) if chance(0.1);
	my @settings = grep { $self->{superuser} || $_->{name} ne 'directory' || chance(0.1) }
	  @{ $self->{members}{settings} };
	my @given = map {
		my $setting = $self->pick(@settings);
		'"' . $setting->{name} . '": ' . $self->setting_value($setting)
	} 1 .. rand 4;

	push @given, '"' . $self->pick('resume', 'unknown', '') . '": ' . $self->json(0) if chance(0.1);
	return '{' . join(', ', @given) . '}';
}

# What makes sense for an argument of that name, so that not all calls fail.
my %usual = (
	env => [ @environments[ 0 .. 3 ] ],
	direction => [ 'up', 'down' ],
	resume => [ 'retry', 'skip', 'restart' ],
	bundle => ['shop'],
	path => [ 'base/00001_a.sql', 'base/00002_b.sql', 'eu/00003_c.sql' ],
	script => ["-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n"]);

# An SQL expression of a type, for an argument of that name.
sub value
{
	my ($self, $type, $name) = @_;

	return "NULL::$type" if chance(0.06);
	return quoted($self->pick(@{ $usual{$name} })) if defined $name && $usual{$name} && chance(0.7);
	return "'{}'::jsonb" if $type eq 'jsonb' && chance(0.4);
	return quoted($self->text) if $type eq 'text';
	return quoted($self->options) . '::jsonb' if $type eq 'jsonb';
	return quoted($self->pick(@versions)) . "::$type" if $type eq 'bigint';
	return $self->pick('true', 'false') if $type eq 'boolean';
	return quoted($self->pick(@intervals)) . "::$type" if $type eq 'interval';
	return quoted($self->pick('fuzz_up()', 'fuzz_down()', 'fuzz_argument(int)', 'now()', 'nowhere()',
			'gooseplus_migrate(text, jsonb)', 'pg_cancel_backend(int)', '99999')) . "::$type"
	  if $type eq 'regprocedure';
	return quoted($self->pick(@versions, $self->text)) . "::$type";
}

# ------------------------------------------------------------------- calls

# The arguments of a call: all, or without some that have a default.
sub arguments
{
	my ($self, $routine) = @_;
	my @given = grep { !$_->{has_default} || chance(0.6) } @{ $routine->{arguments} };

	return join ', ',
	  map { ($_->{name} ? "$_->{name} => " : '') . ($_->{mode} eq 'o' ? 'NULL' : $self->value(@{$_}{qw(type name)})) } @given;
}

# A command on a table or view.
sub table_command
{
	my ($self, $relation) = @_;
	my @columns = @{ $relation->{columns} };
	my $name = $relation->{name};

	return "SELECT * FROM $name" if $relation->{kind} ne 'r' || chance(0.2);
	return "DELETE FROM $name" if chance(0.1);
	return "UPDATE $name SET $_->{name} = " . $self->value($_->{type})
	  foreach grep { chance(0.2) } @columns;
	return "INSERT INTO $name ("
	  . join(', ', map { $_->{name} } @columns) . ') VALUES ('
	  . join(', ', map { $self->table_value($_) } @columns)
	  . ') ON CONFLICT DO NOTHING';
}

# What a column gets that makes a row of use.
sub table_value
{
	my ($self, $column) = @_;

	return $self->value($column->{type}) if chance(0.3);
	return quoted('shop') if $column->{name} eq 'bundle';
	return quoted($self->pick('base/', 'eu/', '') . '0000' . int(rand 9) . '_b.sql') if $column->{name} eq 'path';
	return quoted(file_text()) if $column->{name} eq 'body';
	return quoted('base') if $column->{name} eq 'environment';
	return quoted($self->pick('fuzz_up()', 'fuzz_down()', 'gone()')) if $column->{name} =~ /^(up|down)$/;
	return $self->value($column->{type});
}

# A call in the way that works.
sub plain_call
{
	my ($self, $routine) = @_;
	my $call = "$routine->{name}(" . $self->arguments($routine) . ')';

	return "CALL $call" if $routine->{kind} eq 'p';
	return $self->pick("SELECT * FROM $call", "SELECT * FROM $call", "SELECT $call", "SELECT count(*) FROM $call LIMIT 1");
}

# A call that would wait for the lock for long.
sub waiting_call
{
	my ($self, $routine) = @_;
	my $call = "$routine->{name}("
	  . join(', ', map { "$_->{name} => " . $self->waiting_value($_) }
		  grep { $_->{type} ne 'text' || !$_->{has_default} } @{ $routine->{arguments} })
	  . ')';

	return $routine->{kind} eq 'p' ? "CALL $call" : "SELECT * FROM $call";
}

sub waiting_value
{
	my ($self, $argument) = @_;
	my %values = (
		jsonb => '\'{"timeout": 0, "migration_timeout": 0}\'',
		bigint => '1',
		text => "'up'",
		interval => "'1 hour'",
		regprocedure => "'fuzz_up()'");

	return $values{ $argument->{type} } || "NULL::$argument->{type}";
}

# A call of anything, in any of the ways there are.
sub call
{
	my ($self) = @_;

	return $self->table_command($self->pick(@{ $self->{members}{relations} })) . ';'
	  if @{ $self->{members}{relations} } && chance(0.12);

	my $call = $self->plain_call($self->pick(@{ $self->{members}{routines} }));
	my $wrapped = $self->wrap($call);

	return $wrapped unless chance(0.15);
	my $setting = $self->pick(@{ $self->{members}{settings} });
	my $value = $self->setting_value($setting) =~ s/^"|"$//gr;

	return "SET gooseplus.$setting->{name} = " . quoted($value) . ";\n$wrapped";
}

sub wrap
{
	my ($self, $call) = @_;

	return "$call;" if chance(0.5);
	# in a block an error is seen by nobody, so it says it
	my $caught = "EXCEPTION WHEN OTHERS THEN IF SQLSTATE LIKE 'XX%' THEN RAISE; END IF;";
	my $perform = $call =~ s/^SELECT/PERFORM/r;

	return $self->pick(
		"BEGIN;\n$call;\n" . $self->pick('COMMIT;', 'ROLLBACK;', "$call;\nCOMMIT;"),
		'BEGIN ISOLATION LEVEL ' . $self->pick('REPEATABLE READ', 'SERIALIZABLE', 'READ COMMITTED READ ONLY')
		  . ";\nSELECT 1;\n$call;\nCOMMIT;",
		"BEGIN;\nSAVEPOINT a;\n$call;\nROLLBACK TO a;\n$call;\nCOMMIT;",
		"DO \$fuzz\$ BEGIN $perform; $caught END \$fuzz\$;",
		"DO \$fuzz\$ BEGIN $perform; COMMIT; $perform; END \$fuzz\$;",
		"DO \$fuzz\$ BEGIN EXECUTE " . quoted($call) . "; $caught END \$fuzz\$;",
		"SELECT 1\\; $call\\; $call;",
		"PREPARE fuzz AS $call;\nEXECUTE fuzz;\nEXECUTE fuzz;\nDEALLOCATE fuzz;",
		"BEGIN;\nDECLARE fuzz CURSOR FOR $call;\nFETCH 1 FROM fuzz;\nMOVE ALL FROM fuzz;\nCOMMIT;",
		"SET ROLE fuzz_user;\n$call;",
		"SET default_transaction_read_only = on;\n$call;",
		"SET search_path = " . $self->pick('pg_catalog', "''", 'nowhere') . ";\n"
		  . ($call =~ s/\b(gooseplus_\w+\()/public.$1/r) . ';',
		"EXPLAIN ANALYZE $call;",
		"COPY ($call) TO STDOUT;");
}

# ------------------------------------------------------------------- files

my @statements = (
	'CREATE TABLE a (a int PRIMARY KEY, b text);', 'DROP TABLE a;', 'DROP TABLE IF EXISTS a;',
	'CREATE TABLE IF NOT EXISTS b (a int);', 'INSERT INTO a VALUES (1), (2);', 'SELECT 1/0;', 'SELECT 1;',
	'SELECT', 'SELEC 1;', 'CREATE INDEX CONCURRENTLY a_b ON a (b);', 'DROP INDEX CONCURRENTLY a_b;',
	'REINDEX TABLE CONCURRENTLY a;', 'VACUUM a;', 'BEGIN;', 'COMMIT;', 'ROLLBACK;', 'SAVEPOINT s;', 'END;',
	'ROLLBACK TO s;', 'PREPARE TRANSACTION \'x\';', 'SET search_path = nowhere;', 'RESET ALL;', 'DISCARD ALL;',
	'SELECT pg_advisory_unlock_all();', 'SELECT pg_advisory_xact_lock(4097083626);',
	'SELECT gooseplus_migrate();', 'CALL gooseplus_deploy();', 'SELECT gooseplus_db_version();',
	'SELECT gooseplus_down();', 'SET ROLE fuzz_user;', 'SET SESSION AUTHORIZATION fuzz_user;', 'RESET ROLE;',
	'LISTEN a;', 'PREPARE p AS SELECT 1;', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1;', 'CLOSE c;',
	'LOCK TABLE a;', "CREATE TYPE mood AS ENUM ('x');", "ALTER TYPE mood ADD VALUE 'y';",
	'CREATE TABLE m (a mood DEFAULT \'y\');', 'DROP TABLE goose_db_version;',
	'UPDATE goose_db_version SET version_id = version_id + 1;', 'DELETE FROM goose_db_version;',
	'INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, false);', 'TRUNCATE goose_db_version;',
	'ALTER TABLE goose_db_version RENAME TO gone;', 'DROP TABLE goose_db_version_history;',
	'ALTER TABLE a ADD COLUMN c int DEFAULT 1;', 'ALTER TABLE a ALTER COLUMN b TYPE varchar(3);',
	'ALTER TABLE a ALTER COLUMN b SET NOT NULL;', 'ALTER TABLE a ADD CHECK (a > 0) NOT VALID;',
	'ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a DEFERRABLE INITIALLY DEFERRED;', 'INSERT INTO b VALUES (99);',
	'SET CONSTRAINTS ALL DEFERRED;', 'TRUNCATE a;', 'CLUSTER a;', 'REFRESH MATERIALIZED VIEW a;',
	'DO $$ BEGIN PERFORM 1; COMMIT; END $$;', 'DO $$ BEGIN RAISE EXCEPTION \'x\' USING ERRCODE = \'40P01\'; END $$;',
	"DO \$\$\nBEGIN\n  LOOP EXIT; END LOOP;\nEXCEPTION WHEN OTHERS THEN NULL;\nEND;\n\$\$;",
	'DO LANGUAGE plnowhere $$ $$;', 'SELECT pg_cancel_backend(pg_backend_pid());', 'SELECT pg_sleep(0.05);',
	'SET statement_timeout = 1;', "SET LOCAL lock_timeout = '1ms';", 'SET TRANSACTION READ ONLY;',
	'SET default_transaction_isolation = serializable;', 'SET client_encoding = latin1;',
	"COPY a FROM stdin;\n5\tx\n6\t\\N\n\\.", "COPY a FROM stdin WITH (FORMAT csv);\n7,\"x\n\"\n\\.", "COPY a FROM stdin;\nx\n\\.",
	'COPY a TO STDOUT;', 'COPY a FROM stdin BINARY;', "\\restrict abc", 'CREATE TABLE $A (a int);', 'SELECT \'${B:-x}\';',
	'SELECT \'${UNSET?gone}\';', 'CREATE RULE r AS ON INSERT TO a DO INSTEAD NOTHING;', 'CREATE SCHEMA nowhere;',
	'CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END;', 'DROP FUNCTION IF EXISTS fuzz_up();',
	'CREATE TABLE p (a int) PARTITION BY RANGE (a);', 'CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);',
	'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;', 'CREATE DATABASE a.b;', 'ALTER DATABASE nowhere SET TABLESPACE x;',
	'EXPLAIN ANALYZE INSERT INTO a VALUES (8);', 'SHOW ALL;', 'FETCH 1 FROM c;', 'EXECUTE p;', 'DEALLOCATE ALL;',
	'CREATE VIEW v AS SELECT * FROM a;', 'COMMENT ON TABLE a IS \'x\';', 'NOTIFY a;', 'CHECKPOINT;', 'ANALYZE;');
my @annotations = (
	'-- +goose Up', '-- +goose Down', '-- +goose StatementBegin', '-- +goose StatementEnd',
	'-- +goose NO TRANSACTION', '-- +goose ENVSUB ON', '-- +goose ENVSUB OFF', '-- +goose', '-- a comment', '');

# The text of a file: in goose's format as a rule, and then maybe spoilt.
sub file_text
{
	my @lines;

	return join '', map { chr rand 128 } 1 .. rand 200 if chance(0.05);
	push @lines, $annotations[4] if chance(0.3);
	push @lines, $annotations[5] if chance(0.2);
	push @lines, $annotations[0];
	push @lines, map { $statements[ rand @statements ] } 0 .. rand 4;
	push @lines, $annotations[1] if chance(0.7);
	push @lines, map { $statements[ rand @statements ] } 0 .. rand 3 if chance(0.6);
	splice @lines, rand @lines, chance(0.5), $annotations[ rand @annotations ] if chance(0.15);
	my $text = join("\n", @lines) . (chance(0.9) ? "\n" : '');

	substr($text, rand length $text, rand 5) = join '', map { chr 1 + rand 127 } 1 .. rand 4 if chance(0.1);
	$text =~ s/\n/\r\n/g if chance(0.05);
	$text =~ tr/\0/ /;
	return $text;
}

# The name of a file, with one of the versions not taken yet as a rule.
sub file_name
{
	my ($versions) = @_;

	return sprintf('%05d_%s.sql', shift @$versions, (qw(a b users))[ rand 3 ])
	  if @$versions && chance(0.9);
	return sprintf('%05d_a.sql', 1 + rand 12) if chance(0.2);
	return (20240101000000 + int(rand 5)) . '_t.sql' if chance(0.5);
	return (
		'0_zero.sql', '9223372036854775807_last.sql', 'seed.sql', '00003_code.go', 'notes.txt', '.hidden.sql',
		"00004_\xff\xfe.sql", "00005_a\nb.sql", '00006_' . 'x' x 200 . '.sql', '-1_a.sql', '00007.sql',
		"00008_\xe2\x82\xac.sql", '00009_%s%n.sql')[ rand 13 ];
}

# Makes the migrations anew, with things that are no files among them.
sub files
{
	my ($root, $outside) = @_;
	my @versions = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } 1 .. 12;

	remove_tree($root);
	make_path("$root/base");
	foreach my $folder ('base', 'base', 'production', 'eu', '.', "a'b", "\xff")
	{
		next if $folder ne 'base' && chance(0.5);
		write_raw("$root/$folder/" . file_name(\@versions), file_text()) foreach 0 .. rand 4;
	}
	# null bytes and what is not UTF-8
	write_raw("$root/base/00012_bytes.sql", join '', map { chr rand 256 } 1 .. 100) if chance(0.1);
	symlink "$outside/base/00001_keep.sql", "$root/base/00011_link.sql" if chance(0.1);
	symlink '/nowhere', "$root/base/00010_dangling.sql" if chance(0.05);
	symlink $outside, "$root/production" if chance(0.05);
	make_path("$root/base/00009_folder.sql") if chance(0.05);
	mkfifo("$root/base/00008_pipe.sql", oct 600) if chance(0.05);
	if (chance(0.05))
	{
		write_raw("$root/eu/00007_closed.sql", '');
		chmod 0, "$root/eu/00007_closed.sql";
	}
	return;
}

# The lines that one listing has and the other lacks.
sub changes
{
	my @sides = map { { map { $_ => 1 } split /\n/ } } @_;

	return (map { "- $_" } grep { !$sides[1]{$_} } sort keys %{ $sides[0] }),
	  (map { "+ $_" } grep { !$sides[0]{$_} } sort keys %{ $sides[1] });
}

1;
