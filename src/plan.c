/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Which migrations to run: a pure function on versions.
 *
 * The rules are goose's (UpVersions in its internal/gooseutil): a version at
 * hand that is not recorded is new when it lies above the highest recorded
 * one, and out of order when it lies below.  Nothing here knows files, tables
 * or environments.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "plan.h"

/*
 * qsort's comparison of two versions.
 */
static int
plan_compare(const void *left, const void *right)
{
	int64		a = *(const int64 *) left;
	int64		b = *(const int64 *) right;

	return (a > b) - (a < b);
}

/*
 * Returns a palloc'd ascending copy of versions; never NULL.
 */
static int64 *
plan_sorted(const int64 *versions, size_t count)
{
	int64	   *copy = palloc((count + 1) * sizeof(int64));

	if (count > 0)
	{
		memcpy(copy, versions, count * sizeof(int64));
		qsort(copy, count, sizeof(int64), plan_compare);
	}
	return copy;
}

/*
 * Fills in *plan with the versions to apply, ascending, and returns its
 * result.  The input is left alone; the arrays of the plan belong to the
 * caller's memory context.  When versions are out of order and that is not
 * allowed, there is nothing to apply.
 */
PlanResult
plan_up(const PlanInput *input, VersionPlan *plan)
{
	int64	   *available = plan_sorted(input->available, input->navailable);
	int64	   *applied = plan_sorted(input->applied, input->napplied);
	size_t		next = 0;
	size_t		i;

	plan->result = PLAN_OK;
	plan->current = 0;
	plan->versions = palloc((input->navailable + 1) * sizeof(int64));
	plan->nversions = 0;
	plan->missing = palloc((input->navailable + 1) * sizeof(int64));
	plan->nmissing = 0;

	if (input->napplied > 0)
		plan->current = Max(applied[input->napplied - 1], 0);

	/* Both lists ascend, so one walk finds what is not recorded. */
	for (i = 0; i < input->navailable && available[i] <= input->target; i++)
	{
		while (next < input->napplied && applied[next] < available[i])
			next++;
		if (next < input->napplied && applied[next] == available[i])
			continue;
		if (available[i] < plan->current)
			plan->missing[plan->nmissing++] = available[i];
		if (available[i] != plan->current)
			plan->versions[plan->nversions++] = available[i];
	}

	if (plan->nmissing > 0 && !input->allow_out_of_order)
	{
		plan->result = PLAN_OUT_OF_ORDER;
		plan->nversions = 0;
	}

	pfree(available);
	pfree(applied);
	return plan->result;
}

/*
 * Returns the versions to take back to reach the target, palloc'd, in the
 * order to do it.  "applied" is in the order of the version table's id, the
 * last recorded first, as goose reads it.  As in goose's Provider (its down())
 * the first version that is not above the target ends the list, also when
 * versions above it were recorded earlier: that is what taking back in the
 * order of application means.
 */
int64 *
plan_down(const int64 *applied, size_t napplied, int64 target,
		  size_t *nversions)
{
	int64	   *versions;
	size_t		n = 0;

	while (n < napplied && applied[n] > target)
		n++;
	versions = palloc((n + 1) * sizeof(int64));
	memcpy(versions, applied, n * sizeof(int64));
	*nversions = n;
	return versions;
}
