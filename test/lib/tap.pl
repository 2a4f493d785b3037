# tap.pl - run TAP test programs and count their tests one by one.
#
#   perl tap.pl prove FILE ...	perl programs, run from the current folder
#   perl tap.pl psql FILE ...	pgTAP scripts, each in a database of its own
#   				made from the template "gooseplus_pgtap"
#
# Prints each failure and each skip with its reason, and "FAILED: FILE" for each
# program that did; the last line is "N passed, N failed, N skipped".  A program that dies, or runs another number
# of tests than it planned, counts as one failure more.

use strict;
use warnings;
use TAP::Harness;

my ($how, @files) = @ARGV;
my %harness = (verbosity => 0, failures => 1, merge => 0);

if ($how eq 'psql')
{
	my $databases = 0;

	$harness{exec} = sub {
		my (undef, $file) = @_;
		my $database = 'gooseplus_pgtap_' . ++$databases;

		return [
			'sh', '-c',
			'createdb -T gooseplus_pgtap "$1" && exec psql -X -A -t -q'
			  . ' -P pager=off -v ON_ERROR_STOP=1 -d "$1" -f "$2"',
			'sh', $database, $file
		];
	};
}

my $runner = TAP::Harness->new(\%harness);
my $skipped_files = 0;

$runner->callback(
	made_parser => sub {
		my ($parser, $job) = @_;

		$parser->callback(
			test => sub {
				my ($test) = @_;

				printf "skip: %s: %s (%s)\n", $job->[0], $test->description,
				  $test->explanation
				  if $test->has_skip;
			});
		$parser->callback(
			plan => sub {
				my ($plan) = @_;

				return unless ($plan->directive // '') eq 'SKIP';
				printf "skip: %s: %s\n", $job->[0], $plan->explanation;
				$skipped_files++;
			});
	});

my $result = $runner->runtests(@files);
my $skipped = $result->skipped;
my $failed = $result->failed;

foreach my $file ($result->descriptions)
{
	my ($parser) = $result->parsers($file);
	my $broken = $parser->exit || $parser->parse_errors;

	$failed++ if $broken && !$parser->failed;
	print "FAILED: $file\n" if $broken || $parser->failed;
}
printf "%d passed, %d failed, %d skipped\n",
  $result->passed - $skipped, $failed, $skipped + $skipped_files;
exit($failed ? 1 : 0);
