/*-------------------------------------------------------------------------
 *
 * deploy_return.c
 *	  The end of a failed deploy: back to where it started, and what is said.
 *
 * What this call has applied is taken back by the Down parts, latest first;
 * before that a migration that has failed half way, by its own.  A repeatable
 * migration that had been run before this call is taken back by its earlier
 * text.  The first
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

#include "checksum.h"
#include "deploy.h"
#include "migration_lock.h"
#include "problem.h"
#include "run_record.h"
#include "stored.h"
#include "timer.h"
#include "transaction.h"

/* Is a part of the failed migration there for good? */
static bool
is_half_done(const DeployStep *step)
{
	return step != NULL && (step->committed > 0 || step->partial);
}

/* Adds a migration to a list. */
static void
add_label(StringInfo list, const Migration *migration)
{
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "",
					 migration->source->label);
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
 * Reads the text that a repeatable migration had before this call.
 */
static void
read_earlier(ReturnStep *down, const HistoryText *earlier, List **problems)
{
	const Settings *settings = &down->deploy->settings;
	Migration  *migration = &down->migration;

	memset(migration, 0, sizeof(Migration));
	migration->source = stored_whole(settings, earlier);
	if (migration->source == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("the history has not kept it")));
	if (check_read(migration, problems))
		check_format(migration, settings, false, problems);
	if (*problems == NIL)
		migration->checksum = checksum_migration(migration);
}

/*
 * Checks and runs what takes back a migration that this call has applied: its
 * Down part, or the earlier text of a repeatable one.
 */
static void
take_back(void *arg)
{
	ReturnStep *down = arg;
	Deploy	   *deploy = down->deploy;
	List	   *problems = NIL;
	bool		languages_come = false;

	if (down->step.earlier != NULL)
	{
		MemoryContextSwitchTo(deploy->run.context);
		read_earlier(down, down->step.earlier, &problems);
	}
	if (problems == NIL)
		check_grammar(&down->migration, &deploy->settings,
					  down->migration.direction, CHECK_DEPLOY,
					  &languages_come, &problems);
	if (problems != NIL)
		problem_raise(problems);
	transaction_send();
	deploy_migrate(deploy, &down->step);
	run_report_migration(&deploy->run, &down->row, NULL);
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
	if (up->earlier == NULL && migration->nstatements[SCRIPT_DOWN] == 0 &&
		migration->nstatements[SCRIPT_UP] > 0)
		return stop_at(deploy, migration->source, "it has no Down part");
	down->deploy = deploy;
	down->migration = *migration;
	down->migration.direction = SCRIPT_DOWN;
	down->migration.commits = false;
	down->row = *up->row;
	down->row.direction = up->earlier == NULL ? "down" : "up";
	down->step.earlier = up->earlier;
	down->step.migration = &down->migration;
	down->step.row = &down->row;
	down->step.first = 1;
	if (up->debris != NULL)
		down->step.half = &up->journal;
	deploy->run.returning = up - deploy->steps + 1;
	error = transaction_try(take_back, down);
	if (error != NULL && !down->step.done)
		return stop_at(deploy, migration->source,
					   psprintf(up->earlier == NULL ?
								"its Down part failed: %s" :
								"its earlier text failed: %s",
								error->message));
	add_label(&deploy->taken_back, migration);
	return true;
}

/*
 * Reads where the database is.
 */
static void
read_current(void *arg)
{
	Run		   *run = &((Deploy *) arg)->run;
	TrustedTable *table = version_table_find(run->settings, RowExclusiveLock);

	run->current = version_rows_highest(version_table_read(table));
	if (!run->version_known)
		run->initial = run->current;
	run->version_known = true;
	transaction_send();
}

/*
 * Takes back what this call has applied, latest first, as far as that can be
 * done.
 */
static void
go_back(Deploy *deploy)
{
	DeployStep *failed = deploy->step;

	/* others may be at work if the failed migration has let go of the lock */
	if (!migration_lock_is_held(&deploy->settings) &&
		!migration_lock_try(&deploy->settings))
	{
		deploy->stopped_at = "anything";
		deploy->stopped_why = "another run has taken the migration lock";
		return;
	}
	if (deploy->half_done && !return_step(deploy, failed))
		return;
	deploy->half_done = false;
	while (deploy->kept > 0 &&
		   return_step(deploy, &deploy->steps[deploy->kept - 1]))
		deploy->kept--;
	deploy->step = failed;
}

/*
 * Ends a failed deploy: takes back what it has applied, if the settings want
 * that, and finds out where the database is.
 */
