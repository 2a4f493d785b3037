/*-------------------------------------------------------------------------
 *
 * run_atomic.c
 *	  A run in one transaction: all or nothing.
 *
 * One internal subtransaction holds the whole run, the lock included: an
 * error anywhere rolls it back, so that the database is as it was when the
 * call began, whoever the caller is and whatever transaction surrounds it.
 * In it:
 *
 *	1.	the lock is taken, and only then the versions are read;
 *	2.	the plan is made, and every pending file is read and checked;
 *	3.	the migrations run, statement by statement, each followed by its row
 *		in the version table.
 *
 * The settings and roles that a migration leaves behind are put back at its
 * end.  Memory: the run's data lives in the caller's context; each statement
 * has a context that is reset before the next one.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "commit_rules.h"
#include "deferred.h"
#include "history_table.h"
#include "migration_lock.h"
#include "report.h"
#include "run_atomic.h"
#include "run_begin.h"
#include "run_command.h"
#include "run_record.h"
#include "run_statements.h"
#include "timer.h"
#include "unfinished.h"

/*
 * Error context: the text itself.
 */
static void
describe(void *arg)
{
	errcontext("%s", (const char *) arg);
}

/*
 * Checks the constraints that the caller has deferred, so that a violation is
 * not taken for that of a migration.
 */
static void
check_before_run(Run *run)
{
	ErrorContextCallback callback;

	callback.callback = describe;
	callback.arg = "deferred constraints, before the first migration";
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	if (run->nmigrations > 0)
		deferred_check();
	error_context_stack = callback.previous;
}

/*
 * Checks deferred constraints and records the version.
 */
static void
end_migration(Run *run, const Migration *migration, int nest_level)
{
	ErrorContextCallback callback;
	Oid			user = GetUserId();

	callback.callback = describe;
	callback.arg = psprintf("end of migration %s", migration->source->label);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	MemoryContextSwitchTo(run->statement_context);
	run->place.line = 0;
	deferred_check();
	commit_rules_close_cursors(run->cursors);
	run->cursors = NIL;
	commit_rules_drop_tables(run->temporary_tables);
	run->temporary_tables = NIL;
	/* settings, roles and search_path of the migration end here */
	AtEOXact_GUC(false, nest_level);
	/* what was closed to the role that the migration switched to */
	if (GetUserId() != user)
		deferred_check();
	if (run->constraints_mode != CONSTRAINTS_AS_DEFINED)
		deferred_reset();
	run->constraints_mode = CONSTRAINTS_AS_DEFINED;
	if (run->table != NULL)
		run_record_version(run->table, migration);
	timer_check();
	MemoryContextSwitchTo(run->context);
	MemoryContextReset(run->statement_context);
	error_context_stack = callback.previous;
}

/*
 * Runs one migration.
 */
static void
run_migration(Run *run)
{
	Migration  *migration = &run->migrations[run->done];
	RunRow	   *row = &run->rows[run->done];
	int			nest_level;

	INSTR_TIME_SET_CURRENT(run->migration_started);
	run->migration_started_at = GetCurrentTimestamp();
	run->in_progress = true;
	run->ordinal = 0;
	run->migration_rows = 0;
	timer_start(TIMER_MIGRATION, run->settings->migration_timeout);
	nest_level = NewGUCNestLevel();
	if (run->request->command != COMMAND_BASELINE)
		run_statements(run, migration, 1, run_command_all);
	end_migration(run, migration, nest_level);
	timer_stop(TIMER_MIGRATION);
	row->state = migration->nstatements[migration->direction] == 0 ? "empty" : "applied";
	if (run->request->command == COMMAND_BASELINE)
		row->state = "recorded";
	else
		pfree(migration->text);
	row->statements = run->ordinal;
	row->rows = run->migration_rows;
	row->duration_ms = report_elapsed(run->migration_started);
	run_record_migration(run, row, migration);
	run_report_migration(run, row, NULL);
	run->done++;
	run->in_progress = false;
}

