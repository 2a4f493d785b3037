/*-------------------------------------------------------------------------
 *
 * run_deploy.c
 *	  A run that commits each migration by itself: CALL gooseplus_deploy and
 *	  gooseplus_revert.
 *
 * The steps are those of a run of one transaction (see run_atomic.c), but
 * each is committed:
 *
 *	1.	the transaction of the call is ended, and the lock is taken for the
 *		session: whoever waits for it holds no snapshot;
 *	2.	the plan is made, and every pending file is read and checked;
 *	3.	the migrations run, one by one (deploy_migration.c);
 *	4.	if one fails, the deploy returns to where it started
 *		(deploy_return.c).
 *
 * Whatever happens, the lock is let go of at the end; a backend that dies
 * lets go of it by dying.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "deploy.h"
#include "history_table.h"
#include "migration_lock.h"
#include "report.h"
#include "run_begin.h"
#include "run_deploy.h"
#include "run_record.h"
#include "timer.h"
#include "transaction.h"
#include "unfinished.h"

/*
 * Raises an error for a request that no deploy can fulfil, before anything
 * runs.
 */
void
run_deploy_check(const RunRequest *request)
{
	if (request->env != NULL && request->env[0] != '\0')
		source_refuse_misplaced(request->env,
								psprintf("CALL %s(options => '%s')",
										 request->function, request->env),
								psprintf("CALL %s(version => %s)",
										 request->function, request->env));
	steps_refuse_version(request);
	if (request->settings->lock_table)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot hold the row of the lock table",
						request->function),
				 errdetail("A row lock ends with the first migration, which commits."),
				 errhint("Set \"gooseplus.lock_table\" to off, or use gooseplus_migrate().")));
	if (request->resume != NULL && strcmp(request->resume, "retry") != 0 &&
		strcmp(request->resume, "skip") != 0 &&
		strcmp(request->resume, "restart") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for \"resume\": \"%s\"",
						request->resume),
				 errhint("It is \"retry\", to run the statement again where the last run stopped, \"skip\", to go on behind it, or \"restart\", to begin with statement 1.")));
}

static void
wait_for_lock(void *arg)
{
	migration_lock_wait(((Deploy *) arg)->run.settings);
}

/*
 * Takes the lock, waiting if need be.  Errors: a cancel, or a time limit is
 * over.
 */
static void
take_lock(Deploy *deploy)
{
	ErrorData  *error;

	if (migration_lock_try(&deploy->settings))
		return;
	error = transaction_try(wait_for_lock, deploy);
	if (error == NULL)
		return;
	if (timer_expired(TIMER_RUN))
		migration_lock_refuse(&deploy->settings, "gooseplus.timeout");
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		migration_lock_refuse(&deploy->settings, "lock_timeout");
	ReThrowError(error);
}

/*
 * Writes the row of the run, anew or once more.
 */
static void
record_run(Deploy *deploy, const char *outcome, const ErrorData *error)
{
	TrustedTable *table = history_find(&deploy->settings);
	int64		id = deploy->row.id;

	if (table == NULL)
		return;
	deploy->row = run_record_run(&deploy->run, outcome, error);
	deploy->row.id = id;
	if (error != NULL && deploy->step != NULL)
	{
		deploy->row.file = deploy->step->journal.file;
		deploy->row.line = deploy->step->journal.line;
	}
	history_put(table, &deploy->row);
}

/*
 * Creates the tables, and makes the plan.  Each step gets what an earlier run
 * has left of it.
 */
static void
make_plan(Deploy *deploy)
{
	Run		   *run = &deploy->run;
	VersionRows *rows = run_read_versions(run);
	const HistoryRow **unfinished;
	TrustedTable *history;
	size_t		nsteps;
	Step	   *steps = run_make_steps(run, rows, &nsteps);
	bool		resumes = false;

	/* a migration that creates a schema must not lead to another table */
	if (run->table != NULL)
		deploy->settings.version_table =
			list_make2(run->table->schema,
					   llast(deploy->settings.version_table));
	steps = deploy_resume_steps(deploy, steps, &nsteps, &unfinished);
	history = nsteps > 0 ? history_ensure(&deploy->settings) :
		history_find(&deploy->settings);
	if (history != NULL && deploy->settings.lock)
		history_interrupt(history, run->id);
	transaction_send();
	run_prepare(run, steps, nsteps);
	deploy->steps = palloc0((nsteps + 1) * sizeof(DeployStep));
	for (size_t i = 0; i < nsteps; i++)
	{
		DeployStep *step = &deploy->steps[i];

		step->migration = &run->migrations[i];
		step->row = &run->rows[i];
		step->earlier = steps[i].earlier;
		step->first = 1;
		if (unfinished[i] == NULL)
			continue;
		if (unfinished_is_down(unfinished[i]) !=
			(step->migration->direction == SCRIPT_DOWN))
		{
			step->half = unfinished[i];
			continue;
		}
		step->unfinished = unfinished[i];
		deploy_resume_decide(deploy, step);
		resumes = true;
	}
	if (run->request->resume != NULL && !resumes)
		ereport(NOTICE,
				(errmsg("no migration is half done: \"resume\" has no effect")));
	if (nsteps > 0)
		record_run(deploy, "running", NULL);
	transaction_send();
}

