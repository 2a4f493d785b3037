/*-------------------------------------------------------------------------
 *
 * test_plan.c
 *	  Tests of plan.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "plan.h"

/*
 * Reads "1 2 3" into versions; returns how many.
 */
static size_t
test_plan_read(const char *text, int64 *versions)
{
	size_t		count = 0;

	while (*text != '\0')
	{
		char	   *end;

		versions[count++] = strtoll(text, &end, 10);
		text = *end == ' ' ? end + 1 : end;
	}
	return count;
}

/*
 * The reverse.
 */
static char *
test_plan_text(const int64 *versions, size_t count)
{
	StringInfoData text;
	size_t		i;

	initStringInfo(&text);
	for (i = 0; i < count; i++)
		appendStringInfo(&text, i == 0 ? INT64_FORMAT : " " INT64_FORMAT,
						 versions[i]);
	return text.data;
}

/*
 * Small plans, each without and with permission for out of order.
 */
static void
test_plan_cases(void)
{
	static const struct
	{
		const char *name;
		const char *available;
		const char *applied;
		int64		target;
		int64		current;
		const char *missing;
		const char *strict;		/* versions, NULL: out of order */
		const char *allowed;
	}			cases[] = {
		{"nothing at all", "", "", PLAN_NO_TARGET, 0, "", "", ""},
		{"empty database", "2 1 3", "", PLAN_NO_TARGET, 0, "", "1 2 3", "1 2 3"},
		{"row 0 only", "1 2", "0", PLAN_NO_TARGET, 0, "", "1 2", "1 2"},
		{"all applied", "1 2", "0 1 2", PLAN_NO_TARGET, 2, "", "", ""},
		{"some applied", "1 2 3 4", "2 0 1", PLAN_NO_TARGET, 2, "", "3 4", "3 4"},
		{"one missing", "1 2 3", "0 1 3", PLAN_NO_TARGET, 3, "2", NULL, "2"},
		{"missing and new", "5 4 3 2 1", "1 4", PLAN_NO_TARGET, 4, "2 3", NULL,
		"2 3 5"},
		{"target", "1 2 3 4", "1", 3, 1, "", "2 3", "2 3"},
		{"target between versions", "10 20 30", "", 25, 0, "", "10 20", "10 20"},
		{"target below all", "10 20", "", 5, 0, "", "", ""},
		{"target 0", "1 2", "", 0, 0, "", "", ""},
		{"target is applied", "1 2 3", "1 2", 2, 2, "", "", ""},
		{"target below the highest", "1 2 3 4", "4", 2, 4, "1 2", NULL, "1 2"},
		{"missing above the target", "1 2 3 4", "1 4", 1, 4, "", "", ""},
		{"file gone", "1 3", "1 2", PLAN_NO_TARGET, 2, "", "3", "3"},
		{"highest file gone", "1 2 3", "1 9", PLAN_NO_TARGET, 9, "2 3", NULL,
		"2 3"},
		{"repeated rows", "1 2 3", "0 1 1 2 1", PLAN_NO_TARGET, 2, "", "3", "3"},
		{"negative rows", "1", "-5", PLAN_NO_TARGET, 0, "", "1", "1"},
		{"version 0 at hand", "0 1", "", PLAN_NO_TARGET, 0, "", "1", "1"},
		{"highest possible", "9223372036854775807", "1", PLAN_NO_TARGET, 1, "",
		"9223372036854775807", "9223372036854775807"},
	};
	int64		available[16];
	int64		applied[16];
	size_t		i;
	int			allow;

	for (i = 0; i < lengthof(cases); i++)
	{
		for (allow = 0; allow < 2; allow++)
		{
			const char *expected = allow ? cases[i].allowed : cases[i].strict;
			PlanInput	input;
			VersionPlan plan;
			PlanResult	result;

			input.available = available;
			input.navailable = test_plan_read(cases[i].available, available);
			input.applied = applied;
			input.napplied = test_plan_read(cases[i].applied, applied);
			input.target = cases[i].target;
			input.allow_out_of_order = allow;
			result = plan_up(&input, &plan);

			unit_number(cases[i].name, expected == NULL ? PLAN_OUT_OF_ORDER :
						PLAN_OK, result);
			unit_number(cases[i].name, result, plan.result);
			unit_number(cases[i].name, cases[i].current, plan.current);
			unit_text(cases[i].name, expected == NULL ? "" : expected,
					  test_plan_text(plan.versions, plan.nversions));
			unit_text(cases[i].name, cases[i].missing,
					  test_plan_text(plan.missing, plan.nmissing));
			unit_text(cases[i].name, cases[i].available,
					  test_plan_text(available, input.navailable));
			unit_text(cases[i].name, cases[i].applied,
					  test_plan_text(applied, input.napplied));
		}
	}
}

