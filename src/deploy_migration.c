/*-------------------------------------------------------------------------
 *
 * deploy_migration.c
 *	  One migration in a deploy, from its BEGIN to its COMMIT.
 *
 * As under goose, a migration is one transaction block, with its row in the
 * version table, unless its file says NO TRANSACTION: then each statement is
 * by itself, and the row is written after the last one.  What the migration
 * changed of the session is put back before its row is written.
 *
 * How a statement is run is in deploy_statement.c.  What follows from a
 * failure is in deploy_return.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "deploy.h"
#include "deploy_rules.h"
#include "indexes.h"
#include "report.h"
#include "run_record.h"
#include "run_statements.h"
#include "timer.h"
#include "transaction.h"

/* Error context: the end of which migration. */
static void
describe_end(void *arg)
{
	errcontext("end of migration %s", ((const Migration *) arg)->source->label);
}

/*
 * Begins the transaction block of a migration, if it has one.  What has been
 * half done goes on without: the block ended where the file ended it.
 */
static void
begin_block(Deploy *deploy)
{
	const DeployStep *step = deploy->step;
	int			timeout = deploy->settings.ddl_lock_timeout;

	deploy->block = InvalidLocalTransactionId;
	if (!step->migration->transactional || step->first > 1)
		return;
	transaction_begin_block();
	deploy->block = transaction_number();
	if (timeout > 0 && !step->journaled)
		(void) set_config_option("lock_timeout", psprintf("%dms", timeout),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
								 true, 0, false);
}

/*
 * Refuses what a migration may not leave behind.
 */
static void
check_end(const Deploy *deploy)
{
	const Migration *migration = deploy->step->migration;
	char	   *invalid;

	if (migration->transactional)
		return;
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("migration %s ends inside a transaction that it has begun",
						migration->source->label),
				 errdetail("What it has done since its BEGIN is undone."),
				 errhint("Add the missing COMMIT to the file.")));
	invalid = indexes_list_invalid(deploy->step->journal.invalid_indexes);
	if (invalid != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration %s leaves invalid indexes behind",
						migration->source->label),
				 errdetail("Invalid: %s.", invalid),
				 errhint("Drop them, or rebuild them by REINDEX INDEX CONCURRENTLY.")));
}

/*
 * Fills in what has become of the migration in progress.
 */
static void
fill_row(const Deploy *deploy, const char *state)
{
	RunRow	   *row = deploy->step->row;

	row->state = state;
	row->statements = deploy->run.ordinal;
	row->rows = deploy->run.migration_rows;
	row->duration_ms = report_elapsed(deploy->run.migration_started);
}

/*
 * Ends the migration in progress: records it, and commits.
 */
static void
end_migration(Deploy *deploy)
{
	Run		   *run = &deploy->run;
	Migration  *migration = deploy->step->migration;
	ErrorContextCallback callback;

	callback.callback = describe_end;
	callback.arg = migration;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	MemoryContextSwitchTo(run->statement_context);
	run->place.line = 0;
	check_end(deploy);
	session_restore(deploy->session);
	/* one that the migration has made read-only, for example */
	if (!IsTransactionBlock())
		transaction_send();
	/* trusted or not: that can have changed since the last transaction */
	if (run->table != NULL)
		run_record_version(version_table_find(&deploy->settings,
											  RowExclusiveLock), migration);
	fill_row(deploy, migration->nstatements[migration->direction] == 0 ?
			 "empty" : "applied");
	deploy_journal_close(deploy, deploy->step->row->state, NULL);
	run_notify_migration(run, deploy->step->row, NULL);
	timer_check();
	transaction_commit();
	deploy->step->done = true;
	MemoryContextSwitchTo(run->context);
	MemoryContextReset(run->statement_context);
	error_context_stack = callback.previous;
}

/*
 * The migration in progress, from beginning to end.
 */
static void
run_migration(void *arg)
{
	Deploy	   *deploy = arg;
	DeployStep *step = deploy->step;

	if (step->unfinished != NULL)
		deploy_resume_settle(deploy, step);
	if (step->half != NULL)
		deploy_resume_clean(deploy, step);
	begin_block(deploy);
	run_statements(&deploy->run, step->migration, step->first,
				   deploy_statement);
	end_migration(deploy);
}

