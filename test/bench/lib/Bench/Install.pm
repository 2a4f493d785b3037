# Bench::Install - how peers get what they need, by name, from the registries
# that the clients on this machine are set up for.

package Bench::Install;

use strict;
use warnings;
use Exporter 'import';
use Bench::Files 'write_file';

our @EXPORT_OK = qw(command need npm maven);

# Run a command with its output in a log, and die with the log's last words if
# it fails.
sub command
{
	my ($log, @command) = @_;

	my $pid = fork // die "fork: $!\n";
	if ($pid == 0)
	{
		open STDOUT, '>', $log and open STDERR, '>&', \*STDOUT;
		open STDIN, '<', '/dev/null';
		exec 'timeout', '600', @command or exit 127;
	}
	waitpid $pid, 0;
	return if $? == 0;
	open my $file, '<', $log or die "$command[0] failed\n";
	my @lines = grep { /error|cannot|unable|not found|fail/i } <$file>;
	my $why = $lines[0] // 'failed';
	$why =~ s{\w+://\S+}{...}g;
	$why =~ s/\s+$//;
	die "$command[0]: " . substr($why, 0, 200) . "\n";
}

# Die if there is no such command.
sub need
{
	my (@commands) = @_;

	foreach my $command (@commands)
	{
		die "there is no $command on the PATH\n"
		  unless grep { -x "$_/$command" } split /:/, $ENV{PATH};
	}
	return;
}

# Packages of npm's, "name" => "version", into folder/node_modules.
sub npm
{
	my ($folder, %packages) = @_;

	need('node', 'npm');
	command("$folder/npm.log", 'npm', 'install', '--prefix', $folder, '--no-audit',
		'--no-fund', map { "$_\@$packages{$_}" } sort keys %packages);
	return;
}

# Artifacts of Maven's, "group:name" => "version", and what they depend on,
# into folder/jars.
sub maven
{
	my ($folder, %artifacts) = @_;

	my $element = sub {
		my ($name, $value) = @_;

		return "<$name>$value</$name>\n";
	};
	my $dependencies = '';

	need('java', 'mvn');
	foreach my $artifact (sort keys %artifacts)
	{
		my ($group, $name) = split /:/, $artifact;

		$dependencies .= $element->(
			'dependency',
			$element->('groupId', $group)
			  . $element->('artifactId', $name)
			  . $element->('version', $artifacts{$artifact}));
	}
	write_file(
		"$folder/pom.xml",
		$element->(
			'project',
			$element->('modelVersion', '4.0.0')
			  . $element->('groupId', 'bench')
			  . $element->('artifactId', 'bench')
			  . $element->('version', '1')
			  . $element->('packaging', 'pom')
			  . $element->('dependencies', $dependencies)));
	command("$folder/maven.log", 'mvn', '-B', '-ntp', '-f', "$folder/pom.xml",
		'dependency:copy-dependencies', "-DoutputDirectory=$folder/jars");
	return;
}

1;
