# setup.sh - from "a machine with make" to "a private copy of the tree, owned
# by an ordinary user, with every package in place".  Sourced by test/run,
# test/demo and test/bench/run; knows nothing about suites.
#
# A script that needs a server starts with
#
#	. "$(dirname "$0")/lib/setup.sh"
#	setup_enter "$0" "$@"
#
# The first time through (outside) setup_enter installs or checks packages,
# copies the tree to a private folder, runs the copy of the script there as an
# ordinary user, removes the folder and exits with the copy's exit status.
# The second time (inside) it returns, with these in the environment:
#
#	GOOSEPLUS_PRIVATE	the private folder
#	GOOSEPLUS_TREE		the copy of the tree in it
#	GOOSEPLUS_PG_CONFIG	pg_config of the server to copy
#
# What the caller's environment says to us: PG_CONFIG (which server), KEEP=1
# (leave the private folder), TMPDIR (where it goes).
#
# A script that needs more commands than the suites do sets SETUP_EXTRA before,
# to "command:package ...".  One that can use more extensions of the server sets
# SETUP_EXTENSIONS to "extension:package ...", with NN where the package's name
# has the server's version; see setup_extensions.  One that can do without
# other packages sets SETUP_OPTIONAL to a script in the tree that prints which
# of them are missing.  One that needs what only the caller can get (its network
# settings, its caches) sets SETUP_PREPARE to scripts in the tree that put it
# into the folder they are given, in the private folder, named like the folder
# the script is in.

set -u
export LC_ALL=C

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# ---------------------------------------------------------------- packages

