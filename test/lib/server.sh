# server.sh - a server of our own: a copy of the installed PostgreSQL in the
# private folder with gooseplus built into it, and one throw-away cluster.
# Sourced inside (see setup.sh) by scripts that need a server.
#
# PostgreSQL finds its share and library folders relative to its program, so a
# copy that keeps their places under a new root is a whole installation, and
# nothing has to be written to the system's.

SERVER_ROOT=$GOOSEPLUS_PRIVATE/pg
SERVER_DATA=$GOOSEPLUS_PRIVATE/data
SERVER_LOG=$GOOSEPLUS_PRIVATE/server.log
SERVER_BUILD_LOG=$GOOSEPLUS_PRIVATE/build.log

# Copy the installation.  Sets SERVER_BIN, SERVER_PGXS and PG_CONFIG, and puts
# the copy first in PATH.
server_copy()
{
	local dir file

	# what the server reads relative to its program, or we write to
	for dir in --bindir --pkglibdir --sharedir; do
		dir=$("$GOOSEPLUS_PG_CONFIG" $dir)
		[ ! -e "$SERVER_ROOT$dir" ] || continue
		mkdir -p "$SERVER_ROOT$dir"
		cp -RL "$dir/." "$SERVER_ROOT$dir"
	done
	# what only compilers read
	for dir in --includedir --pkgincludedir --includedir-server --libdir; do
		dir=$("$GOOSEPLUS_PG_CONFIG" $dir)
		[ ! -e "$SERVER_ROOT$dir" ] || continue
		mkdir -p "$(dirname "$SERVER_ROOT$dir")"
		ln -s "$dir" "$SERVER_ROOT$dir"
	done
	# a server with a prefix of its own: the folder is there already, without the
	# libraries that programs are linked with
	if [ ! -L "$SERVER_ROOT$dir" ]; then
		for file in "$dir"/lib*; do
			[ -e "$SERVER_ROOT$dir/${file##*/}" ] || ln -s "$file" "$SERVER_ROOT$dir"
		done
		export LD_LIBRARY_PATH=$SERVER_ROOT$dir
	fi
	SERVER_BIN=$SERVER_ROOT$("$GOOSEPLUS_PG_CONFIG" --bindir)
	PG_CONFIG=$SERVER_BIN/pg_config
	SERVER_PGXS=$(dirname "$("$PG_CONFIG" --pgxs)")/../..
	SERVER_PGXS=$(cd "$SERVER_PGXS" && pwd -P)
	export PG_CONFIG PATH="$SERVER_BIN:$PATH"
}

# Build the copy of the tree and install it into the copy of the server.
server_build()
{
	if ! make -s -C "$GOOSEPLUS_TREE" -j "$(nproc)" PG_CONFIG="$PG_CONFIG" \
			all install >"$SERVER_BUILD_LOG" 2>&1; then
		head -n 60 "$SERVER_BUILD_LOG" >&2
		die "the build failed"
	fi
}

# The server's program under valgrind, which writes what it finds, and nothing
# else, to a file a process.  Sets SERVER_PROGRAM.
server_under_valgrind()
{
	local share

	share=$("$PG_CONFIG" --sharedir)
	SERVER_PROGRAM=$GOOSEPLUS_PRIVATE/postgres
	SERVER_FOUND=$GOOSEPLUS_PRIVATE/valgrind
	mkdir "$SERVER_FOUND"
	cat >"$SERVER_PROGRAM" <<-EOF
		#!/bin/sh
		exec valgrind -q --leak-check=no --num-callers=30 --gen-suppressions=all \
			--suppressions='$share/valgrind.supp' --log-file='$SERVER_FOUND/%p.log' \
			'$SERVER_BIN/postgres' "\$@"
	EOF
	chmod +x "$SERVER_PROGRAM"
	export PGCTLTIMEOUT=600
}

# Make and start the cluster; psql and its like find it by PGHOST.  The caller's
# GOOSEPLUS_SETTINGS are lines of its postgresql.conf; GOOSEPLUS_VALGRIND=1 runs
# it under valgrind.
server_start()
{
	local sockets=$GOOSEPLUS_PRIVATE/s

	mkdir -m 700 "$sockets"
	initdb -D "$SERVER_DATA" -U postgres -A trust -E UTF8 --locale=C --no-sync \
		>"$GOOSEPLUS_PRIVATE/initdb.log" 2>&1 ||
		{ tail -n 20 "$GOOSEPLUS_PRIVATE/initdb.log" >&2; die "initdb failed"; }
	cat >>"$SERVER_DATA/postgresql.conf" <<-EOF
		listen_addresses = ''
		unix_socket_directories = '$sockets'
		port = 5432
		max_connections = 60
		max_prepared_transactions = 5
		shared_buffers = 64MB
		fsync = off
		synchronous_commit = off
		timezone = 'UTC'
		log_timezone = 'UTC'
		log_line_prefix = '%m [%p] %u@%d/%a '
		${GOOSEPLUS_SETTINGS:-}
	EOF
	# migrations that tests name by a path relative to the data directory
	if [ -d "$GOOSEPLUS_TREE/test/fixtures" ]; then
		cp -R "$GOOSEPLUS_TREE/test/fixtures" "$SERVER_DATA/fixtures"
	fi
	trap server_stop EXIT
	[ "${GOOSEPLUS_VALGRIND:-}" != 1 ] || server_under_valgrind
	pg_ctl -D "$SERVER_DATA" ${SERVER_PROGRAM:+-p "$SERVER_PROGRAM"} -l "$SERVER_LOG" \
		-w start >/dev/null ||
		{ tail -n 20 "$SERVER_LOG" >&2; die "the server did not start"; }
	export PGHOST=$sockets PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

server_stop()
{
	local status=$?

	trap '' INT TERM HUP
	if [ -f "$SERVER_DATA/postmaster.pid" ]; then
		pg_ctl -D "$SERVER_DATA" -m immediate -w stop >/dev/null 2>&1
	fi
	exit $status
}