/*
 * Sees to what a failed command with CONCURRENTLY has left behind.  DROP INDEX
 * and DETACH PARTITION may be done after all: nothing else can follow on their
 * first steps.
 */
static void
clean_up(void *arg)
{
	Deploy	   *deploy = arg;
	DeployStep *step = deploy->step;

	if (indexes_drop_leftovers(deploy->command, step->journal.invalid_indexes) ||
		(IsA(deploy->command, AlterTableStmt) &&
		 indexes_is_done(deploy->command)))
		step->journal.statements = step->committed = deploy->run.ordinal;
}

static void
restore_session(void *arg)
{
	Deploy	   *deploy = arg;

	session_restore(deploy->session);
	transaction_send();
}

/*
 * Writes the failure of the migration in progress.  The argument is a deploy
 * whose step has it.
 */
static void
record_failure(void *arg)
{
	Deploy	   *deploy = arg;
	const ErrorData *error = deploy->step->journal.error;

	deploy_journal_close(deploy, "failed", error);
	run_notify_migration(&deploy->run, deploy->step->row, error);
	transaction_send();
}

/*
 * Warns of an error that must not hide the one that came first.
 */
static void
warn_of(const ErrorData *error, const char *what)
{
	if (error != NULL)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("could not %s: %s", what, error->message)));
}

/*
 * Sees to a failed migration: its transaction is undone; what CONCURRENTLY
 * left behind is dropped, session and records are put in order.
 */
static void
fail_migration(Deploy *deploy, ErrorData *error)
{
	DeployStep *step = deploy->step;
	ErrorData  *second;

	deploy_statement_stop();
	step->partial = deploy->commits > 0;
	if (step->partial)
		step->committed = Max(step->committed, deploy->run.ordinal - 1);
	timer_explain(error);
	if (step->migration->transactional)
		deploy_rules_explain(error);
	timer_stop(TIMER_MIGRATION);
	if (deploy->command != NULL)
	{
		run_show(&deploy->run, step->row->source, "cleaning up");
		timer_start(TIMER_MIGRATION, deploy->settings.migration_timeout);
		second = transaction_try(clean_up, deploy);
		if (second != NULL)
			timer_explain(second);
		timer_stop(TIMER_MIGRATION);
		warn_of(second, "clean up after CONCURRENTLY");
		step->debris = second == NULL ? NULL : second->message;
	}
	warn_of(transaction_try(restore_session, deploy), "put the session back");
	fill_row(deploy, "failed");
	step->row->statements = step->committed;
	step->journal.error = error;
	warn_of(transaction_try(record_failure, deploy), "record the failure");
	run_report_migration(&deploy->run, step->row, error);
}

/*
 * Tries to run the migration in progress.  Returns the error that has ended
 * it, or NULL.
 */
static ErrorData *
try_migration(Deploy *deploy)
{
	ErrorData  *error;

	deploy->run.ordinal = 0;
	deploy->run.migration_rows = 0;
	deploy->commits = 0;
	timer_start(TIMER_MIGRATION, deploy->settings.migration_timeout);
	deploy_retry_start(deploy);
	error = transaction_try(run_migration, deploy);
	deploy_retry_stop();
	return error;
}

/*
 * Runs one migration of a deploy, and commits it.  Raises the error if it
 * fails; then nothing of it is left but what the step says.  Success is for
 * the caller to report: a cancel can come with that, and by then it must be
 * known that the migration is done.
 */
void
deploy_migrate(Deploy *deploy, DeployStep *step)
{
	Run		   *run = &deploy->run;
	ErrorData  *error;
	int			tries = 0;

	INSTR_TIME_SET_CURRENT(run->migration_started);
	run->migration_started_at = GetCurrentTimestamp();
	deploy->step = step;
	deploy->command = NULL;
	step->journaled = !step->migration->transactional ||
		step->migration->commits || step->unfinished != NULL;
	if (step->journaled)
		deploy_journal_open(deploy);
	while ((error = try_migration(deploy)) != NULL &&
		   deploy_retry_decide(deploy, error, &tries))
	{
		error = transaction_try(deploy_retry_pause, deploy);
		if (error != NULL)
			break;
	}
	if (error != NULL)
	{
		fail_migration(deploy, error);
		ReThrowError(error);
	}
	timer_stop(TIMER_MIGRATION);
	deploy->step = NULL;
}