/*
 * A million versions, descending, of which every third is recorded.
 */
static void
test_plan_many(void)
{
	size_t		count = 1000000;
	int64	   *available = palloc(count * sizeof(int64));
	int64	   *applied = palloc(count * sizeof(int64));
	size_t		napplied = 0;
	bool		ascending = true;
	PlanInput	input;
	VersionPlan plan;
	size_t		i;

	for (i = 0; i < count; i++)
	{
		available[i] = (int64) (count - i);
		if (available[i] % 3 == 0)
			applied[napplied++] = available[i];
	}
	input.available = available;
	input.navailable = count;
	input.applied = applied;
	input.napplied = napplied;
	input.target = PLAN_NO_TARGET;
	input.allow_out_of_order = true;
	unit_number("many", PLAN_OK, plan_up(&input, &plan));
	unit_number("many: current", 999999, plan.current);
	unit_number("many: versions", 666667, plan.nversions);
	unit_number("many: missing", 666666, plan.nmissing);
	for (i = 1; i < plan.nversions; i++)
		ascending = ascending && plan.versions[i - 1] < plan.versions[i];
	unit_true("many: ascending", ascending);
}

/*
 * What to take back, from the last recorded on.
 */
static void
test_plan_down(void)
{
	static const struct
	{
		const char *name;
		const char *applied;	/* the last recorded first */
		int64		target;
		const char *expected;
	}			cases[] = {
		{"down: nothing at all", "", 0, ""},
		{"down: row 0 only", "0", 0, ""},
		{"down: to 0", "3 2 1 0", 0, "3 2 1"},
		{"down: the target stays", "3 2 1 0", 2, "3"},
		{"down: the target is the last", "3 2 1 0", 3, ""},
		{"down: the target is above all", "3 2 1 0", 9, ""},
		{"down: the target is not recorded", "30 20 10 0", 15, "30 20"},
		{"down: no row 0", "2 1", 0, "2 1"},
		{"down: order of application", "2 6 5 3 1 0", 0, "2 6 5 3 1"},
		{"down: a low one recorded last stays", "2 6 5 3 1 0", 2, ""},
		{"down: a low one ends the list", "7 2 6 5 3 1 0", 2, "7"},
		{"down: above the target behind a low one", "4 6 2 5 3 1 0", 3, "4 6"},
		{"down: recorded twice", "2 2 1 0", 1, "2 2"},
		{"down: row 0 in the middle", "3 0 2 1", 0, "3"},
		{"down: a negative row", "2 -1 1 0", 0, "2"},
		{"down: highest possible", "9223372036854775807 1 0",
		PG_INT64_MAX - 1, "9223372036854775807"},
	};
	int64		applied[16];
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		size_t		napplied = test_plan_read(cases[i].applied, applied);
		size_t		count = 99;
		int64	   *versions = plan_down(applied, napplied, cases[i].target,
										 &count);

		unit_text(cases[i].name, cases[i].expected,
				  test_plan_text(versions, count));
		unit_text(cases[i].name, cases[i].applied,
				  test_plan_text(applied, napplied));
	}
}

void
test_plan(void)
{
	unit_suite("plan");
	test_plan_cases();
	test_plan_down();
	test_plan_many();
}
