/*-------------------------------------------------------------------------
 *
 * run_rehearse.c
 *	  A run that is undone, to see what it does.
 *
 * It is a run of one transaction like that of run_atomic.c, but for this:
 *
 *	-	the subtransaction that holds it is rolled back in any case;
 *	-	what each statement does to relations that were there is watched;
 *	-	no version and no history is written: nobody would see the rows, and
 *		their tables would give out numbers for them;
 *	-	statements of a NO TRANSACTION migration that no transaction can hold
 *		are left out, and said to be;
 *	-	locks are waited for a short while only, as those who come later wait
 *		for whoever waits;
 *	-	an error of a migration is a part of the report.
 *
 * The report lives in the caller's memory context, so that it outlives the
 * subtransaction.  Its words are in rehearsal.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/instrument.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "atomic_rules.h"
#include "history_table.h"
#include "migration_lock.h"
#include "rehearsal.h"
#include "report.h"
#include "run_begin.h"
#include "run_boundary.h"
#include "run_command.h"
#include "run_rehearse.h"
#include "run_statements.h"
#include "timer.h"
#include "unfinished.h"
#include "watch.h"

/* How long to wait for a lock if gooseplus.ddl_lock_timeout does not say. */
#define LOCK_TIMEOUT_MS 2000

typedef struct Rehearsal
{
	Run			run;			/* first: run_statements() knows only this */
	Settings	settings;
	Watch	   *watch;
	List	   *rows;			/* of RehearsalRow *: the report */
	List	   *changes;		/* of this migration, in order */
	int			left_out;		/* statements of it that were not run */
	RehearsalRow *row;			/* of the statement in progress, or NULL */
	WalUsage	migration_wal;	/* when it began */
	double		migration_started;	/* by clock_ms() */
	double		looked_ms;		/* time that the watch has taken */
} Rehearsal;

/* A statement that is tried in a subtransaction of its own. */
typedef struct Trial
{
	Run		   *run;
	const char *sql;
	Oid			function;
	int64		rows;
} Trial;

/* Returns the migration in progress. */
static const Migration *
current_migration(const Run *run)
{
	return &run->migrations[run->done];
}

/*
 * Returns the milliseconds that the run would have taken so far, which is
 * without those of looking.
 */
static double
clock_ms(const Rehearsal *rehearsal)
{
	return report_elapsed(rehearsal->run.started) - rehearsal->looked_ms;
}

/*
 * Looks at what has changed since a moment by that clock.
 */
static List *
look(Rehearsal *rehearsal, double since)
{
	instr_time	start;
	List	   *changes;

	INSTR_TIME_SET_CURRENT(start);
	changes = watch_look(rehearsal->watch, since);
	rehearsal->looked_ms += report_elapsed(start);
	return changes;
}

/*
 * Sees to it that no lock is waited for any longer than the settings allow,
 * whatever the migration has set; the caller may allow less.
 */
static void
limit_lock_waits(const Settings *settings)
{
	int			limit = settings->ddl_lock_timeout > 0 ?
	settings->ddl_lock_timeout : LOCK_TIMEOUT_MS;

	if (LockTimeout == 0 || LockTimeout > limit)
		(void) set_config_option("lock_timeout", psprintf("%dms", limit),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
								 true, 0, false);
}

/*
 * Returns why a statement is left out, palloc'd, or NULL if it is to be run.
 */
static char *
reason_to_leave_out(const Run *run, const char *sql)
{
	List	   *raws = statement_parse(sql);
	bool		alone = list_length(raws) == 1;
	bool		has_data = run->place.script.data.bytes != NULL;
	ListCell   *cell;

	foreach(cell, raws)
	{
		RawStmt    *raw = lfirst_node(RawStmt, cell);
		const char *command = atomic_rules_command(raw->stmt);
		AtomicRefusal refusal;
		AtomicVerdict verdict = atomic_rules_judge(raw, alone, has_data,
												   &refusal);

		if (verdict == ATOMIC_SKIP && alone)
			return psprintf("%s is skipped: the rehearsal is one transaction",
							command);
		if (current_migration(run)->transactional)
			continue;
		if (verdict == ATOMIC_REFUSE)
			return pstrdup(refusal.message);
		if (atomic_rules_keeps_concurrently(raw->stmt, run->settings))
			return psprintf("%s CONCURRENTLY cannot run in a transaction",
							command);
	}
	return NULL;
}

static void
run_trial(void *arg)
{
	Trial	   *trial = arg;

	trial->rows = run_command_all(trial->run, trial->sql, trial->function);
}

/*
 * Runs a statement in a subtransaction of its own.  Returns NULL, or why it
 * cannot be run in a transaction, palloc'd: that is not seen before it runs if
 * it is code that commits, for example.  Other errors are raised.
 */
static char *
try_statement(Run *run, const char *sql, Oid function, int64 *rows)
{
	Trial		trial = {run, sql, function, 0};
	ErrorData  *error = report_try(run_trial, &trial);

	*rows = trial.rows;
	if (error == NULL)
		return NULL;
	if (error->sqlerrcode != ERRCODE_ACTIVE_SQL_TRANSACTION &&
		error->sqlerrcode != ERRCODE_INVALID_TRANSACTION_TERMINATION &&
		error->sqlerrcode != ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE)
		ReThrowError(error);
	return psprintf("cannot run in a transaction: %s", error->message);
}

