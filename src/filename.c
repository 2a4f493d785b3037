/*-------------------------------------------------------------------------
 *
 * filename.c
 *	  goose's rule for the names of migration files: NUMBER_name.sql; and ours
 *	  for repeatable ones.
 *
 * Only the spelling of one name is judged here; which files there are, and
 * whether two of them share a version, is the sources' business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "character.h"
#include "filename.h"

/*
 * Does name end with this extension, dot included?
 */
static bool
filename_has_suffix(const char *name, const char *suffix)
{
	size_t		length = strlen(name);
	size_t		tail = strlen(suffix);

	return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

/*
 * Reads the number before the first underscore, whatever the extension.
 * Returns false, and leaves *version alone, when it is missing, not a number,
 * too large or below 1 (goose's NumericComponent).
 */
static bool
filename_number(const char *name, int64 *version)
{
	const char *separator = strchr(name, '_');
	int64		number;

	if (separator == NULL || strchr(name, '/') != NULL ||
		!character_to_int64(name, separator - name, &number) || number < 1)
		return false;
	*version = number;
	return true;
}

/*
 * Is name, without a directory, that of an SQL migration?  If so, *version is
 * its number; otherwise *version is left alone.  goose takes the files that
 * match "*.sql", in lower case, and skips those without a number.
 */
bool
filename_version(const char *name, int64 *version)
{
	return filename_has_suffix(name, ".sql") && filename_number(name, version);
}

/*
 * Is name, without a directory, that of a repeatable migration: R_name.sql?
 * To goose it has no number: the Provider skips it, the command refuses it.
 */
bool
filename_is_repeatable(const char *name)
{
	return strncmp(name, "R_", 2) == 0 && strlen(name) > strlen("R_.sql") &&
		strchr(name, '/') == NULL && filename_has_suffix(name, ".sql");
}

/*
 * Is name that of a migration written in Go?  goose runs those only when they
 * are compiled into the program, so that we can but say that we cannot.
 */
bool
filename_is_go_migration(const char *name)
{
	int64		version;

	return filename_has_suffix(name, ".go") &&
		!filename_has_suffix(name, "_test.go") &&
		filename_number(name, &version);
}

/*
 * Is the version a point in time, as goose's timestamp versions are: the
 * digits of year, month, day, hour, minute and second, after 1970 began?
 * (goose: Migrations.timestamped())
 */
bool
filename_is_timestamp(int64 version)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			second = version % 100;
	int			minute = version / 100 % 100;
	int			hour = version / 10000 % 100;
	int			day = version / 1000000 % 100;
	int			month = version / 100000000 % 100;
	int64		year = version / INT64CONST(10000000000);
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return version > INT64CONST(19700101000000) && year <= 9999 &&
		month >= 1 && month <= 12 && day >= 1 &&
		day <= days[month - 1] + (month == 2 && leap ? 1 : 0) &&
		hour < 24 && minute < 60 && second < 60;
}

/*
 * Adds a name to the buffer as goose writes it into a file name (snakeCase()):
 * letters and digits in lower case, an underscore where one or more other
 * characters stand between them.  As with goose a single such character at
 * the end leaves its underscore.  Letters beyond ASCII keep their case.
 */
void
filename_add_snake_case(StringInfo out, const char *name, size_t length)
{
	bool		in_word = false;
	bool		delimited = false;
	size_t		at = 0;

	while (at < length)
	{
		uint32		code;
		size_t		size = character_decode(name + at, length - at, &code);

		if (character_is_letter(code) || character_is_number(code))
		{
			for (size_t i = 0; i < size; i++)
				appendStringInfoChar(out, size == 1 ?
									 pg_ascii_tolower(name[at]) : name[at + i]);
			in_word = true;
			delimited = false;
		}
		else if (in_word)
		{
			appendStringInfoChar(out, '_');
			in_word = false;
			delimited = true;
		}
		else if (delimited && at + size == length)
		{
			out->data[--out->len] = '\0';
		}
		at += size;
	}
}