void
deploy_return(Deploy *deploy, const ErrorData *error)
{
	DeployStep *failed = deploy->step;

	initStringInfo(&deploy->taken_back);
	deploy->kept = deploy->run.done;
	deploy->half_done = is_half_done(failed);
	if (deploy->run.request->command == COMMAND_UP &&
		deploy->settings.rollback_on_failure &&
		(deploy->half_done || deploy->kept > 0))
	{
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("%s failed, returning to version " INT64_FORMAT ": %s",
						failed != NULL ? failed->row->source :
						deploy->run.request->function,
						deploy->run.initial, error->message)));
		go_back(deploy);
		deploy->step = failed;
	}
	if (deploy->settings.versioning &&
		transaction_try(read_current, deploy) != NULL)
		deploy->run.version_known = false;
}

/*
 * Is the database back where the failed deploy has started, after some
 * migrations of it had been committed?
 */
bool
deploy_has_returned(const Deploy *deploy)
{
	return deploy->taken_back.len > 0 && deploy->kept == 0 &&
		!deploy->half_done;
}

/*
 * Adds how much of the failed migration is there.
 */
static void
explain_failed(const Deploy *deploy, StringInfo where)
{
	const DeployStep *step = deploy->step;

	if (step != NULL && step->debris != NULL)
		appendStringInfo(where, "; what CONCURRENTLY left behind in %s could not be cleaned up (%s)",
						 step->row->source, step->debris);
	if (!deploy->half_done)
		return;
	appendStringInfo(where, "; %s is half %s: %d of %d statements are done",
					 step->row->source,
					 step->migration->direction == SCRIPT_UP ? "applied" :
					 "taken back", step->committed,
					 step->migration->nstatements[step->migration->direction]);
	if (step->partial)
		appendStringInfo(where, ", and a part of statement %d",
						 step->committed + 1);
}

/*
 * Adds what became of the migrations of this call.
 */
static void
explain_steps(Deploy *deploy, StringInfo where)
{
	StringInfoData kept;

	initStringInfo(&kept);
	for (size_t i = 0; i < deploy->kept; i++)
		add_label(deploy->steps[i].migration->direction == SCRIPT_UP ?
				  &kept : &deploy->taken_back, deploy->steps[i].migration);
	if (deploy->taken_back.len > 0)
		appendStringInfo(where, "taken back: %s", deploy->taken_back.data);
	if (kept.len > 0)
		appendStringInfo(where, "%sapplied: %s",
						 deploy->taken_back.len > 0 ? "; " : "", kept.data);
	if (deploy->taken_back.len == 0 && kept.len == 0)
		appendStringInfoString(where, deploy->half_done ?
							   "nothing is taken back" :
							   deploy->step == NULL ? "nothing was run" :
							   "the migration is undone");
	if (deploy->stopped_at != NULL)
		appendStringInfo(where, "; not taken back: %s, as %s",
						 deploy->stopped_at, deploy->stopped_why);
}

/*
 * Returns what the next call will do with a half done migration.
 */
static const char *
explain_next(const Deploy *deploy)
{
	const DeployStep *step = deploy->step;

	if (!deploy->half_done)
		return "";
	if (step->migration->source->repeatable)
		return psprintf("; it runs all of %s again", step->row->source);
	if (step->partial)
		return "; it asks whether to retry the statement";
	if (step->committed >= step->migration->nstatements[step->migration->direction])
		return psprintf("; it records %s", step->row->source);
	return psprintf("; it goes on with statement %d of %s",
					step->committed + 1, step->row->source);
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
	bool		back = deploy->kept == 0 && !deploy->half_done;
	char	   *next = psprintf("call %s again%s", run->request->function,
								explain_next(deploy));

	initStringInfo(&where);
	appendStringInfoString(&where, run->request->function);
	if (step != NULL)
		appendStringInfo(&where, ", environment \"%s\"",
						 step->row->environment);
	appendStringInfoString(&where, ": ");
	explain_steps(deploy, &where);
	explain_failed(deploy, &where);
	if (run->version_known)
		appendStringInfo(&where, "; the database is at version " INT64_FORMAT "%s",
						 run->current, back ? " as before the call" : "");
	error->context = error->context == NULL ? where.data :
		psprintf("%s\n%s", error->context, where.data);
	if (step != NULL && (error->hint == NULL || deploy->half_done))
		error->hint = error->hint == NULL ?
			psprintf("Mend the cause and %s.", next) :
			psprintf("%s Then %s.", error->hint, next);
}
