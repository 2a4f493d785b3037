# README.md and doc/*.md against what is there: links and anchors, every
# function, procedure, view, type, table and setting of the extension, every
# SQLSTATE that the source can raise, and every block of commands, which a test
# has to run.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use GooseplusDocs;
use GooseplusTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = docs_root();
my @sections = docs_sections();
my $node = new_node('docs');

# Fail with the list of what is wrong, if anything is.
sub none
{
	my ($name, @wrong) = @_;

	is(join("\n", @wrong), '', $name);
	return;
}

# Rows of a query, as lists of fields.
sub rows
{
	my ($sql) = @_;

	return map { [ split(/\|/, $_, -1) ] } split(/\n/, $node->safe_psql('postgres', $sql));
}

sub unique
{
	my %seen;

	return grep { !$seen{$_}++ } @_;
}

# --- links

my %anchors;
my @broken;
my $links = 0;

push @{ $anchors{ $_->{file} } }, $_->{anchor} for @sections;
foreach my $section (@sections)
{
	while ($section->{text} =~ /\]\(([^)\s]+)\)/g)
	{
		my $link = $1;
		my ($path, $anchor) = $link =~ /^([^#]*)#?(.*)$/;
		my ($folder) = $section->{file} =~ m{^(.*/)?};
		my $file = $path eq '' ? $section->{file} : ($folder // '') . $path;

		next if $path =~ /^[a-z]+:/;
		$links++;
		$file =~ s{[^/]+/\.\./}{};
		next if -e "$root/$file"
		  && ($anchor eq '' || grep { $_ eq $anchor } @{ $anchors{$file} });
		push @broken, "$section->{file}, $section->{title}: $link";
	}
}
none('every link leads somewhere', @broken);
cmp_ok($links, '>', 50, 'and there are many');

# --- functions and procedures

my $signatures = <<'SQL';
SELECT CASE p.prokind WHEN 'p' THEN 'CALL ' ELSE '' END || p.proname || '('
    || coalesce(string_agg(CASE a.mode WHEN 'b' THEN 'INOUT ' ELSE '' END || a.name || ' '
        || format_type(a.type, NULL)
        || coalesce(' DEFAULT ' || regexp_replace(pg_get_function_arg_default(p.oid, a.number),
            '::[a-z]+$', ''), ''), ', ' ORDER BY a.place) FILTER (WHERE a.mode IN ('i', 'b')), '')
    || ')' || CASE WHEN p.prokind = 'p' THEN ''
        ELSE ' RETURNS ' || coalesce('SETOF (' || string_agg(a.name || ' '
            || format_type(a.type, NULL), ', ' ORDER BY a.place)
            FILTER (WHERE a.mode IN ('o', 't')) || ')', pg_get_function_result(p.oid)) END
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
LEFT JOIN LATERAL (
    SELECT u.*, (count(*) FILTER (WHERE mode IN ('i', 'b')) OVER (ORDER BY place))::int AS number
    FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames,
        coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int])))
        WITH ORDINALITY AS u(type, name, mode, place)) AS a ON true
