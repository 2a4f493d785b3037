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

#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "history_table.h"
#include "migration_lock.h"
#include "report.h"
#include "run_atomic.h"
#include "run_begin.h"
#include "run_boundary.h"
#include "run_command.h"
#include "run_record.h"
#include "run_statements.h"
#include "timer.h"
#include "unfinished.h"

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
	run_end_migration(run, migration, nest_level);
	timer_stop(TIMER_MIGRATION);
	row->state = migration->nstatements[migration->direction] == 0 ? "empty" : "applied";
	if (run->request->command == COMMAND_BASELINE)
		row->state = "recorded";
	row->statements = run->ordinal;
	row->rows = run->migration_rows;
	row->duration_ms = report_elapsed(run->migration_started);
	run_record_migration(run, row, migration);
	check_free_text(migration);
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
	steps = run_make_steps(run, rows, &nsteps);
	if (nsteps > 0)
		run->history = history_ensure(run->settings);
	if (run->history != NULL && run->request->command != COMMAND_BASELINE)
		unfinished_refuse(unfinished_list(run->history, rows), run->request,
						  steps, nsteps);
	run_prepare(run, steps, nsteps);
	run_check_before(run);
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
		row.version_row = 0;
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
	bool		canceled = run_is_canceled(error);

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
 * Runs what the request asks for.  Returns a list of RunRow, allocated in the
 * current context, one a migration, in order.
 */
List *
run_atomic(const RunRequest *request)
{
	Run			run = {0};
	SourceSet  *sources;
	ErrorData  *error;

	run_refuse_unless_atomic(request->function);
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
