# shellcheck shell=bash
#
# section.sh - a part of RESULTS.md that is measured by a script of its own.
# Sourced by ../readers and ../dump, after lib/setup.sh.

# section_keep TITLE [argument ...]: outside, run the copy of the script with the
# arguments, and put what it prints from the title on into RESULTS.md, in the
# place of what was there under that title.  Inside, return.  (setup_enter exits,
# hence the subshell; it drops the environment, hence the arguments.)
section_keep()
{
	local title=$1 results output status

	[ -z "${GOOSEPLUS_PRIVATE:-}" ] || return 0
	shift
	set -o pipefail
	results=$(dirname "$0")/RESULTS.md
	output=$(mktemp)
	(setup_enter "$0" "$@") | tee "$output"
	status=$?
	if [ $status = 0 ]; then
		touch "$results"
		awk -v title="$title" '/^## / { skip = index($0, title) == 1 } !skip' "$results" |
			sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$output.results"
		{ echo; sed -n "/^## /,\$p" "$output"; } >>"$output.results"
		cat "$output.results" >"$results"
	fi
	rm -f "$output" "$output.results"
	exit $status
}
