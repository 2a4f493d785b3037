/*-------------------------------------------------------------------------
 *
 * filename.c
 *	  goose's rule for the names of migration files: NUMBER_name.sql.
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