# The major version of the server to test with.  Sets SETUP_PG_CONFIG (empty
# when that server is still to be installed) and SETUP_MAJOR.
setup_choose_server()
{
	local found

	SETUP_PG_CONFIG=${PG_CONFIG:-}
	if [ -n "$SETUP_PG_CONFIG" ]; then
		SETUP_PG_CONFIG=$(command -v "$SETUP_PG_CONFIG") ||
			die "PG_CONFIG=$PG_CONFIG is not an executable file"
	else
		found=$(ls -v /usr/lib/postgresql/*/bin/pg_config 2>/dev/null | tail -n 1)
		SETUP_PG_CONFIG=${found:-$(command -v pg_config || true)}
	fi
	SETUP_MAJOR=
	if [ -n "$SETUP_PG_CONFIG" ]; then
		SETUP_MAJOR=$("$SETUP_PG_CONFIG" --version 2>/dev/null |
			sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p')
	fi
	[ -n "$SETUP_MAJOR" ] || SETUP_PG_CONFIG=
}

# The newest server that apt has to offer.
setup_newest_major()
{
	apt-cache pkgnames postgresql-server-dev- 2>/dev/null |
		sed -n 's/^postgresql-server-dev-\([0-9][0-9]*\)$/\1/p' | sort -n | tail -n 1
}

# Has apt no package lists, as in many a container image?
setup_no_lists()
{
	! ls /var/lib/apt/lists/*Release >/dev/null 2>&1
}

# Does apt offer this package, as far as it knows?
setup_offered()
{
	setup_no_lists || apt-cache show "$1" >/dev/null 2>&1
}

# The packages that are missing, by what is missing on the disk rather than by
# what dpkg says: a server built by hand is as good as a packaged one.
setup_missing_packages()
{
	local bin=/usr/lib/postgresql/$SETUP_MAJOR/bin
	local share=/usr/share/postgresql/$SETUP_MAJOR
	local pgxs=/usr/lib/postgresql/$SETUP_MAJOR/lib/pgxs/src/makefiles/pgxs.mk
	local extra

	if [ -n "$SETUP_PG_CONFIG" ]; then
		bin=$("$SETUP_PG_CONFIG" --bindir)
		share=$("$SETUP_PG_CONFIG" --sharedir)
		pgxs=$("$SETUP_PG_CONFIG" --pgxs 2>/dev/null || true)
	fi
	command -v gcc >/dev/null || say gcc
	[ -e /usr/include/stdio.h ] || say libc6-dev
	command -v make >/dev/null || say make
	perl -MTAP::Harness -e 1 2>/dev/null || say perl
	perl -MIPC::Run -e 1 2>/dev/null || say libipc-run-perl
	[ -x "$bin/postgres" ] && [ -x "$bin/psql" ] || say "postgresql-$SETUP_MAJOR"
	[ -n "$pgxs" ] && [ -e "$pgxs" ] || say "postgresql-server-dev-$SETUP_MAJOR"
	# a server built by hand, or too new for a pgTAP, does without
	case $bin in
		/usr/lib/postgresql/*)
			[ -e "$share/extension/pgtap.control" ] ||
				! setup_offered "postgresql-$SETUP_MAJOR-pgtap" ||
				say "postgresql-$SETUP_MAJOR-pgtap"
			;;
	esac
	for extra in ${SETUP_EXTRA:-}; do
		command -v "${extra%%:*}" >/dev/null || say "${extra#*:}"
	done
}

setup_apt_get()
{
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Install packages.  The packaged server would make and start a cluster of its
# own; a machine that only runs our tests did not ask for that.
setup_install()
{
	local override=/etc/postgresql-common/createcluster.d/gooseplus-test.conf
	local log=$SETUP_PRIVATE/apt.log

	say "installing $*"
	mkdir -p "${override%/*}"
	printf 'create_main_cluster = false\n' >"$override"
	setup_apt_get install --no-install-recommends "$@" >"$log" 2>&1 ||
	{
		# package lists that are too old name files that are gone
		setup_apt_get update >>"$log" 2>&1
		setup_apt_get install --no-install-recommends "$@" >>"$log" 2>&1
	} ||
	{
		rm -f "$override"
		tail -n 30 "$log" >&2
		die "apt-get could not install: $*"
	}
	rm -f "$override"
}

setup_packages()
{
	local missing

	setup_choose_server
	if [ "$(id -u)" != 0 ]; then
		[ -n "$SETUP_MAJOR" ] || SETUP_MAJOR=$(setup_newest_major)
		[ -n "$SETUP_MAJOR" ] || SETUP_MAJOR=NN
		missing=$(setup_missing_packages | tr '\n' ' ')
		[ -z "$missing" ] ||
			die "packages are missing; as root: apt-get install --no-install-recommends $missing"
		return
	fi

	if [ -n "$SETUP_MAJOR" ] && [ -z "$(setup_missing_packages)" ]; then
		return
	fi
	command -v apt-get >/dev/null ||
		die "missing, and this system has no apt-get to install them: $(setup_missing_packages | tr '\n' ' ')"
	if setup_no_lists; then
		say "reading the package lists (apt-get update)"
		setup_apt_get update >"$SETUP_PRIVATE/apt.log" 2>&1 ||
			{ tail -n 30 "$SETUP_PRIVATE/apt.log" >&2; die "apt-get update failed"; }
	fi
	[ -n "$SETUP_MAJOR" ] || SETUP_MAJOR=$(setup_newest_major)
	[ -n "$SETUP_MAJOR" ] || die "apt offers no postgresql-server-dev package"
	missing=$(setup_missing_packages | tr '\n' ' ')
	if [ -n "$missing" ]; then
		# shellcheck disable=SC2086
		setup_install $missing
		setup_choose_server
		missing=$(setup_missing_packages | tr '\n' ' ')
		[ -z "$missing" ] || die "still missing after apt-get install: $missing"
	fi
}

# The extensions asked for, as far as apt has them for this server: tests skip
# what is not there.
setup_extensions()
{
	local share extension package missing=

	share=$("$SETUP_PG_CONFIG" --sharedir)
	[ "$share" = "/usr/share/postgresql/$SETUP_MAJOR" ] || return 0
	for extension in ${SETUP_EXTENSIONS:-}; do
		package=${extension#*:}
		package=${package/NN/$SETUP_MAJOR}
		[ -e "$share/extension/${extension%%:*}.control" ] ||
			! apt-cache show "$package" >/dev/null 2>&1 ||
			missing="$missing $package"
	done
	setup_install_optional $missing
}

# Install packages without which some tests are skipped.
setup_install_optional()
{
	[ $# != 0 ] || return 0
	say "installing $*"
	setup_apt_get install --no-install-recommends "$@" \
		>"$SETUP_PRIVATE/apt.log" 2>&1 ||
		say "apt-get could not install them; their tests are skipped"
}

# ---------------------------------------------------------- the private copy

# The ordinary user that root hands over to; empty for somebody who is one.
setup_user()
{
	[ "$(id -u)" = 0 ] || return 0
	if id postgres >/dev/null 2>&1; then
		say postgres
	else
		say nobody
	fi
}

# A folder with a path short enough for unix sockets (a server's socket name
# must stay under 100 bytes) that the ordinary user can get to.
setup_private_folder()
{
	local parent

	for parent in "${TMPDIR:-/tmp}" /tmp; do
		[ ${#parent} -le 40 ] || continue
		SETUP_PRIVATE=$(mktemp -d "$parent/gooseplus.XXXXXX") || continue
		SETUP_PRIVATE=$(cd "$SETUP_PRIVATE" && pwd -P)
		[ -z "$SETUP_USER" ] || chown "$SETUP_USER:" "$SETUP_PRIVATE"
		if setup_as_user test -w "$SETUP_PRIVATE"; then
			return 0
		fi
		rm -rf "$SETUP_PRIVATE"
	done
	die "found no folder for temporary files: ${TMPDIR:-/tmp} is too long a path or not open to ${SETUP_USER:-you}"
}

setup_as_user()
{
	if [ -n "$SETUP_USER" ]; then
		setpriv --reuid="$SETUP_USER" --regid="$(id -g "$SETUP_USER")" --init-groups -- "$@"
	else
		"$@"
	fi
}

# The tree without what a build or a test run left in it.
setup_copy_tree()
{
	mkdir "$SETUP_PRIVATE/tree" "$SETUP_PRIVATE/tmp"
	tar -C "$1" --exclude=./.git --exclude='*.o' --exclude='*.so' --exclude='*.bc' \
		--exclude=./dist --exclude=./results --exclude=./output_iso --exclude=./tmp_check \
		--exclude=./test/unit/build --exclude=./test/fuzz/build -cf - . |
		tar -C "$SETUP_PRIVATE/tree" --no-same-owner -xf -
	setup_prepare
	if [ -n "$SETUP_USER" ]; then
		chown -R "$SETUP_USER:" "$SETUP_PRIVATE"
	fi
}

# What the script asked for with SETUP_PREPARE: test/NAME/prepare fills the
# folder NAME.
setup_prepare()
{
	local script folder

	for script in ${SETUP_PREPARE:-}; do
		[ -e "$SETUP_PRIVATE/tree/$script" ] || continue
		folder=$(dirname "$script")
		folder=$SETUP_PRIVATE/${folder##*/}
		mkdir "$folder"
		"$SETUP_PRIVATE/tree/$script" "$folder" || die "$script failed"
	done
}

