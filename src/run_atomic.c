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
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "check.h"
#include "collect.h"
#include "commit_rules.h"
#include "compat.h"
#include "deferred.h"
#include "migration_lock.h"
#include "problem.h"
#include "report.h"
#include "run.h"
#include "run_atomic.h"
#include "run_command.h"
#include "statement.h"
#include "steps.h"
#include "timer.h"
#include "version_table.h"

/* Is a run in progress in this session? */
static bool run_is_active = false;

/*
 * Raises an error where a run cannot begin.
 */
static void
refuse_unless_possible(const char *function)
{
	char	   *call = psprintf("%s()", function);

	PreventCommandDuringRecovery(call);
	PreventCommandIfReadOnly(call);
	PreventCommandIfParallelMode(call);
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot run at isolation level %s", call,
						IsolationIsSerializable() ? "SERIALIZABLE" : "REPEATABLE READ"),
				 errdetail("Its snapshot may be older than what the last run has committed."),
				 errhint("Use SET TRANSACTION ISOLATION LEVEL READ COMMITTED.")));
	if (run_is_active)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("%s cannot be called by a migration", call),
				 errhint("Take the call out of the migration.")));
}

/*
 * Finds or creates the version table, and returns its rows; NULL when
 * versioning is off.
 */
static VersionRows *
read_versions(Run *run)
{
	VersionRows *rows;

	if (!run->settings->versioning)
		return NULL;
	run->table = version_table_ensure(run->settings, RowExclusiveLock);
	rows = version_table_read(run->table);
	run->initial = run->current = version_rows_highest(rows);
	if (rows->nitems == 0 && run->request->command != COMMAND_APPLY)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version table %s has no row for version 0",
						run->table->name),
				 errhint("goose writes that row when it creates the table. INSERT INTO %s (version_id, is_applied) VALUES (0, true) puts it back.",
						 run->table->name)));
	return rows;
}

/*
 * Reads and checks one migration of the plan.  Returns its problems.
 */
static List *
prepare_migration(Run *run, Migration *migration, bool *languages_come)
{
	List	   *problems = NIL;

	if (run->request->command == COMMAND_BASELINE)
		return NIL;
	if (!check_read(migration, &problems))
		return problems;
	check_format(migration, run->settings, false, &problems);
	if (problems == NIL)
		check_grammar(migration, run->settings, migration->direction, true,
					  languages_come, &problems);
	return problems;
}

/*
 * Reads and checks every migration of the plan.  All problems of all of them
 * are reported.
 */
static void
prepare_migrations(Run *run, const Step *steps, size_t nsteps)
{
	List	   *problems = NIL;
	bool		languages_come = false;

	run->migrations = palloc0((nsteps + 1) * sizeof(Migration));
	run->rows = palloc0((nsteps + 1) * sizeof(RunRow));
	run->nmigrations = nsteps;
	for (size_t i = 0; i < nsteps; i++)
	{
		const Source *source = steps[i].source;
		RunRow	   *row = &run->rows[i];

		run->migrations[i].source = source;
		run->migrations[i].direction = steps[i].direction;
		row->version = source->version;
		row->source = source->label;
		row->environment = source->environment;
		row->direction = steps[i].direction == SCRIPT_UP ? "up" : "down";
		row->state = "pending";
	}
	for (size_t i = 0; i < nsteps; i++)
	{
		RunRow	   *row = &run->rows[i];
		List	   *found;
		ListCell   *cell;

		CHECK_FOR_INTERRUPTS();
		found = prepare_migration(run, &run->migrations[i], &languages_come);
		if (found != NIL)
		{
			row->state = "failed";
			row->error = problem_list(found);
		}
		foreach(cell, found)
			problem_add(&problems, lfirst(cell));
	}
	run->refused = problems != NIL;
	if (run->refused)
		problem_raise(problems);
}

/*
 * Runs the statements of a migration.
 */