/* Returns the bytes of WAL written since. */
static int64
wal_since(const WalUsage *before)
{
	return (int64) (pgWalUsage.wal_bytes - before->wal_bytes);
}

/*
 * Adds what has changed to a row, if there is one, and to the migration.
 * Each statement of a NO TRANSACTION migration would let go of its locks.
 */
static void
note_changes(Rehearsal *rehearsal, RehearsalRow *row, double since)
{
	double		now = clock_ms(rehearsal);
	List	   *changes = look(rehearsal, since);
	ListCell   *cell;

	if (row != NULL)
		row->changes = changes;
	rehearsal->changes = list_concat(rehearsal->changes, changes);
	if (current_migration(&rehearsal->run)->transactional)
		return;
	foreach(cell, changes)
		((RelationChange *) lfirst(cell))->held_ms = now - since;
}

/*
 * RunStatement: runs a statement and reports what it did.
 */
static int64
rehearse_statement(Run *run, const char *sql, Oid function)
{
	Rehearsal  *rehearsal = (Rehearsal *) run;
	MemoryContext context = MemoryContextSwitchTo(run->context);
	RehearsalRow *row = rehearsal_add(&rehearsal->rows, current_migration(run)->source,
									  "failed");
	WalUsage	wal = pgWalUsage;
	double		start;
	int64		rows = 0;
	char	   *reason;

	row->line = run->place.script.line;
	row->statement = rehearsal_shorten(sql);
	rehearsal->row = row;
	MemoryContextSwitchTo(context);
	limit_lock_waits(run->settings);
	if (!current_migration(run)->transactional)
		watch_begin_unit(rehearsal->watch);
	start = clock_ms(rehearsal);
	reason = reason_to_leave_out(run, sql);
	if (reason == NULL && current_migration(run)->transactional)
		rows = run_command_all(run, sql, function);
	else if (reason == NULL)
		reason = try_statement(run, sql, function, &rows);
	MemoryContextSwitchTo(run->context);
	if (reason == NULL)
	{
		row->duration_ms = clock_ms(rehearsal) - start;
		row->wal_bytes = wal_since(&wal);
		row->rows = rows;
		row->measured = true;
		note_changes(rehearsal, row, start);
	}
	else
	{
		row->error = pstrdup(reason);
		rehearsal->left_out++;
		/* to find that out has taken locks */
		(void) look(rehearsal, start);
	}
	row->state = reason == NULL ? "run" : "not run";
	rehearsal->row = NULL;
	MemoryContextSwitchTo(context);
	return rows;
}

/*
 * Ends the report of a migration, with a row for all of it: its locks would
 * be let go of now.
 */
static void
sum_up(Rehearsal *rehearsal, const char *state)
{
	Run		   *run = &rehearsal->run;
	RunRow	   *run_row = &run->rows[run->done];
	RehearsalRow *row = rehearsal_add(&rehearsal->rows, current_migration(run)->source,
									  state);
	double		now = clock_ms(rehearsal);
	ListCell   *cell;

	if (current_migration(run)->transactional)
	{
		foreach(cell, rehearsal->changes)
		{
			RelationChange *change = lfirst(cell);

			change->held_ms = now - change->since;
		}
	}
	run_row->state = "rehearsed";
	run_row->statements = run->ordinal;
	run_row->rows = run->migration_rows;
	run_row->duration_ms = now - rehearsal->migration_started;
	row->measured = true;
	row->duration_ms = run_row->duration_ms;
	row->rows = run->migration_rows;
	row->wal_bytes = wal_since(&rehearsal->migration_wal);
	row->changes = watch_sum(rehearsal->changes);
	row->danger = rehearsal_danger(row->changes, rehearsal->left_out);
	if (row->danger == NULL && strcmp(state, "run") == 0)
		row->danger = "none: nobody is kept from reading or writing a table";
	rehearsal->changes = NIL;
	rehearsal->left_out = 0;
}

/*
 * Rehearses one migration.
 */
static void
rehearse_migration(Rehearsal *rehearsal)
{
	Run		   *run = &rehearsal->run;
	Migration  *migration = &run->migrations[run->done];
	double		end;
	int			nest_level;

	run->in_progress = true;
	run->ordinal = 0;
	run->migration_rows = 0;
	rehearsal->migration_wal = pgWalUsage;
	rehearsal->migration_started = clock_ms(rehearsal);
	watch_begin_unit(rehearsal->watch);
	timer_start(TIMER_MIGRATION, run->settings->migration_timeout);
	nest_level = NewGUCNestLevel();
	run_statements(run, migration, 1, rehearse_statement);
	end = clock_ms(rehearsal);
	run_end_migration(run, migration, nest_level);
	timer_stop(TIMER_MIGRATION);
	note_changes(rehearsal, NULL, end);
	sum_up(rehearsal, "run");
	check_free_text(migration);
	run->done++;
	run->in_progress = false;
}