# Stop, by their pid files, the servers that run in the private folder: those
# that a killed suite could not stop itself.
setup_stop_servers()
{
	local file pid

	find "$SETUP_PRIVATE" -name postmaster.pid 2>/dev/null | while read -r file; do
		pid=$(head -n 1 "$file" 2>/dev/null)
		[ -n "$pid" ] || continue
		[ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ] || continue
		kill -QUIT "$pid" 2>/dev/null || continue
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	done
}

setup_cleanup()
{
	local status=$?

	trap '' INT TERM HUP
	if [ -n "${SETUP_CHILD:-}" ]; then
		kill -TERM -- "-$SETUP_CHILD" 2>/dev/null && wait "$SETUP_CHILD"
	fi
	if [ "${KEEP:-}" = 1 ]; then
		say "kept: $SETUP_PRIVATE" >&2
	elif [ -n "${SETUP_PRIVATE:-}" ]; then
		setup_stop_servers
		# a test may have closed a folder to its owner
		chmod -R u+rwX "$SETUP_PRIVATE" 2>/dev/null
		rm -rf "$SETUP_PRIVATE"
	fi
	exit $status
}

# See the top of this file.
setup_enter()
{
	local script top status

	if [ -n "${GOOSEPLUS_PRIVATE:-}" ]; then
		shift
		return 0
	fi
	script=$1
	shift
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
	script=$(cd "$(dirname "$script")" && pwd -P)/$(basename "$script")
	script=${script#"$top"/}

	SETUP_CHILD=
	SETUP_PRIVATE=
	trap setup_cleanup EXIT
	trap 'exit 130' INT
	trap 'say "stopped by a signal: what fails from here on says nothing" >&2; exit 143' TERM HUP
	SETUP_USER=
	if [ "$(id -u)" = 0 ]; then
		SETUP_PRIVATE=$(mktemp -d)
		setup_packages
		setup_extensions
		# shellcheck disable=SC2046
		[ -z "${SETUP_OPTIONAL:-}" ] ||
			setup_install_optional $("$top/$SETUP_OPTIONAL")
		rm -rf "$SETUP_PRIVATE"
		SETUP_PRIVATE=
		SETUP_USER=$(setup_user)
	else
		setup_packages
	fi
	setup_private_folder
	setup_copy_tree "$top"

	# A session of its own, so that one signal reaches everything in it.
	cd "$SETUP_PRIVATE/tree" || exit 1
	setup_as_user env -i \
		PATH="$PATH:/usr/sbin:/sbin" HOME="$SETUP_PRIVATE" TMPDIR="$SETUP_PRIVATE/tmp" \
		LC_ALL=C TZ=UTC TERM=dumb KEEP="${KEEP:-}" GOOSEPLUS_SEED="${GOOSEPLUS_SEED:-}" \
		GOOSEPLUS_CRASHES="${GOOSEPLUS_CRASHES:-}" FUZZ_SECONDS="${FUZZ_SECONDS:-}" \
		GOOSEPLUS_SETTINGS="${GOOSEPLUS_SETTINGS:-}" \
		GOOSEPLUS_VALGRIND="${GOOSEPLUS_VALGRIND:-}" \
		GOOSEPLUS_REGRESS="${GOOSEPLUS_REGRESS:-}" \
		GOOSEPLUS_CALLS="${GOOSEPLUS_CALLS:-}" \
		SOAK_SECONDS="${SOAK_SECONDS:-}" SOAK_DATABASES="${SOAK_DATABASES:-}" \
		SOAK_STEPS="${SOAK_STEPS:-}" SOAK_FROM="${SOAK_FROM:-}" \
		SOAK_ONLY="${SOAK_ONLY:-}" \
		GOOSEPLUS_PRIVATE="$SETUP_PRIVATE" \
		GOOSEPLUS_TREE="$SETUP_PRIVATE/tree" \
		GOOSEPLUS_PG_CONFIG="$SETUP_PG_CONFIG" \
		setsid "$SETUP_PRIVATE/tree/$script" "$@" <&0 &
	SETUP_CHILD=$!
	wait "$SETUP_CHILD"
	status=$?
	SETUP_CHILD=
	exit $status
}
