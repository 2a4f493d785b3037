/*-------------------------------------------------------------------------
 *
 * run_begin.c
 *	  What a run does before its first statement, of one transaction or of
 *	  many: it is refused or begun, reads the versions, and reads and checks
 *	  the migrations of its plan.
 *
 * Which those are is decided in steps.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "changes.h"
#include "checksum.h"
#include "client.h"
#include "collect.h"
#include "history_table.h"
#include "problem.h"
#include "repeatable.h"
#include "report.h"
#include "run_begin.h"
#include "stored.h"

/* Is a run in progress in this session? */
static bool run_is_active = false;

/*
 * Raises an error where a run cannot begin.
 */
void
run_refuse_unless_possible(const char *call)
{
	PreventCommandDuringRecovery(call);
	PreventCommandIfReadOnly(call);
	PreventCommandIfParallelMode(call);
	run_refuse_nested(call);
}

/*
 * Raises an error if a migration calls what cannot be a part of its run.
 */
void
run_refuse_nested(const char *call)
{
	if (run_is_active)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("%s cannot be called by a migration", call),
				 errhint("Take the call out of the migration.")));
}

/*
 * Returns the migrations at hand, each version once.
 */
SourceSet *
run_collect(const RunRequest *request)
{
	bool		missing_ok = !steps_go_down(request) || stored_has(request);
	SourceSet  *sources = collect_sources(request->settings, request->env,
										  missing_ok, NULL);

	source_set_refuse_duplicates(sources);
	return sources;
}

/*
 * Begins a run: its number and its memory.  Its data lives in the current
 * context.  From then on no other run can begin in this session, until
 * run_end().
 */
void
run_begin(Run *run, const RunRequest *request, CheckMode mode)
{
	uint64		id;

	run->request = request;
	run->settings = request->settings;
	run->mode = mode;
	if (!pg_strong_random(&id, sizeof(id)))
		elog(ERROR, "could not generate a random number");
	snprintf(run->id, sizeof(run->id), "%016llx", (unsigned long long) id);
	run->context = CurrentMemoryContext;
	run->statement_context = AllocSetContextCreate(CurrentMemoryContext,
												   "gooseplus statement",
												   ALLOCSET_DEFAULT_SIZES);
	run->command_context = AllocSetContextCreate(CurrentMemoryContext,
												 "gooseplus command",
												 ALLOCSET_DEFAULT_SIZES);
	INSTR_TIME_SET_CURRENT(run->started);
	run->started_at = GetCurrentTimestamp();
	run_is_active = true;
	report_activity_begin(run->started_at);
	client_gather(true);
}

/* Ends a run, whatever became of it.  Raises no error. */
void
run_end(Run *run)
{
	run_is_active = false;
	report_activity_end();
	client_gather(false);
}

/*
 * Finds or creates the version table, and returns its rows; NULL when
 * versioning is off.
 */
VersionRows *
run_read_versions(Run *run)
{
	VersionRows *rows;

	if (!run->settings->versioning)
		return NULL;
	run->table = version_table_ensure(run->settings, RowExclusiveLock);
	rows = version_table_read(run->table);
	run->initial = run->current = version_rows_highest(rows);
	run->version_known = true;
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
 * Stores what tells the files that have been compared, so that the next look
 * need not read them: a new checkout has the files of the old one, with other
 * times.  A run that has nothing to do writes nothing, nor does a rehearsal;
 * and without the lock another run might write the same.
 */
static void
store_stamps(const Run *run, const List *stamps)
{
	const TrustedTable *history;

	if (stamps == NIL || !run->settings->lock || run->mode == CHECK_REHEARSE)
		return;
	history = history_find_stampable(run->settings);
	if (history != NULL)
		history_stamp(history, stamps);
}

/*
 * Returns the steps of the run, palloc'd.  Migrations that have changed since
 * they were applied are reported first, or refused; those that are to be taken
 * back and whose files are gone come from the history.
 */
Step *
run_make_steps(Run *run, const VersionRows *rows, size_t *nsteps)
{
	const RunRequest *request = run->request;
	const Settings *settings = run->settings;
	List	   *stamps = NIL;
	Step	   *steps;

	if (rows != NULL)
	{
		changes_report(changes_find(run->sources, rows,
									history_find_readable(settings), settings,
									&stamps),
					   settings);
		stored_add(run->sources, request, rows);
	}
	steps = steps_make(request, run->sources, rows, nsteps);
	steps = repeatable_add_steps(request, run->sources, steps, nsteps);
	if (*nsteps > 0)
		store_stamps(run, stamps);
	return steps;
}

/*
 * Reads and checks one migration of the plan.  Returns its problems.
 */
static List *
prepare_migration(Run *run, Migration *migration, bool *languages_come)
{
	List	   *problems = NIL;

	if (check_read(migration, &problems))
		check_format(migration, run->settings, false, &problems);
	/* it is recorded whatever it is, and its text if it has one */
	if (run->request->command == COMMAND_BASELINE && problems != NIL)
		return NIL;
	if (problems == NIL && run->settings->history && run->settings->versioning)
	{
		/* first, as it saves the grammar work; from 1 to one behind the last */
		migration->alike = palloc0((migration->nstatements[migration->direction] + 2) *
								   sizeof(bool));
		migration->checksum = checksum_migration(migration);
	}
	if (problems == NIL && run->request->command != COMMAND_BASELINE)
		check_grammar(migration, run->settings, migration->direction,
					  run->mode, languages_come, &problems);
	if (migration->alike != NULL)
		pfree(migration->alike);
	migration->alike = NULL;
	return problems;
}

/*
 * Reads and checks every migration of the plan.  All problems of all of them
 * are reported.
 */
void
run_prepare(Run *run, const Step *steps, size_t nsteps)
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
		row->name = source->name;
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
			row->problem = linitial(found);
		}
		foreach(cell, found)
			problem_add(&problems, lfirst(cell));
	}
	run->refused = problems != NIL;
	if (run->refused)
		problem_raise(problems);
}