/*
 * The run: what the subtransaction holds.
 */
static void
run_all(void *arg)
{
	Run		   *run = arg;
	VersionRows *rows;
	Step	   *steps;
	size_t		nsteps;

	timer_start(TIMER_RUN, run->settings->timeout);
	migration_lock_take(run->settings);
	rows = run_read_versions(run);
	steps = steps_make(run->request, run->sources, rows, &nsteps);
	if (nsteps > 0)
		run->history = history_ensure(run->settings);
	if (run->history != NULL && run->request->command != COMMAND_BASELINE)
		unfinished_refuse(unfinished_list(run->history, rows), run->request,
						  steps, nsteps);
	run_prepare(run, steps, nsteps);
	check_before_run(run);
	while (run->done < run->nmigrations)
		run_migration(run);
	if (run->table != NULL && run->nmigrations > 0)
		run->current = version_rows_highest(version_table_read(run->table));
	run_announce_end(run);
	if (run->history != NULL)
	{
		HistoryRow	row = run_record_run(run, "done", NULL);

		(void) history_add(run->history, &row);
	}
	timer_check();
	timer_stop(TIMER_RUN);
}

/*
 * Adds a failed run to the history, if its transaction goes on, and the
 * migration that failed.
 */
static void
record_failure(Run *run, const ErrorData *error)
{
	TrustedTable *table = run->history == NULL ? NULL :
	history_find(run->settings);
	HistoryRow	row;

	/* the failure may be about the history itself, or have undone it */
	if (table == NULL)
		return;
	if (run->in_progress)
	{
		row = run_record_row(run, &run->rows[run->done],
							 &run->migrations[run->done]);
		row.statements = 0;
		row.rows = 0;
		row.ended = true;
		row.error = error;
		row.file = row.source;
		row.line = run->place.line;
		(void) history_add(table, &row);
	}
	row = run_record_run(run, "failed", error);
	row.statements = 0;
	row.rows = 0;
	(void) history_add(table, &row);
}

/*
 * Ends a failed run: raises its error, or returns if that goes to the rows.
 * A cancel that comes from outside is always raised.
 */
static void
fail_run(Run *run, ErrorData *error)
{
	bool		canceled = error->sqlerrcode == ERRCODE_QUERY_CANCELED &&
	!timer_expired(TIMER_RUN) && !timer_expired(TIMER_MIGRATION);

	run->current = run->initial;
	run_complete_error(run, error);
	timer_stop(TIMER_MIGRATION);
	timer_stop(TIMER_RUN);
	run_report_failure(run, error);
	run_report_end(run, "undone", error);
	if (canceled || run->settings->on_error == ON_ERROR_RAISE)
		ReThrowError(error);
	record_failure(run, error);
}

/*
 * Raises an error where a run of one transaction cannot begin.
 */
static void
refuse_unless_possible(const char *function)
{
	const char *call = psprintf("%s()", function);

	run_refuse_unless_possible(call);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot run at isolation level %s", call,
						IsolationIsSerializable() ? "SERIALIZABLE" : "REPEATABLE READ"),
				 errdetail("Its snapshot may be older than what the last run has committed."),
				 errhint("Use SET TRANSACTION ISOLATION LEVEL READ COMMITTED.")));
}

/*
 * Runs what the request asks for.  Returns a list of RunRow, allocated in the
 * current context, one a migration, in order.
 */
List *
run_atomic(const RunRequest *request)
{
	Run			run = {0};
	SourceSet  *sources;
	ErrorData  *error;

	refuse_unless_possible(request->function);
	sources = run_collect(request);
	run_begin(&run, request, CHECK_ATOMIC);
	run.sources = sources;
	error = report_try(run_all, &run);
	run_end(&run);
	if (error != NULL)
		fail_run(&run, error);
	else
		run_report_end(&run, "done", NULL);
	MemoryContextDelete(run.command_context);
	MemoryContextDelete(run.statement_context);
	return run_list_rows(&run, error);
}
