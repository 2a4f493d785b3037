# suites.sh - the suites, and how each one's result is counted.  Sourced by
# test/run, inside (see setup.sh), after server.sh.
#
# A suite is a function suite_NAME and a folder suite_folder knows.  It prints
# what a reader of a failure needs and hands its figures to suite_count.

SUITES_ALL="unit regress isolation pgtap tap interop bench fuzz"
SUITES_PASSED=0
SUITES_FAILED=0
SUITES_SKIPPED=0

suite_folder()
{
	case $1 in
		unit) say test/unit ;;
		regress) say sql ;;
		isolation) say test/isolation ;;
		pgtap) say test/pgtap ;;
		tap) say test/t ;;
		interop) say test/interop ;;
		leaks) say test/assert ;;
		fuzz) say test/fuzz ;;
		soak) say test/soak ;;
		bench) say test/bench ;;
		*) die "there is no suite \"$1\"; the suites are: $SUITES_ALL" ;;
	esac
}

# suite_count PASSED FAILED SKIPPED
suite_count()
{
	say "$1 passed, $2 failed, $3 skipped"
	SUITES_PASSED=$((SUITES_PASSED + $1))
	SUITES_FAILED=$((SUITES_FAILED + $2))
	SUITES_SKIPPED=$((SUITES_SKIPPED + $3))
}

# The figures of a suite that prints "N passed, N failed[, N skipped]" last.
# suite_count_last OUTPUT STATUS
suite_count_last()
{
	local line passed failed skipped

	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$1" | tail -n 1)
	read -r passed _ failed _ skipped _ <<<"${line:-0 passed, 0 failed, 0 skipped}"
	[ "$2" = 0 ] || [ "$failed" != 0 ] || failed=1
	[ "$passed$failed" != 00 ] || failed=1
	suite_count "$passed" "$failed" "${skipped:-0}"
}

# Copy a suite's output to the reader, without the figures that come anyway.
suite_show()
{
	tee "$1" | grep --line-buffered -vE '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$'
}

# suite_lacks FILE: a server that was not built for this kind of test; print
# that, count the suite as skipped, and return success.
suite_lacks()
{
	[ ! -e "$1" ] || return 1
	say "skip: this server's installation has no ${1##*/}"
	suite_count 0 0 1
}

# The last lines of the server's log, for whoever looks at a failure.
suite_server_log()
{
	say "--- the end of the server's log"
	tail -n 40 "$SERVER_LOG"
	say "---"
}

# ------------------------------------------------------------------- suites

# C programs without a server.
suite_unit()
{
	local output=$GOOSEPLUS_PRIVATE/unit.out status

	make -s -C test/unit PG_CONFIG="$PG_CONFIG" >"$output" 2>&1
	status=$?
	if [ $status != 0 ]; then
		tail -n 60 "$output"
	fi
	suite_count_last "$output" $status
}

# Count what pg_regress or its isolation sister printed: one test a file.
# suite_count_regress OUTPUT DIFFS TOTAL
suite_count_regress()
{
	local passed

	# "test x ... ok 5 ms" until 15, "ok 1 - x 5 ms" since 16
	passed=$(grep -cE '^(ok +[0-9]+ |test [^ ]+ +\.\.\. ok )' "$1")
	if [ "$passed" != "$3" ]; then
		if [ -s "$2" ]; then
			grep -E '^(not ok |test .*FAILED)' "$1"
			head -n 200 "$2"
		else
			tail -n 40 "$1"
		fi
		suite_server_log
	fi
	suite_count "$passed" $(($3 - passed)) 0
}

