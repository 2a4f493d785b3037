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
#include "source_bundle.h"
#include "source_directory.h"
#include "source_function.h"

/* How many versions the error about a wrong order lists. */
#define MISSING_LIST_MAX 50

/*
 * Returns the migrations of the environments, ascending by version, without
 * those that the settings exclude.  Names of Go migrations go to the list, if
 * one is given.  An environment without a folder is a warning if
 * "missing_ok", else an error.  Versions may be there twice: see
 * source_set_refuse_duplicates().
 */
SourceSet *
collect_sources(const Settings *settings, const char *env,
				bool missing_ok, List **go_migrations)
{
	SourceSet  *set = source_set_create();
	List	   *environments = source_environments(settings, env);

	/* first: an environment that has functions needs no folder */
	source_function_collect(set, environments);
	if (settings->bundle[0] != '\0')
		source_bundle_collect(set, settings, environments, missing_ok);
	else
		source_directory_collect(set, settings, environments, missing_ok,
								 go_migrations);
	source_set_exclude(set, settings);
	source_set_sort(set);
	return set;
}

/*
 * Plans which migrations to apply, up to a target or PLAN_NO_TARGET.
 */
void
collect_plan(const SourceSet *sources, const VersionRows *rows,
			 const Settings *settings, int64 target, VersionPlan *plan)
{
	PlanInput	input = {
		.navailable = sources->nitems,
		.napplied = rows->nitems,
		.target = target,
		.allow_out_of_order = settings->allow_out_of_order
	};
	int64	   *available = MemoryContextAllocHuge(CurrentMemoryContext,
												   (sources->nitems + 1) * sizeof(int64));
	int64	   *applied = MemoryContextAllocHuge(CurrentMemoryContext,
												 (rows->nitems + 1) * sizeof(int64));

	for (size_t i = 0; i < sources->nitems; i++)
		available[i] = sources->items[i].version;
	/* the first recorded first: mostly sorted, as plan_up() has them sorted */
	for (size_t i = 0; i < rows->nitems; i++)
		applied[i] = rows->items[rows->nitems - 1 - i].version;
	input.available = available;
	input.applied = applied;
	(void) plan_up(&input, plan);
	pfree(available);
	pfree(applied);
}

/*
 * Returns which versions to take back to reach a target, palloc'd.
 */
int64 *
collect_plan_down(const VersionRows *rows, int64 target, size_t *nversions)
{
	int64	   *applied = MemoryContextAllocHuge(CurrentMemoryContext,
												 (rows->nitems + 1) * sizeof(int64));
	int64	   *versions;

	for (size_t i = 0; i < rows->nitems; i++)
		applied[i] = rows->items[i].version;
	versions = plan_down(applied, rows->nitems, target, nversions);
	pfree(applied);
	return versions;
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
