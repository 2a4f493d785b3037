/*-------------------------------------------------------------------------
 *
 * run_boundary.c
 *	  The bounds of a run of one transaction and of its migrations: where it
 *	  cannot begin, what is checked before the first migration, and what
 *	  stands for the commit at the end of each.
 *
 * The runs themselves are in run_atomic.c and run_rehearse.c.
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

#include "commit_rules.h"
#include "deferred.h"
#include "run_begin.h"
#include "run_boundary.h"
#include "run_record.h"
#include "timer.h"

/*
 * Raises an error where a run of one transaction cannot begin.
 */
void
run_refuse_unless_atomic(const char *function)
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
void
run_check_before(Run *run)
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
 * Ends a migration as goose's commit would: checks deferred constraints, closes
 * what lives no longer, puts settings and roles back, and records the version,
 * if the run has a version table.
 */
void
run_end_migration(Run *run, Migration *migration, int nest_level)
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
 * Is it a cancel from outside, rather than one of our own time limits?
 */
bool
run_is_canceled(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED &&
		!timer_expired(TIMER_RUN) && !timer_expired(TIMER_MIGRATION);
}