suite_regress()
{
	local output=$GOOSEPLUS_PRIVATE/regress.out
	local -a tests=(sql/*.sql)

	# the caller may want only some
	[ -z "${GOOSEPLUS_REGRESS:-}" ] || read -r -a tests <<<"$GOOSEPLUS_REGRESS"
	make -s PG_CONFIG="$PG_CONFIG" ${GOOSEPLUS_REGRESS:+"REGRESS=$GOOSEPLUS_REGRESS"} \
		installcheck >"$output" 2>&1
	suite_count_regress "$output" regression.diffs ${#tests[@]}
}

suite_isolation()
{
	local output=$GOOSEPLUS_PRIVATE/isolation.out
	local -a specs=(test/isolation/specs/*.spec)
	local -a names

	suite_lacks "$SERVER_PGXS/src/test/isolation/pg_isolation_regress" && return
	names=("${specs[@]##*/}")
	"$SERVER_PGXS/src/test/isolation/pg_isolation_regress" \
		--inputdir=test/isolation --outputdir="$GOOSEPLUS_PRIVATE/iso" \
		--bindir="$SERVER_BIN" --dbname=gooseplus_isolation \
		--encoding=UTF8 --no-locale --load-extension=gooseplus \
		"${names[@]%.spec}" >"$output" 2>&1
	suite_count_regress "$output" "$GOOSEPLUS_PRIVATE/iso/regression.diffs" ${#specs[@]}
}

suite_pgtap()
{
	local output=$GOOSEPLUS_PRIVATE/pgtap.out status

	suite_lacks "$("$PG_CONFIG" --sharedir)/extension/pgtap.control" && return
	createdb gooseplus_pgtap &&
		psql -X -q -d gooseplus_pgtap -v ON_ERROR_STOP=1 \
			-c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION gooseplus' ||
		{ suite_count 0 1 0; return; }
	perl test/lib/tap.pl psql test/pgtap/*.sql 2>&1 | suite_show "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || suite_server_log
	suite_count_last "$output" "$status"
}

# Perl programs that make servers of their own, with PostgreSQL::Test::Cluster.
# The environment is what PGXS gives to such tests, for all versions at once:
# TESTDIR until 15, TESTDATADIR and TESTLOGDIR since 16.
# suite_clusters FOLDER FILE ...: run them, with FOLDER for their clusters.
suite_clusters()
{
	local folder=$1

	shift
	mkdir -p "$folder/tmp_check/log"
	env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		TESTDIR="$folder" TESTDATADIR="$folder/tmp_check" \
		TESTLOGDIR="$folder/tmp_check/log" \
		PERL5LIB="$SERVER_PGXS/src/test/perl" \
		PG_REGRESS="$SERVER_PGXS/src/test/regress/pg_regress" \
		perl test/lib/tap.pl prove "$@" 2>&1
}

suite_tap()
{
	local output=$GOOSEPLUS_PRIVATE/tap.out status name log
	local folder=$GOOSEPLUS_PRIVATE/tap

	suite_lacks "$SERVER_PGXS/src/test/perl/PostgreSQL/Test/Cluster.pm" && return
	suite_clusters "$folder" test/t/*.pl | suite_show "$output"
	status=${PIPESTATUS[0]}
	sed -n 's,^FAILED: .*/\(.*\)\.pl$,\1,p' "$output" | while read -r name; do
		for log in "$folder/tmp_check/log"/*"$name"*; do
			say "--- the end of ${log##*/}"
			tail -n 30 "$log"
		done
	done
	suite_count_last "$output" "$status"
}

