/*-------------------------------------------------------------------------
 *
 * unit.c
 *	  Runs the unit tests of the ground floor and counts.
 *
 * Prints the failures and, as the last line, "N passed, N failed".  The exit
 * status is 0 if none failed.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

static const char *unit_file = "";
static int	unit_passed = 0;
static int	unit_failed = 0;

/*
 * The checks that follow belong to this file.
 */
void
unit_suite(const char *file)
{
	unit_file = file;
}

/*
 * Counts one check; tells whether a failure must be explained.
 */
static bool
unit_count(const char *name, bool passed)
{
	if (passed)
		unit_passed++;
	else
	{
		unit_failed++;
		printf("FAILED %s: %s\n", unit_file, name);
	}
	return !passed;
}

/*
 * Checks that something holds.
 */
void
unit_true(const char *name, bool actual)
{
	(void) unit_count(name, actual);
}

/*
 * Checks a number.
 */
void
unit_number(const char *name, int64 expected, int64 actual)
{
	if (unit_count(name, expected == actual))
		printf("  expected: " INT64_FORMAT "\n  actual:   " INT64_FORMAT "\n",
			   expected, actual);
}

/*
 * Checks a text; NULL is a value, too.
 */
void
unit_text(const char *name, const char *expected, const char *actual)
{
	bool		same;

	if (expected == NULL || actual == NULL)
		same = expected == actual;
	else
		same = strcmp(expected, actual) == 0;
	if (unit_count(name, same))
		printf("  expected: %s\n  actual:   %s\n",
			   expected == NULL ? "(none)" : expected,
			   actual == NULL ? "(none)" : actual);
}

/*
 * An InterpolateLookup with a few variables; arg is not used.
 */
const char *
unit_lookup(void *arg, const char *name, size_t length)
{
	static const char *const variables[][2] = {
		{"NAME", "goose"},
		{"EMPTY", ""},
		{"LINES", "one\ntwo;"},
		{"SEMICOLON", ";"},
		{"QUOTE", "'"},
		{"BLANK", " "},
		{"COMMENT", "--"},
		{"DOLLAR", "$NAME"},
		{"BIRD", "a\xC3\xA9\xE2\x82\xAC"},	/* a, e acute, euro sign */
		{"N\xC2\xBD", "half"},	/* a name that ends in one half */
		{"\xC3\x89T\xC3\x89", "summer"},
	};
	int			i;

	(void) arg;
	for (i = 0; i < (int) lengthof(variables); i++)
		if (strlen(variables[i][0]) == length &&
			memcmp(variables[i][0], name, length) == 0)
			return variables[i][1];
	return NULL;
}

int
main(void)
{
	test_character();
	test_copy();
	test_filename();
	test_plan();
	test_annotation();
	test_interpolate();
	test_lexer();
	test_script();
	test_script_cuts();
	test_script_errors();
	test_script_places();
	test_script_large();

	printf("%d passed, %d failed\n", unit_passed, unit_failed);
	return unit_failed == 0 ? 0 : 1;
}
