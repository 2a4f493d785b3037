# GooseplusDocs.pm - what the tests of README.md and doc/*.md share: their
# sections and blocks of code, files written as they are shown there, and
# commands typed as they are shown, with what has to come.
#
# 070_docs.pl reads the tests for calls of block(), write_shown() and
# type_shown(), and counts the blocks that no test runs.

package GooseplusDocs;

use strict;
use warnings;

use Exporter 'import';
use FindBin;
use GooseplusTest;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(docs_root docs_files docs_sections docs_use section block write_shown
  transcript has_come type_shown);

my @sections;
my %target;

# The folder that README.md is in.
sub docs_root
{
	return "$FindBin::RealBin/../..";
}

# The documents, by their names there.
sub docs_files
{
	my $root = docs_root();

	return ('README.md', map { s{^\Q$root\E/}{}r } sort glob("$root/doc/*.md"));
}

# All sections of all documents, each without those below it: file, title,
# anchor, line, text, and blocks, which have a line, a language and a text.
sub docs_sections
{
	return @sections if @sections;
	foreach my $file (docs_files())
	{
		my ($block, $indent, %anchors);
		my $number = 0;

		foreach my $line (split(/\n/, slurp_file(docs_root() . "/$file")))
		{
			$number++;
			if ($block)
			{
				if ($line =~ /^ *```$/)
				{
					undef $block;
				}
				else
				{
					$block->{text} .= ($line =~ s/^ {0,$indent}//r) . "\n";
				}
			}
			elsif ($line =~ /^( *)```(\w*)$/)
			{
				$indent = length($1);
				$block = { line => $number, language => $2, text => '' };
				push @{ $sections[-1]{blocks} }, $block;
			}
			elsif ($line =~ /^#+ (.*)/)
			{
				my $title = $1;
				my $anchor = lc($title) =~ s/[^\w\- ]//gr =~ s/ /-/gr;

				$anchor .= '-' . $anchors{$anchor} if $anchors{$anchor}++;
				push @sections, { file => $file, title => $title, anchor => $anchor,
					line => $number, text => '', blocks => [] };
				next;
			}
			$sections[-1]{text} .= "$line\n";
		}
		die "$file ends in a block" if $block;
	}
	return @sections;
}

# Where commands are typed and files are written: a cluster, and the database
# and user of the commands; replace has texts of the document that are others
# here.
sub docs_use
{
	my ($node, %options) = @_;

	%target = (node => $node, %options);
	return;
}

# The text of a section, without those below it.
sub section
{
	my ($title) = @_;
	my ($section) = grep { $_->{title} eq $title } docs_sections();

	return $section ? $section->{text} : die "the documents have no section $title";
}

# The first block of a language in a section that has this in it.
sub block
{
	my ($title, $language, $has) = @_;

	foreach my $section (grep { $_->{title} eq $title } docs_sections())
	{
		foreach my $block (@{ $section->{blocks} })
		{
			return $block->{text} if $block->{language} eq $language
			  && index($block->{text}, $has // '') >= 0;
		}
	}
	die "$title has no such block of $language";
}

# A file as it is shown there.
sub write_shown
{
	my ($path, $title, $has) = @_;

	write_files($target{node}, $path => block($title, 'sql', $has));
	return;
}

# A line without what differs from call to call, and without layout.
sub plain
{
	my ($line) = @_;

	$line =~ s/\b[\d.]+ (us|ms|s)\b/TIME/g;
	$line =~ s/("duration_ms": )[\d.]+/$1TIME/;
	$line =~ s/\b(process|PID) \d+/$1 ID/g;
	$line =~ s/("run": )"[0-9a-f]+"/$1ID/;
	$line =~ s/^ *\d{3,}($| \|)/ID$1/;
	$line =~ s/\{\d+\}/{ID}/g;
	$line =~ s/\b20\d{12}_/STAMP_/g;
	$line =~ s/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\b/TIME/g;
	$line =~ s/\b\d\d:\d\d:\d\d\.\d+\b/TIME/g;
	$line =~ s/ {2,}/ /g;
	$line =~ s/-{2,}/--/g;
	$line =~ s/^\s+|\s+$//g;
	return $line;
}

# What a block shows: the commands after "=> ", and the lines printed.
sub transcript
{
	my ($title, $has) = @_;
	my (@commands, @lines);
	my $complete = 1;

	foreach my $line (split(/\n/, block($title, '', $has)))
	{
		if ($line =~ s/^=> //)
		{
			push @commands, '';
			$complete = 0;
		}
		if ($complete)
		{
			push @lines, $line;
			next;
		}
		$commands[-1] .= "$line\n";
		$complete = $line =~ /;$|^\\/;
	}
	return (join('', @commands), @lines);
}

# Do these lines come in what was printed, in that order?  A line "..." stands
# for any.
sub has_come
{
	my ($name, $printed, @lines) = @_;
	my @left = map { plain($_) } split(/\n/, $printed);

	foreach my $line (grep { $_ ne '' && $_ ne '...' } map { plain($_) } @lines)
	{
		shift @left while (@left && $left[0] ne $line);
		if (!@left)
		{
			fail($name);
			diag("the document:\n$line\nit was:\n$printed");
			return;
		}
		shift @left;
	}
	pass($name);
	return;
}

# Type what a document shows, and look for what it prints.  More parameters
# are for psql.
sub type_shown
{
	my ($title, $has, @psql) = @_;
	my ($commands, @lines) = transcript($title, $has);
	my $in = PostgreSQL::Test::Utils::tempdir('typed') . '/in';
	my $out = '';

	$commands =~ s/\Q$_\E/$target{replace}{$_}/g for keys %{ $target{replace} || {} };
	write_raw($in, $commands);
	IPC::Run::run(
		[ 'psql', '-X', $target{user} ? ('-U', $target{user}) : (),
			'-d', $target{node}->connstr($target{database}), @psql, '-f', $in ],
		'>', \$out, '2>&1', IPC::Run::timeout(180));
	$out =~ s/^psql:\S+:\d+: //mg;
	has_come("$title: " . ($commands =~ /([^\n]*)\n\z/)[0], $out, @lines);
	return;
}

1;
