/*-------------------------------------------------------------------------
 *
 * collect.c
 *	  The migrations of a call, and which of them to run.
 *
 * Brings together what is stored: the sources there are, the versions
 * recorded, and the plan that follows from the two.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "collect.h"
#include "source_directory.h"

/* How many versions the error about a wrong order lists. */
#define MISSING_LIST_MAX 50

/*
 * Returns the migrations of the environments, ascending by version.  Names of
 * Go migrations go to the list, if one is given.  Versions may be there
 * twice: see source_set_refuse_duplicates().
 */
SourceSet *
collect_sources(const Settings *settings, const char *env,
				List **go_migrations)
{
	SourceSet  *set = source_set_create();

	source_directory_collect(set, settings,
							 source_environments(settings, env),
							 go_migrations);
	source_set_sort(set);
	return set;
}

/*
 * Plans which migrations to apply.
 */
void
collect_plan(const SourceSet *sources, const VersionRows *rows,
			 const Settings *settings, VersionPlan *plan)
{
	PlanInput	input = {
		.navailable = sources->nitems,
		.napplied = rows->nitems,
		.target = PLAN_NO_TARGET,
		.allow_out_of_order = settings->allow_out_of_order
	};
	int64	   *available = MemoryContextAllocHuge(CurrentMemoryContext,
												   (sources->nitems + 1) * sizeof(int64));
	int64	   *applied = MemoryContextAllocHuge(CurrentMemoryContext,
												 (rows->nitems + 1) * sizeof(int64));

	for (size_t i = 0; i < sources->nitems; i++)
		available[i] = sources->items[i].version;
	for (size_t i = 0; i < rows->nitems; i++)
		applied[i] = rows->items[i].version;
	input.available = available;
	input.applied = applied;
	(void) plan_up(&input, plan);
	pfree(available);
	pfree(applied);
}

/*
 * Raises an error if the plan is refused for versions that are out of order.
 */
void
collect_refuse_out_of_order(const SourceSet *sources, const VersionPlan *plan)
{
	StringInfoData list;

	if (plan->result != PLAN_OUT_OF_ORDER)
		return;
	initStringInfo(&list);
	for (size_t i = 0; i < plan->nmissing; i++)
	{
		if (i == MISSING_LIST_MAX)
		{
			appendStringInfo(&list, ", and %zu more",
							 plan->nmissing - MISSING_LIST_MAX);
			break;
		}
		appendStringInfo(&list, "%s\"%s\"", i == 0 ? "" : ", ",
						 source_set_find(sources, plan->missing[i])->label);
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg_plural("%zu missing (out-of-order) migration lower than the database's version " INT64_FORMAT,
						   "%zu missing (out-of-order) migrations lower than the database's version " INT64_FORMAT,
						   plan->nmissing, plan->nmissing, plan->current),
			 errdetail("Not applied: %s.", list.data),
			 errhint("Give them versions above " INT64_FORMAT ", or set \"gooseplus.allow_out_of_order\" to on.",
					 plan->current)));
}