WHERE e.extname = 'gooseplus'
GROUP BY p.oid, p.proname, p.prokind
SQL
my %there = map { s/ without time zone//gr =>1 } split(/\n/, $node->safe_psql('postgres', $signatures));
my %told;

foreach my $section (grep { $_->{file} eq 'doc/reference.md' } @sections)
{
	foreach my $block (grep { $_->{language} eq 'text' } @{ $section->{blocks} })
	{
		my $text = $block->{text} =~ s/\s+/ /gr;

		# each begins with its name, at the start of a line
		foreach my $one (split(/\n(?=\S)/, $block->{text}))
		{
			$told{ $one =~ s/\s+/ /gr =~ s/ $//r } = $section->{title};
		}
	}
}
cmp_ok(scalar(keys %there), '>', 30, 'functions and procedures in the catalog');
none('the reference has every function with its arguments and results',
	grep { !$told{$_} } sort keys %there);
none('and none that is not there', grep { !$there{$_} } sort keys %told);

# --- types, views and tables: their columns

# The columns that a section lists in a table: "name type".
sub listed
{
	my ($title) = @_;
	my @columns;

	foreach my $row (section($title) =~ /^\| (`\w+`.*)$/mg)
	{
		my ($names, $types) = split(/ \| /, $row);
		my @names = $names =~ /`(\w+)`/g;
		my @types = split(/, /, $types);

		push @types, ($types[0]) x (@names - @types);
		push @columns, map { "$names[$_] $types[$_]" } 0 .. $#names;
	}
	return @columns;
}

my %relations = (
	gooseplus_result => '`gooseplus_migrate(env, options)`',
	gooseplus_progress => '`gooseplus_progress`',
	gooseplus_bundle => '`gooseplus_bundle`',
	gooseplus_function => '`gooseplus_function`');

# a row type is not a member by itself before 17, and is one from then on
is( $node->safe_psql('postgres', q(SELECT string_agg(DISTINCT name, ' ' ORDER BY name) FROM (
		SELECT coalesce(r.relname, t.typname) AS name
		FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
		LEFT JOIN pg_class r ON d.classid = 'pg_class'::regclass AND d.objid = r.oid
		LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
		WHERE e.extname = 'gooseplus' AND d.deptype = 'e'
			AND d.classid IN ('pg_class'::regclass, 'pg_type'::regclass)) AS m
		WHERE name NOT LIKE '\_%')),
	join(' ', sort keys %relations),
	'types, views and tables of the extension');
foreach my $name (sort keys %relations)
{
	my $columns = $node->safe_psql('postgres', "SELECT attname || ' '
		|| replace(format_type(atttypid, NULL), 'timestamp with time zone', 'timestamptz')
		FROM pg_attribute WHERE attrelid = '$name'::regclass AND attnum > 0 ORDER BY attnum");

	is(join("\n", listed($relations{$name})), $columns, "the columns of $name");
}

# --- settings, and options

my %settings = map { $_->[0] => $_ } rows(q(LOAD 'gooseplus';
	SELECT substr(name, 11), CASE WHEN unit = 'ms' THEN 'time' WHEN vartype = 'bool' THEN 'boolean'
			ELSE vartype END || coalesce(nullif(' in ' || unit, ' in ms'), ''),
		CASE set_config(name, boot_val, false) WHEN '' THEN 'empty'
			ELSE '`' || current_setting(name) || '`' END,
		CASE context WHEN 'user' THEN 'anyone' ELSE context END, array_to_string(enumvals, ' ')
	FROM pg_settings WHERE name LIKE 'gooseplus.%'));
my %listed = map { (split(/ \| /, $_))[0] =~ /`(\w+)`/ => $_ }
  section('Settings') =~ /^\| (`\w+` \| .*) \|$/mg;

# the one that pg_settings does not show
ok(!$settings{variables}, 'variables is not in pg_settings');
$settings{variables} = [ 'variables', 'string',
	'`' . $node->safe_psql('postgres', "LOAD 'gooseplus'; SHOW gooseplus.variables") . '`',
	'anyone', '' ];
is(join(' ', sort keys %listed), join(' ', sort keys %settings), 'the settings that there are');
foreach my $name (sort keys %settings)
{
	my (undef, @wanted) = @{ $settings{$name} };
	my $values = pop @wanted;
	my (undef, $type, $default, $who) = split(/ \| /, $listed{$name} // '| | |');

	is("$type $default $who", "@wanted", "gooseplus.$name: type, default and context");
	none("gooseplus.$name: its values",
		grep { index($listed{$name}, "`$_`") < 0 } split(/ /, $values));
}

my (undef, undef, $err) = query($node, q(SELECT gooseplus_migrate(options => '{"x": 1}')));

is( join(' ', sort(($err =~ /^HINT:(.*)/m)[0] =~ /"(\w+)"/g)),
	join(' ', sort keys %settings),
	'every setting is an option, and every option a setting');
like(section('Settings'), qr/`resume`/, 'but for resume, of deploys');

# --- names that nobody knows

my %names = map { $_->[0] => 1 } rows(q(SELECT proname FROM pg_proc WHERE proname LIKE 'gooseplus\_%'
	UNION SELECT relname FROM pg_class WHERE relname LIKE 'gooseplus\_%'));
my @unknown;

$names{gooseplus_new} = 1;    # doc/install.md: a function of a later version
foreach my $section (@sections)
{
	my $text = join('', $section->{title}, $section->{text}, map { $_->{text} } @{ $section->{blocks} });

	$text =~ s/\]\([^)]*\)/]/g;
	push @unknown, map { "$section->{file}, $section->{title}: $_" }
	  unique(grep { !$names{$_} } $text =~ /\b(gooseplus_\w*[a-z])\b(?!_)/g),
	  grep { !/\.(control|so|c|sql)$/ }    # files
	  map { "gooseplus.$_" }
	  unique(grep { !$settings{$_} } $text =~ /\bgooseplus\.(\w+)/g);
}
none('no document names a function or a setting that is not there', @unknown);

# --- SQLSTATEs

my ($codes) = run_command([ 'pg_config', '--includedir-server' ]);
my %code = slurp_file("$codes/utils/errcodes.h") =~ /^#define (ERRCODE_\w+) MAKE_SQLSTATE\((.*)\)/mg;
my (%raised, %rows);

s/[', ]//g for values %code;
foreach my $file (glob("$root/src/*.c"))
{
	my $source = slurp_file($file);

	# what is compared is not raised
	while ($source =~ /((?:[=!]=|\bcase)\s*)?\b(ERRCODE_\w+)/g)
	{
		next if $1 || $2 eq 'ERRCODE_TO_CATEGORY';
		$raised{ $code{$2} // $2 } .= " $2";
	}
}
delete $raised{'01000'};    # a warning

# What the server raises for us.
my %by_server = (
	23502 => 'a constraint of gooseplus_bundle',
	23514 => 'a constraint of gooseplus_bundle',
	25006 => 'PreventCommandIfReadOnly(), PreventCommandDuringRecovery()',
	54000 => 'enlargeStringInfo()');

foreach my $row (section('Errors') =~ /^\| ([0-9A-Z]{5}[ ,].*) \|$/mg)
{
	my ($states, $when, $what) = split(/ \| /, $row);

	$rows{$_} = $what for split(/, /, $states);
}
cmp_ok(scalar(keys %raised), '>', 25, 'SQLSTATEs in the source');
none('each has a row', map { "$_$raised{$_}" } grep { !exists $rows{$_} } sort keys %raised);
none('which says what to do', grep { !$rows{$_} } sort keys %rows);
none('and no row is too many', grep { !$raised{$_} && !$by_server{$_} } sort keys %rows);

# --- blocks of commands

# Those that no test reads from the document, and why not.
my %exceptions = (
	'doc/install.md, ' => 'on fresh systems: test/package/try, which is no part of make test',
	'doc/deploys.md, Rehearse it: => SELECT source' => 'sizes and times of a big table: 051_rehearse.pl',
	'doc/migrations.md, Code in other languages: CREATE EXTENSION plpython3u' => '013_languages.pl, where PL/Python is there',
	'doc/migrations.md, Code in other languages: => SELECT gooseplus_register' => '013_languages.pl, where PL/Python is there',
	'doc/operators.md, Multiple lanes: => LISTEN' => 'two sessions, which 030_recipes.pl has',
	'doc/operators.md, Schedule it with pg_cron: CREATE EXTENSION pg_cron' => '040_cron.pl, where pg_cron is there',
	'doc/operators.md, Schedule it with pg_cron: SELECT cron.schedule' => '040_cron.pl, where pg_cron is there',
	'doc/operators.md, Schedule it with pg_cron: => SELECT status' => '040_cron.pl, where pg_cron is there');
my (%run, @not_run, %excused);
my $blocks = 0;

foreach my $test (glob("$FindBin::RealBin/*.pl"))
{
	my $source = slurp_file($test);
	my $string = qr/'(?:[^'\\]|\\.)*'/;

	next if $test =~ m{/070_docs\.pl$};
	while ($source =~ /\b(block|write_shown|type_shown|transcript)\(\s*($string(?:,\s*$string)*)/g)
	{
		my ($call, $list) = ($1, $2);
		my @arguments = map { s/^'|'$//gr =~ s/\\(['\\])/$1/gr } $list =~ /$string/g;

		shift @arguments if $call eq 'write_shown';
		splice(@arguments, 1, 0, $call eq 'write_shown' ? 'sql' : '') if $call ne 'block';
		$run{ block(@arguments) } = 1;
	}
}
foreach my $section (@sections)
{
	foreach my $block (@{ $section->{blocks} })
	{
		my $name = "$section->{file}, $section->{title}: " . ($block->{text} =~ /^(.*)/)[0];

		# output alone, and signatures
		next if $block->{language} eq 'text'
		  || $block->{language} eq '' && $block->{text} !~ /^=> /m;
		$blocks++;
		next if $run{ $block->{text} };
		my ($excuse) = grep { index($name, $_) == 0 } keys %exceptions;
		if ($excuse)
		{
			$excused{$excuse} = 1;
			next;
		}
		push @not_run, "$section->{file}:$block->{line}: $name";
	}
}
none('every command shown is run by a test', @not_run);
none('and no exception is too many',
	grep { !$excused{$_} && -e "$root/" . (split(/,/, $_))[0] } sort keys %exceptions);
note("$blocks blocks of commands; " . keys(%excused) . ' of them are not read from the documents: '
	  . join("\n", '', map { "$_: $exceptions{$_}" } sort keys %excused));

done_testing();
