/*-------------------------------------------------------------------------
 *
 * run_record.c
 *	  The records of a run: version rows and history rows.
 *
 * When they are written, and in which transaction, is decided by the run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "report.h"
#include "run_record.h"
#include "stored.h"

/*
 * Records that a migration has been applied, or taken back.
 */
void
run_record_version(const TrustedTable *table, Migration *migration)
{
	if (migration->source->repeatable)
		return;
	if (migration->direction == SCRIPT_UP)
		migration->version_row = version_table_insert(table,
													  migration->source->version);
	else
		version_table_delete(table, migration->source->version);
}

/*
 * Returns the history row of the migration that is in progress, as its row of
 * the result says.
 */
HistoryRow
run_record_row(const Run *run, const RunRow *row, const Migration *migration)
{
	HistoryRow	history = {
		.event = migration->source->repeatable ? "repeatable" : "migration",
		.run = run->id,
		.version = row->version,
		.source = row->source,
		.environment = row->environment,
		.direction = row->direction,
		.checksum = migration->checksum,
		.file_size = migration->stamp.size,
		.file_changed = migration->stamp.changed,
		.version_row = migration->version_row,
		.outcome = row->state,
		.started = run->migration_started_at,
		.duration_ms = row->duration_ms,
		.statements = row->statements,
		.rows = row->rows
	};

	return history;
}

/*
 * Adds the migration that has just ended to the history.
 */
void
run_record_migration(const Run *run, const RunRow *row,
					 const Migration *migration)
{
	HistoryRow	history = run_record_row(run, row, migration);
	MemoryContext context = MemoryContextSwitchTo(run->statement_context);

	history.ended = true;
	if (run->history != NULL)
	{
		stored_fill(&history, migration);
		(void) history_add(run->history, &history);
	}
	MemoryContextSwitchTo(context);
	MemoryContextReset(run->statement_context);
}

/*
 * Returns the history row of the run itself.
 */
HistoryRow
run_record_run(const Run *run, const char *outcome, const ErrorData *error)
{
	HistoryRow	history = {
		.event = "run",
		.run = run->id,
		.version = run->current,
		.environment = run->request->env,
		.direction = steps_direction(run->request),
		.outcome = outcome,
		.started = run->started_at,
		.ended = strcmp(outcome, "running") != 0,
		.duration_ms = report_elapsed(run->started),
		.error = error
	};

	run_count(run, &history.statements, &history.rows);
	return history;
}
