/*-------------------------------------------------------------------------
 *
 * steps.c
 *	  Which migrations a call runs, in which direction and order.
 *
 * The commands are those of goose's Provider (its up(), down() and apply()),
 * with its errors; redo is built from them.  The rules for versions are pure
 * functions (see plan.c); here they meet the sources.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "collect.h"
#include "steps.h"

/* Does the command take migrations back, or may it? */
bool
steps_go_down(const RunRequest *request)
{
	return request->command == COMMAND_DOWN ||
		request->command == COMMAND_DOWN_TO ||
		request->command == COMMAND_REDO;
}

/* Returns the direction of the whole call, for the log. */
const char *
steps_direction(const RunRequest *request)
{
	if (request->command == COMMAND_REDO)
		return "redo";
	if (request->command == COMMAND_APPLY)
		return request->direction == SCRIPT_UP ? "up" : "down";
	return steps_go_down(request) ? "down" : "up";
}

/*
 * Raises the error for a version that no call can mean.
 */
void
steps_refuse_version(const RunRequest *request)
{
	int64		lowest = request->command == COMMAND_DOWN_TO ? 0 : 1;

	if (request->command == COMMAND_UP_BY_ONE ||
		request->command == COMMAND_DOWN ||
		request->command == COMMAND_REDO || request->version >= lowest)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid version: " INT64_FORMAT, request->version),
			 errdetail("The version must be at least " INT64_FORMAT ".",
					   lowest)));
}

/*
 * Returns the migration of a version; an error if it is not at hand.
 */
const Source *
steps_find_source(const SourceSet *sources, int64 version)
{
	const Source *source = source_set_find(sources, version);

	if (source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("version not found: " INT64_FORMAT, version),
				 errdetail("The environments of this call have no migration with that version."),
				 errhint("Name the environment that has it, or bring its file back.")));
	return source;
}

/*
 * Raises the error for a call that has nothing to do and must say so.
 */
static void
refuse_no_next(const RunRequest *request)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("no next version found"),
			 request->command == COMMAND_UP_BY_ONE ?
			 errdetail("All migrations at hand are applied.") :
			 errdetail("No migration is applied.")));
}

/*
 * Returns steps for all migrations at hand, palloc'd: what goose runs when
 * nothing is recorded.  It takes them in the same order in both directions,
 * and "down" takes only the last one.
 */
static Step *
steps_without_versions(const RunRequest *request, const SourceSet *sources,
					   size_t *nsteps)
{
	Step	   *steps = palloc0((sources->nitems + 2) * sizeof(Step));
	size_t		first = 0;
	size_t		n = 0;

	if (request->command == COMMAND_UP_BY_ONE ||
		request->command == COMMAND_BASELINE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is not supported when versioning is off",
						request->function),
				 errhint("Set \"gooseplus.versioning\" to on.")));
	if (request->command == COMMAND_APPLY)
	{
		steps[n].source = steps_find_source(sources, request->version);
		steps[n++].direction = request->direction;
	}
	else
	{
		if (request->command != COMMAND_UP &&
			request->command != COMMAND_DOWN_TO && sources->nitems > 0)
			first = sources->nitems - 1;
		for (size_t i = first; i < sources->nitems; i++)
		{
			steps[n].source = &sources->items[i];
			steps[n++].direction = request->command == COMMAND_UP ?
				SCRIPT_UP : SCRIPT_DOWN;
		}
		if (request->command == COMMAND_REDO && n > 0)
		{
			steps[n].source = steps[n - 1].source;
			steps[n++].direction = SCRIPT_UP;
		}
	}
	*nsteps = n;
	return steps;
}

/*
 * Returns the steps up.  Out-of-order versions anywhere are an error, as the
 * Provider looks for them without regard to the target.
 */
static Step *
steps_up(const RunRequest *request, const SourceSet *sources,
		 const VersionRows *rows, size_t *nsteps)
{
	VersionPlan plan;
	Step	   *steps;

	collect_plan(sources, rows, request->settings, PLAN_NO_TARGET, &plan);
	collect_refuse_out_of_order(sources, &plan);
	if (request->command == COMMAND_UP && request->version != PLAN_NO_TARGET)
		collect_plan(sources, rows, request->settings, request->version,
					 &plan);
	*nsteps = plan.nversions;
	if (request->command == COMMAND_UP_BY_ONE)
	{
		if (plan.nversions == 0)
			refuse_no_next(request);
		*nsteps = 1;
	}
	steps = palloc0((*nsteps + 1) * sizeof(Step));
	for (size_t i = 0; i < *nsteps; i++)
	{
		steps[i].source = source_set_find(sources, plan.versions[i]);
		steps[i].direction = SCRIPT_UP;
	}
	return steps;
}

