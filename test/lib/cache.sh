# shellcheck shell=bash
#
# cache.sh - what is costly to make is kept in a folder of the user's between
# runs: whole systems, servers built from source.  Sourced by test/matrix/run
# and test/assert/run.

# The folder; GOOSEPLUS_CACHE in the caller's environment chooses another.
cache_folder()
{
	local folder=${GOOSEPLUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gooseplus}

	mkdir -p "$folder" && (cd "$folder" && pwd -P)
}

# cache_lock PATH: nobody else uses it until we end, or lock another.
cache_lock()
{
	exec 9>"$1.lock"
	if ! flock -n 9; then
		say "waiting for somebody else who uses $1"
		flock 9
	fi
}
