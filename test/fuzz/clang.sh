# clang.sh - which clang can build the fuzzing targets.  Sourced by missing and
# run.

# Prints the name of a clang with libFuzzer and the sanitizers; fails if there
# is none.
fuzz_clang()
{
	local clang

	for clang in clang $(cd /usr/bin && ls -rv clang-[0-9]* 2>/dev/null | grep -E '^clang-[0-9]+$'); do
		if printf 'int LLVMFuzzerTestOneInput(const char *a, unsigned long b)
				{ return a == 0 && b; }\n' |
			"$clang" -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null; then
			printf '%s\n' "$clang"
			return 0
		fi
	done
	return 1
}
