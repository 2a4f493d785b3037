# Alembic, with psycopg2.

package Bench::Peer::alembic;

use strict;
use warnings;
use parent -norequire, 'Bench::Peer';
use Bench::Files qw(write_file script each_migration);
use Bench::Install qw(command);

sub name { return 'alembic' }

sub version { return '1.20.1' }

sub title { return 'Alembic ' . $_[0]->version }

# The python that is open to everybody: the caller's own may be in his home.
sub install
{
	my ($self) = @_;

	my ($python) = grep { -x } '/usr/bin/python3', '/usr/local/bin/python3';
	die "there is no python3 in /usr/bin\n" unless defined $python;
	command("$self->{folder}/venv.log", $python, '-m', 'venv', "$self->{folder}/venv");
	command("$self->{folder}/pip.log", "$self->{folder}/venv/bin/pip", 'install',
		'--disable-pip-version-check', 'alembic==' . $self->version, 'psycopg2-binary==2.9.13');
	return;
}

# A migration in Python that sends the script as it is.  Data of a COPY are
# beside it, in a file that psycopg2 reads.
sub write_files
{
	my ($self, $files, $migrations) = @_;

	write_file("$files/alembic.ini", "[alembic]\nscript_location = %(here)s\n");
	write_file("$files/env.py", <<'EOT');
import os

from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["BENCH_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
EOT
	each_migration(
		$migrations,
		sub {
			my ($number, $migration) = @_;

			my $name = sprintf 'm%06d', $number;
			my $before = $number == 1 ? 'None' : sprintf '"m%06d"', $number - 1;
			my @up = @{ $migration->{up} };
			my $copy = defined $migration->{data} ? pop @up : undef;
			my $body = script({ up => \@up }, 'up');
			my $down = script($migration, 'down');
			my $upgrade = qq{    op.get_bind().exec_driver_sql("""$body""")\n};

			if (defined $copy)
			{
				$upgrade .= <<"EOT";
    with open(os.path.join(os.path.dirname(__file__), "$name.data")) as data:
        op.get_bind().connection.cursor().copy_expert("$copy", data)
EOT
				write_file("$files/versions/$name.data", $migration->{data} =~ s/\\\.\n\z//r);
			}
			write_file("$files/versions/$name.py", <<"EOT");
import os

from alembic import op

revision = "$name"
down_revision = $before


def upgrade():
$upgrade

def downgrade():
    op.get_bind().exec_driver_sql("""$down""")
EOT
		});
	return;
}

sub environment
{
	my ($self, $run) = @_;

	return ($self->SUPER::environment, BENCH_URL => $self->url($run, 'postgresql+psycopg2'));
}

sub call
{
	my ($self, $run, @command) = @_;

	return ("$self->{folder}/venv/bin/alembic", '-c', "$run->{files}/alembic.ini", @command);
}

sub up { my ($self, $run) = @_; return $self->call($run, 'upgrade', 'head') }

sub status { my ($self, $run) = @_; return $self->call($run, 'current') }

# it shows only the last
sub shows_all
{
	my ($self, $output, $number) = @_;

	return $output =~ sprintf 'm%06d \(head\)', $number;
}

# it records only the last
sub applied { return 'SELECT max(substr(version_num, 2))::int FROM alembic_version' }

sub record_all
{
	my ($self, $number) = @_;

	return (sprintf "UPDATE alembic_version SET version_num = 'm%06d'", $number);
}

1;