/*
 * Returns the steps down.  As for the Provider, every version above the
 * target must be at hand, also when only the last one is taken back.
 */
static Step *
steps_down(const RunRequest *request, const SourceSet *sources,
		   const VersionRows *rows, size_t *nsteps)
{
	int64		target = request->command == COMMAND_DOWN_TO ?
	request->version : 0;
	size_t		n;
	int64	   *versions = collect_plan_down(rows, target, &n);
	Step	   *steps = palloc0((n + 2) * sizeof(Step));

	for (size_t i = 0; i < n; i++)
	{
		steps[i].source = steps_find_source(sources, versions[i]);
		steps[i].direction = SCRIPT_DOWN;
	}
	if (request->command != COMMAND_DOWN_TO)
	{
		if (n == 0)
			refuse_no_next(request);
		n = 1;
		if (request->command == COMMAND_REDO)
		{
			steps[1].source = steps[0].source;
			steps[1].direction = SCRIPT_UP;
			n = 2;
		}
	}
	*nsteps = n;
	return steps;
}

/*
 * Returns the steps that record everything up to a version, whatever its
 * order, without running it.
 */
static Step *
steps_baseline(const RunRequest *request, const SourceSet *sources,
			   const VersionRows *rows, size_t *nsteps)
{
	Settings	settings = *request->settings;
	VersionPlan plan;
	Step	   *steps;

	(void) steps_find_source(sources, request->version);
	settings.allow_out_of_order = true;
	collect_plan(sources, rows, &settings, request->version, &plan);
	steps = palloc0((plan.nversions + 1) * sizeof(Step));
	for (size_t i = 0; i < plan.nversions; i++)
	{
		steps[i].source = source_set_find(sources, plan.versions[i]);
		steps[i].direction = SCRIPT_UP;
	}
	*nsteps = plan.nversions;
	return steps;
}

/*
 * Returns the one step of gooseplus_apply_version.
 */
static Step *
steps_apply(const RunRequest *request, const SourceSet *sources,
			const VersionRows *rows, size_t *nsteps)
{
	Step	   *step = palloc0(sizeof(Step));
	bool		applied = version_rows_contain(rows, request->version);

	step->source = steps_find_source(sources, request->version);
	step->direction = request->direction;
	if (applied && request->direction == SCRIPT_UP)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("version " INT64_FORMAT ": migration already applied",
						request->version),
				 errhint("To run it again, take it back first, or call gooseplus_redo.")));
	if (!applied && request->direction == SCRIPT_DOWN)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("version " INT64_FORMAT ": migration not applied",
						request->version),
				 errhint("Only what is recorded in the version table can be taken back: see gooseplus_status().")));
	*nsteps = 1;
	return step;
}

/*
 * Returns the steps of a call, palloc'd.  "rows" is NULL when versioning is
 * off.  Errors are those of the Provider: the version is invalid, not found,
 * already applied or not applied; there is no next version; versions are out
 * of order.
 */
Step *
steps_make(const RunRequest *request, const SourceSet *sources,
		   const VersionRows *rows, size_t *nsteps)
{
	steps_refuse_version(request);
	if (rows == NULL)
		return steps_without_versions(request, sources, nsteps);
	switch (request->command)
	{
		case COMMAND_UP:
		case COMMAND_UP_BY_ONE:
			return steps_up(request, sources, rows, nsteps);
		case COMMAND_DOWN:
		case COMMAND_DOWN_TO:
		case COMMAND_REDO:
			return steps_down(request, sources, rows, nsteps);
		case COMMAND_APPLY:
			return steps_apply(request, sources, rows, nsteps);
		case COMMAND_BASELINE:
			return steps_baseline(request, sources, rows, nsteps);
	}
	elog(ERROR, "unexpected command: %d", (int) request->command);
	return NULL;				/* keep compiler quiet */
}