# The real goose beside gooseplus, with what test/interop/prepare brought.
suite_interop()
{
	local output=$GOOSEPLUS_PRIVATE/interop.out status
	local why=$GOOSEPLUS_PRIVATE/interop/why

	if [ -e "$why" ]; then
		say "skip: $(cat "$why")"
		suite_count 0 0 1
		return
	fi
	PERL5LIB=test/interop perl test/lib/tap.pl prove test/interop/*.pl 2>&1 |
		suite_show "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || suite_server_log
	suite_count_last "$output" "$status"
}

# Many databases and all that can go wrong, for SOAK_SECONDS; goose is beside
# if the interop suite's preparation could bring it.
suite_soak()
{
	local output=$GOOSEPLUS_PRIVATE/soak.out status

	suite_lacks "$SERVER_PGXS/src/test/perl/PostgreSQL/Test/Cluster.pm" && return
	export SOAK_GOOSE=$GOOSEPLUS_PRIVATE/interop/bin/goose
	suite_clusters "$GOOSEPLUS_PRIVATE/soak" test/soak/soak.pl | suite_show "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || tail -n 20 "$GOOSEPLUS_PRIVATE/soak/tmp_check/log"/regress_log_*
	suite_count_last "$output" "$status"
}

# Random input: see test/fuzz/run.
suite_fuzz()
{
	local output=$GOOSEPLUS_PRIVATE/fuzz.out status

	test/fuzz/run 2>&1 | suite_show "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || suite_server_log
	suite_count_last "$output" "$status"
}

# Repeated calls; not one of all, as it wants a server with assertions.
suite_leaks()
{
	local output=$GOOSEPLUS_PRIVATE/leaks.out status

	perl test/lib/tap.pl prove test/assert/leaks.pl 2>&1 | suite_show "$output"
	status=${PIPESTATUS[0]}
	[ "$status" = 0 ] || suite_server_log
	suite_count_last "$output" "$status"
}

# What valgrind has found in the server while the other suites ran: each
# process counts.
suite_valgrind()
{
	local -a processes found

	pg_ctl -D "$SERVER_DATA" -m fast -t 600 -w stop >/dev/null
	processes=("$SERVER_FOUND"/*.log)
	mapfile -t found < <(find "$SERVER_FOUND" -name '*.log' -size +0)
	[ ${#found[@]} = 0 ] || head -n 60 "${found[@]:0:5}"
	[ -e "${processes[0]}" ] || { suite_count 0 1 0; return; }
	suite_count $((${#processes[@]} - ${#found[@]})) ${#found[@]} 0
}

# The benchmark, small and without peers from elsewhere: does it find all rows
# and tables there that it should?  No time is looked at.
suite_bench()
{
	local output=$GOOSEPLUS_PRIVATE/bench.out expected=20 passed
	local peers="gooseplus gooseplus_deploy floor psql" storage=disk

	# where a new database costs nothing, if there is such a place
	[ "$(stat -f -c %T /dev/shm 2>/dev/null)" != tmpfs ] || storage=tmpfs
	mkdir -p "$GOOSEPLUS_PRIVATE/bench"
	BENCH_PEERS=$peers test/bench/prepare "$GOOSEPLUS_PRIVATE/bench" &&
		test/bench/inside "PEERS=$peers" ROUNDS=1 BENCH_SCALE=0.0001 \
			SETTINGS=$storage:1 >"$output" 2>"$output.log"
	# a peer's line, with a time and the memory of both sides
	passed=$(grep -cE '^\| [^|]+ \| [0-9.]+ ms .* MB \| [0-9.]+ MB \|$' "$output")
	if [ "$passed" != $expected ]; then
		tail -n 60 "$output.log"
		sed -n '/^## Errors/,$p' "$output"
	fi
	suite_count "$passed" $((expected - passed)) 0
}

# --------------------------------------------------------------------- all

suites_run()
{
	local suite folder

	[ $# != 0 ] || set -- $SUITES_ALL
	for suite; do
		suite_folder "$suite" >/dev/null
	done

	server_copy
	server_build
	server_start
	say "$(postgres --version), gooseplus built"
	for suite; do
		folder=$(suite_folder "$suite")
		say "== $suite"
		if [ ! -d "$folder" ]; then
			say "skip: there is no $folder yet"
			suite_count 0 0 1
		elif [ -z "$(ls -A "$folder")" ]; then
			say "$folder is empty"
			suite_count 0 1 0
		else
			"suite_$suite"
		fi
	done

	if [ -n "${SERVER_FOUND:-}" ]; then
		say "== valgrind"
		suite_valgrind
	fi
	say "$SUITES_PASSED passed, $SUITES_FAILED failed, $SUITES_SKIPPED skipped"
	[ "$SUITES_FAILED" = 0 ] && [ "$SUITES_PASSED" != 0 ]
}