static void
run_statements(Run *run, const Migration *migration)
{
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;
	ScriptNext	next;
	const Source *source = migration->source;
	Oid			function = source->called == NULL ? InvalidOid :
	source->called(source, migration->direction == SCRIPT_UP);

	check_script_options(run->settings, &options);
	reader = script_open(migration->text, migration->length,
						 migration->direction, &options);
	MemoryContextSwitchTo(run->statement_context);
	while ((next = script_next(reader, &script)) == SCRIPT_STATEMENT)
	{
		StatementPlace place;

		run->ordinal = script.ordinal;
		report_activity("gooseplus: %zu/%zu %s statement %d",
						run->done + 1, run->nmigrations,
						migration->source->label, script.ordinal);
		statement_push_place(&place, migration->source->label, reader,
							 &script);
		if (run->settings->verbose)
			ereport(NOTICE,
					(errmsg("executing statement %d of %s: %s", script.ordinal,
							migration->source->label, place.sql)));
		run->migration_rows += run_command_all(run, place.sql, function);
		timer_check();
		statement_pop_place(&place);
		MemoryContextReset(run->statement_context);
	}
	MemoryContextSwitchTo(run->context);
	if (next == SCRIPT_FAILED)
		problem_raise(list_make1(problem_from_script(migration->source->label,
													 script_problem(reader))));
	script_close(reader);
}

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
	const Source *source = migration->source;
	ErrorContextCallback callback;
	Oid			user = GetUserId();

	callback.callback = describe;
	callback.arg = psprintf("end of migration %s", source->label);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	MemoryContextSwitchTo(run->statement_context);
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
	if (run->table != NULL && migration->direction == SCRIPT_UP)
		version_table_insert(run->table, source->version);
	else if (run->table != NULL)
		version_table_delete(run->table, source->version);
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
	run->in_progress = true;
	run->ordinal = 0;
	run->migration_rows = 0;
	timer_start(TIMER_MIGRATION, run->settings->migration_timeout);
	nest_level = NewGUCNestLevel();
	if (run->request->command != COMMAND_BASELINE)
		run_statements(run, migration);
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
	run_report_migration(run, row, NULL);
	run->done++;
	run->in_progress = false;
}

/*
 * Tells the client how the run has ended.
 */
static void
announce_end(Run *run)
{
	if (!run->settings->versioning)
		return;
	if (run->nmigrations > 0)
		run->current = version_rows_highest(version_table_read(run->table));
	ereport(NOTICE,
			(errmsg(run->nmigrations == 0 ?
					"no migrations to run, current version: " INT64_FORMAT :
					"successfully migrated database, current version: " INT64_FORMAT,
					run->current)));
}

/*
 * The run: what the subtransaction holds.
 */
static void
run_all(void *arg)
{
	Run		   *run = arg;
	Step	   *steps;
	size_t		nsteps;

	run_is_active = true;
	timer_start(TIMER_RUN, run->settings->timeout);
	migration_lock_take(run->settings);
	steps = steps_make(run->request, run->sources, read_versions(run),
					   &nsteps);
	prepare_migrations(run, steps, nsteps);
	check_before_run(run);
	while (run->done < run->nmigrations)
		run_migration(run);
	announce_end(run);
	timer_check();
	timer_stop(TIMER_RUN);
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

	run_complete_error(run, error);
	timer_stop(TIMER_MIGRATION);
	timer_stop(TIMER_RUN);
	run_report_failure(run, error);
	run_report_end(run, error);
	if (canceled || run->settings->on_error == ON_ERROR_RAISE)
		ReThrowError(error);
}

/*
 * Runs what the request asks for.  Returns a list of RunRow, allocated in the
 * current context, one a migration, in order.
 */
List *
run_atomic(const RunRequest *request)
{
	const Settings *settings = request->settings;
	Run			run = {0};
	uint64		id;
	ErrorData  *error;

	refuse_unless_possible(request->function);
	run.request = request;
	run.settings = settings;
	if (!pg_strong_random(&id, sizeof(id)))
		elog(ERROR, "could not generate a random number");
	snprintf(run.id, sizeof(run.id), "%016llx", (unsigned long long) id);
	run.context = CurrentMemoryContext;
	run.statement_context = AllocSetContextCreate(CurrentMemoryContext,
												  "gooseplus statement",
												  ALLOCSET_DEFAULT_SIZES);
	run.command_context = AllocSetContextCreate(CurrentMemoryContext,
												"gooseplus command",
												ALLOCSET_DEFAULT_SIZES);
	INSTR_TIME_SET_CURRENT(run.started);
	run.sources = collect_sources(settings, request->env,
								  !steps_go_down(request), NULL);
	source_set_refuse_duplicates(run.sources);

	error = report_try(run_all, &run);
	run_is_active = false;
	report_activity_end();
	if (error != NULL)
		fail_run(&run, error);
	else
		run_report_end(&run, NULL);
	MemoryContextDelete(run.command_context);
	MemoryContextDelete(run.statement_context);
	return run_list_rows(&run, error);
}