/*
 * The deploy, until it has ended or failed.
 */
static void
go_forward(void *arg)
{
	Deploy	   *deploy = arg;
	Run		   *run = &deploy->run;

	timer_start(TIMER_RUN, run->settings->timeout);
	run->sources = run_collect(run->request);
	/* that took snapshots, and whoever waits must hold none */
	transaction_send();
	take_lock(deploy);
	make_plan(deploy);
	while (run->done < run->nmigrations)
	{
		DeployStep *step = &deploy->steps[run->done];

		timer_check();
		deploy_migrate(deploy, step);
		run->done++;
		run_report_migration(run, step->row, NULL);
	}
	if (run->table != NULL && run->nmigrations > 0)
		run->current = version_rows_highest(version_table_read(version_table_find(&deploy->settings,
																				  AccessShareLock)));
	if (run->nmigrations > 0)
		record_run(deploy, "done", NULL);
	run_announce_end(run);
	run_report_end(run, "done", NULL);
	timer_stop(TIMER_RUN);
	transaction_send();
}

/*
 * Adds the migrations to the history in which problems have been found, so
 * that nothing was run.
 */
static void
record_problems(Deploy *deploy)
{
	const Run  *run = &deploy->run;
	TrustedTable *table = history_find(&deploy->settings);

	for (size_t i = 0; table != NULL && i < run->nmigrations; i++)
	{
		const RunRow *row = &run->rows[i];
		HistoryRow	history = run_record_row(run, row, &run->migrations[i]);
		ErrorData	error = {0};

		if (row->problem == NULL)
			continue;
		error.sqlerrcode = row->problem->sqlstate;
		error.message = unconstify(char *, row->error);
		history.started = run->started_at;
		history.ended = true;
		history.error = &error;
		history.file = row->source;
		history.line = row->problem->line;
		(void) history_add(table, &history);
	}
}

/* How a failed deploy has ended, for record_end(). */
typedef struct DeployEnd
{
	Deploy	   *deploy;
	const char *outcome;
	const ErrorData *error;
} DeployEnd;

static void
record_end(void *arg)
{
	DeployEnd  *end = arg;

	if (end->deploy->run.refused)
		record_problems(end->deploy);
	record_run(end->deploy, end->outcome, end->error);
	run_report_end(&end->deploy->run, end->outcome, end->error);
	transaction_send();
}

/*
 * Ends a failed deploy, and raises its error.
 */
static void
fail(Deploy *deploy, ErrorData *error)
{
	DeployEnd	end = {.deploy = deploy,.error = error};

	timer_explain(error);
	timer_stop(TIMER_RUN);
	deploy_return(deploy, error);
	end.outcome = deploy_has_returned(deploy) ? "returned" : "failed";
	deploy_explain(deploy, error);
	(void) transaction_try(record_end, &end);
	ReThrowError(error);
}

/*
 * Runs what the request asks for, and commits each migration.  Called with a
 * transaction in progress that holds nothing worth keeping; returns with
 * another one.  The request must live longer than either.  Errors: the one
 * that ended the deploy; its context says where the database is.
 */
void
run_deploy(const RunRequest *request)
{
	MemoryContext context = AllocSetContextCreate(PortalContext != NULL ?
												  PortalContext :
												  TopMemoryContext,
												  "gooseplus deploy",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Deploy	   *deploy = palloc0(sizeof(Deploy));

	run_refuse_unless_possible(psprintf("CALL %s()", request->function));
	run_deploy_check(request);
	deploy->settings = *request->settings;
	deploy->session = session_save();
	deploy->user = GetUserId();
	run_begin(&deploy->run, request, CHECK_DEPLOY);
	deploy->run.settings = &deploy->settings;
	PG_TRY();
	{
		ErrorData  *error;

		transaction_send();
		error = transaction_try(go_forward, deploy);
		if (error != NULL)
			fail(deploy, error);
	}
	PG_FINALLY();
	{
		timer_stop(TIMER_MIGRATION);
		timer_stop(TIMER_RUN);
		migration_lock_release(&deploy->settings);
		run_end(&deploy->run);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}
