/*-------------------------------------------------------------------------
 *
 * deploy_return.c
 *	  The end of a failed deploy: back to where it started, and what is said.
 *
 * What this call has applied is taken back by the Down parts, latest first;
 * before that a migration that has failed half way, by its own.  The first
 * one that cannot be taken back ends the return.  Whatever happens, the error
 * that goes out is the first one, and its context says where the database is
 * now.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "deploy.h"
#include "problem.h"
#include "run_record.h"
#include "timer.h"
#include "transaction.h"

/* Is a part of the failed migration there for good? */
static bool
is_half_done(const DeployStep *step)
{
	return step != NULL && (step->committed > 0 || step->partial);
}

/*
 * Ends the return at a migration that stays.
 */
static bool
stop_at(Deploy *deploy, const Source *source, const char *why)
{
	deploy->stopped_at = source->label;
	deploy->stopped_why = why;
	return false;
}

/* One migration to take back. */
typedef struct ReturnStep
{
	Deploy	   *deploy;
	DeployStep	step;
	Migration	migration;
	RunRow		row;
} ReturnStep;

/*
 * Checks and runs the Down part of a migration that this call has applied.
 */
static void
take_back(void *arg)
{
	ReturnStep *down = arg;
	Deploy	   *deploy = down->deploy;
	List	   *problems = NIL;
	bool		languages_come = false;

	check_grammar(&down->migration, &deploy->settings, SCRIPT_DOWN,
				  CHECK_DEPLOY, &languages_come, &problems);
	if (problems != NIL)
		problem_raise(problems);
	transaction_send();
	deploy_migrate(deploy, &down->step);
}

/*
 * Takes back what a step of this deploy has applied.  Returns false if that
 * cannot be done: then the reason is noted.
 */
static bool
return_step(Deploy *deploy, const DeployStep *up)
{
	const Migration *migration = up->migration;
	ReturnStep *down = palloc0(sizeof(ReturnStep));
	ErrorData  *error;

	if (migration->direction == SCRIPT_DOWN)
		return stop_at(deploy, migration->source, "it was taken back by this call");
	if (migration->nstatements[SCRIPT_DOWN] == 0 &&
		migration->nstatements[SCRIPT_UP] > 0)
		return stop_at(deploy, migration->source, "it has no Down part");
	down->deploy = deploy;
	down->migration = *migration;
	down->migration.direction = SCRIPT_DOWN;
	down->migration.commits = false;
	down->row = *up->row;
	down->row.direction = "down";
	down->step.migration = &down->migration;
	down->step.row = &down->row;
	down->step.first = 1;
	error = transaction_try(take_back, down);
	if (error != NULL)
		return stop_at(deploy, migration->source,
					   psprintf("its Down part failed: %s", error->message));
	appendStringInfo(&deploy->taken_back, "%s%s",
					 deploy->taken_back.len > 0 ? ", " : "",
					 migration->source->label);
	return true;
}

/*
 * Reads where the database is.
 */
static void
read_current(void *arg)
{
	Deploy	   *deploy = arg;
	TrustedTable *table = version_table_find(&deploy->settings,
											 RowExclusiveLock);

	deploy->run.current = version_rows_highest(version_table_read(table));
	transaction_send();
}

/*
 * Takes back what this call has applied, as far as the settings want it and
 * it can be done.
 */
void
deploy_return(Deploy *deploy, const ErrorData *error)
{
	const DeployStep *failed = deploy->step;
	bool		back = deploy->settings.rollback_on_failure &&
	deploy->run.request->command == COMMAND_UP;

	if (back && (is_half_done(failed) || deploy->run.done > 0))
	{
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("%s failed, returning to version " INT64_FORMAT ": %s",
						failed != NULL ? failed->row->source :
						deploy->run.request->function,
						deploy->run.initial, error->message)));
		if (is_half_done(failed))
			back = return_step(deploy, failed);
		for (size_t i = deploy->run.done; back && i > 0; i--)
			back = return_step(deploy, &deploy->steps[i - 1]);
		deploy->step = unconstify(DeployStep *, failed);
	}
	if (deploy->run.table != NULL)
		(void) transaction_try(read_current, deploy);
}

/*
 * Adds how much of the failed migration is there, and what is left of it.
 */
static void
explain_failed(const Deploy *deploy, StringInfo where)
{
	const DeployStep *step = deploy->step;

	if (step == NULL)
		return;
	if (step->debris != NULL)
		appendStringInfo(where, "; an invalid index of %s could not be dropped (%s)",
						 step->row->source, step->debris);
	if (!is_half_done(step) ||
		(deploy->taken_back.len > 0 && deploy->stopped_at == NULL) ||
		(deploy->stopped_at != NULL &&
		 deploy->stopped_at != step->row->source))
		return;
	appendStringInfo(where, "; %s is half %s: statements 1 to %d of %d are done",
					 step->row->source,
					 step->migration->direction == SCRIPT_UP ? "applied" :
					 "taken back", step->committed,
					 step->migration->nstatements[step->migration->direction]);
	if (step->partial)
		appendStringInfo(where, ", and a part of statement %d",
						 step->committed + 1);
}

/*
 * Completes the error of a failed deploy: where the database is, what was
 * taken back, what was not and why, and what to do next.
 */
void
deploy_explain(Deploy *deploy, ErrorData *error)
{
	const Run  *run = &deploy->run;
	const DeployStep *step = deploy->step;
	StringInfoData where;

	initStringInfo(&where);
	appendStringInfoString(&where, run->request->function);
	if (step != NULL)
		appendStringInfo(&where, ", environment \"%s\"",
						 step->row->environment);
	appendStringInfoString(&where, ": ");
	if (run->done == 0 && !is_half_done(step))
		appendStringInfoString(&where, step == NULL ? "nothing was run" :
							   "the migration is undone");
	else if (deploy->taken_back.len > 0)
		appendStringInfo(&where, "taken back: %s", deploy->taken_back.data);
	else
		appendStringInfoString(&where, "nothing is taken back");
	if (deploy->stopped_at != NULL)
		appendStringInfo(&where, "; not taken back: %s, as %s",
						 deploy->stopped_at, deploy->stopped_why);
	explain_failed(deploy, &where);
	if (run->table != NULL)
		appendStringInfo(&where, "; the database is at version " INT64_FORMAT "%s",
						 run->current, run->current == run->initial &&
						 deploy->stopped_at == NULL ? " as before the call" : "");
	error->context = error->context == NULL ? where.data :
		psprintf("%s\n%s", error->context, where.data);
	if (step != NULL && error->hint == NULL)
		error->hint = psprintf("Mend the cause and call %s again.",
							   run->request->function);
}