/*
 * The rehearsal: what the subtransaction holds.
 */
static void
rehearse_all(void *arg)
{
	Rehearsal  *rehearsal = arg;
	Run		   *run = &rehearsal->run;
	TrustedTable *history;
	VersionRows *rows;
	Step	   *steps;
	size_t		nsteps;

	timer_start(TIMER_RUN, run->settings->timeout);
	migration_lock_take(run->settings);
	rows = run_read_versions(run);
	steps = run_make_steps(run, rows, &nsteps);
	history = history_find(run->settings);
	if (history != NULL)
		unfinished_refuse(unfinished_list(history, rows), run->request,
						  steps, nsteps);
	run_prepare(run, steps, nsteps);
	run_check_before(run);
	/* without it no version is recorded */
	run->table = NULL;
	limit_lock_waits(run->settings);
	if (run->nmigrations > 0)
		rehearsal->watch = watch_begin();
	while (run->done < run->nmigrations)
		rehearse_migration(rehearsal);
	timer_check();
	timer_stop(TIMER_RUN);
}

/*
 * Reports what was wrong with the migrations, so that none was run.
 */
static void
report_problems(Rehearsal *rehearsal)
{
	const Run  *run = &rehearsal->run;

	for (size_t i = 0; i < run->nmigrations; i++)
	{
		const RunRow *found = &run->rows[i];
		const Source *source = run->migrations[i].source;

		if (found->problem != NULL)
		{
			RehearsalRow *row = rehearsal_add(&rehearsal->rows, source, "failed");

			row->line = found->problem->line;
			row->error = found->error;
		}
		(void) rehearsal_add(&rehearsal->rows, source,
							 found->problem != NULL ? "failed" : "not run");
	}
}

/*
 * Reports the error of a migration, and that nothing was run after it.
 */
static void
report_error(Rehearsal *rehearsal, ErrorData *error)
{
	Run		   *run = &rehearsal->run;
	RehearsalRow *failed = rehearsal->row;

	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && error->hint == NULL)
		error->hint = pstrdup("A rehearsal waits for a lock as long as gooseplus.ddl_lock_timeout says, or 2 s if that is 0.");
	if (failed != NULL)
		failed->error = run_error_text(error);
	rehearsal_add_rest(&rehearsal->rows, run->settings, current_migration(run),
					   run->ordinal);
	sum_up(rehearsal, "failed");
	if (failed == NULL)
		((RehearsalRow *) llast(rehearsal->rows))->error = run_error_text(error);
	for (size_t i = run->done + 1; i < run->nmigrations; i++)
	{
		rehearsal_add_rest(&rehearsal->rows, run->settings,
						   &run->migrations[i], 0);
		(void) rehearsal_add(&rehearsal->rows, run->migrations[i].source, "not run");
	}
}

/*
 * Ends a failed rehearsal: raises its error, unless that belongs to a
 * migration.  A cancel that comes from outside is always raised.
 */
static void
fail_rehearsal(Rehearsal *rehearsal, ErrorData *error)
{
	Run		   *run = &rehearsal->run;
	bool		canceled = run_is_canceled(error);

	run_complete_error(run, error);
	timer_stop(TIMER_MIGRATION);
	timer_stop(TIMER_RUN);
	run_report_end(run, "rehearsed", error);
	if (canceled || !(run->in_progress || run->refused))
		ReThrowError(error);
	if (run->refused)
		report_problems(rehearsal);
	else
		report_error(rehearsal, error);
}

/*
 * Tells the client how a rehearsal has ended.
 */
static void
announce_end(const Run *run)
{
	if (run->nmigrations == 0)
		run_announce_end(run);
	else
		ereport(NOTICE,
				(errmsg_plural("%zu of %zu migration rehearsed and undone",
							   "%zu of %zu migrations rehearsed and undone",
							   run->nmigrations, run->done, run->nmigrations),
				 errdetail("Sequences do not go back.")));
}

/*
 * Runs what is pending, undoes it, and returns what it did as a list of
 * RehearsalRow, allocated in the current context: the statements in order,
 * each migration followed by a row for all of it.
 */
List *
run_rehearse(const RunRequest *request)
{
	Rehearsal	rehearsal = {0};
	RunRequest	own = *request;
	SourceSet  *sources;
	ErrorData  *error;

	run_refuse_unless_atomic(request->function);
	sources = run_collect(request);
	/* nothing that others need to hear of */
	rehearsal.settings = *request->settings;
	rehearsal.settings.notify_channel = "";
	own.settings = &rehearsal.settings;
	run_begin(&rehearsal.run, &own, CHECK_REHEARSE);
	rehearsal.run.sources = sources;
	error = report_try_and_undo(rehearse_all, &rehearsal);
	run_end(&rehearsal.run);
	if (error != NULL)
		fail_rehearsal(&rehearsal, error);
	else
		run_report_end(&rehearsal.run, "rehearsed", NULL);
	announce_end(&rehearsal.run);
	MemoryContextDelete(rehearsal.run.command_context);
	MemoryContextDelete(rehearsal.run.statement_context);
	return rehearsal.rows;
}
