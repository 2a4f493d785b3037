/*-------------------------------------------------------------------------
 *
 * target_filename.c
 *	  Fuzzing filename.c: the input is a name, or the name of a new file.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include <time.h>

#include "character.h"
#include "filename.h"

/*
 * Checks what is said of a version being a point in time, by the C library's
 * calendar.
 */
static void
check_timestamp(int64 version)
{
	int64		rest = version / 1000000;
	struct tm	time = {0};
	struct tm	same;
	bool		valid;

	time.tm_sec = version % 100;
	time.tm_min = version / 100 % 100;
	time.tm_hour = version / 10000 % 100;
	time.tm_mday = rest % 100;
	time.tm_mon = rest / 100 % 100 - 1;
	if (rest / 10000 > 9999)
	{
		fuzz_check(!filename_is_timestamp(version));
		return;
	}
	time.tm_year = (int) (rest / 10000) - 1900;
	same = time;
	valid = timegm(&same) > 0 && same.tm_sec == time.tm_sec &&
		same.tm_min == time.tm_min && same.tm_hour == time.tm_hour &&
		same.tm_mday == time.tm_mday && same.tm_mon == time.tm_mon;
	fuzz_check(filename_is_timestamp(version) == valid);
}

/*
 * Checks a name of a file.
 */
static void
check_name(const char *name)
{
	int64		version = -1;
	bool		sql = filename_version(name, &version);

	fuzz_check(!sql || !filename_is_go_migration(name));
	if (filename_is_repeatable(name))
	{
		fuzz_check(!sql && !filename_is_go_migration(name));
		fuzz_check(strchr(name, '/') == NULL);
	}
	if (sql)
	{
		fuzz_check(version >= 1);
		fuzz_check(strchr(name, '/') == NULL);
		fuzz_check(strtoll(name, NULL, 10) == version);
		check_timestamp(version);
	}
	else
		fuzz_check(version == -1);
}

/*
 * Checks the name of a new file: what it is made of, that a file with it is a
 * migration of that version, and that making it anew changes nothing.
 */
static void
check_new_name(const char *name, size_t length)
{
	int64		wanted = (int64) (fuzz_hash(name, length) >> 1 | 1);
	int64		version = 0;
	StringInfoData made;
	StringInfoData again;
	char	   *exact = fuzz_bytes(name, length);
	char	   *file;
	size_t		at = 0;

	initStringInfo(&made);
	initStringInfo(&again);
	filename_add_snake_case(&made, exact, length);
	filename_add_snake_case(&again, made.data, made.len);
	fuzz_check(made.len == again.len);
	fuzz_check(memcmp(made.data, again.data, made.len) == 0);
	fuzz_check((size_t) made.len <= length);

	while (at < (size_t) made.len)
	{
		uint32		code;
		size_t		size = character_decode(made.data + at, made.len - at,
											&code);

		fuzz_check(code != '_' || at > 0);
		fuzz_check(code != '_' || made.data[at - 1] != '_');
		fuzz_check(code == '_' || character_is_letter(code) ||
				   character_is_number(code));
		fuzz_check(code < 'A' || code > 'Z');
		at += size;
	}

	file = psprintf("%05lld_%s.sql", (long long) wanted, made.data);
	fuzz_check(filename_version(file, &version));
	fuzz_check(version == wanted);
	pfree(file);
	file = psprintf("R_%s.sql", made.data);
	fuzz_check(filename_is_repeatable(file) == (made.len > 0));
	pfree(file);
	pfree(made.data);
	pfree(again.data);
	free(exact);
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *name = fuzz_string(data, size);
	int64		version;

	check_name(name);
	check_new_name(name, size);
	if (size >= sizeof(version))
	{
		/* around the times of our days */
		memcpy(&version, data, sizeof(version));
		version = (int64) ((uint64) version >> 1);
		check_timestamp(version % INT64CONST(30000000000000));
		check_timestamp(version);
	}
	free(name);
	return 0;
}
