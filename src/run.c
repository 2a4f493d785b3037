/*-------------------------------------------------------------------------
 *
 * run.c
 *	  A run: what is said of it and its migrations, to the client, to the
 *	  log, in pg_stat_activity, in the rows of its result, and in the error
 *	  that ends it.
 *
 * What a run does is not here (see run_atomic.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "atomic_rules.h"
#include "report.h"
#include "run.h"
#include "timer.h"

/*
 * Shows in pg_stat_activity which migration of the run is in progress, by the
 * label of its source, and what is being done with it.  A label that is too
 * long is cut, so that the rest can be seen.  Returns the length of the text.
 */
size_t
run_show(const Run *run, const char *source, const char *what)
{
	char		place[64];
	size_t		number = run->returning > 0 ? run->returning : run->done + 1;

	snprintf(place, sizeof(place), "gooseplus: %s%zu/%zu",
			 run->mode == CHECK_REHEARSE ? "rehearsing " :
			 run->returning > 0 ? "returning " : "",
			 number, run->nmigrations);
	return report_activity("%s %.*s %s", place,
						   report_activity_room(source, strlen(place) + strlen(what) + 2),
						   source, what);
}

/*
 * Shows which statement of a migration is in progress.  What has been shown
 * last must be of the same migration, or its number not to be changed.
 */
void
run_show_statement(const Run *run, const char *source, int ordinal)
{
	const char *what;

	if (report_activity_number(ordinal))
		return;
	what = psprintf("statement %d", ordinal);
	report_activity_number_at(run_show(run, source, what) -
							  strlen(what) + strlen("statement "));
}

/*
 * Returns what the log and those who listen are told of a migration.
 */
static ReportRecord
migration_record(const Run *run, const RunRow *row, const ErrorData *error)
{
	ReportRecord record = {
		.event = row->version == 0 ? "repeatable" : "migration",
		.run = run->id,
		.function = run->request->function,
		.source = row->source,
		.environment = row->environment,
		.direction = row->direction,
		.version = row->version,
		.statements = row->statements,
		.rows = row->rows,
		.duration_ms = row->duration_ms,
		.outcome = row->state,
		.error = error
	};

	return record;
}

/*
 * Tells those who listen about a migration that is about to be committed, or
 * that has failed.
 */
void
run_notify_migration(const Run *run, const RunRow *row,
					 const ErrorData *error)
{
	ReportRecord record = migration_record(run, row, error);

	report_notify(run->settings, &record);
}

/*
 * Tells the client and the log about the migration that has just ended.
 */
void
run_report_migration(const Run *run, const RunRow *row,
					 const ErrorData *error)
{
	ReportRecord record = migration_record(run, row, error);

	if (error == NULL)
		ereport(NOTICE,
				(errmsg("%-5s %s%s (%s)",
						strcmp(row->state, "empty") == 0 ? "EMPTY" :
						strcmp(row->state, "recorded") == 0 ? "MARK" : "OK",
						strcmp(row->direction, "down") == 0 ? "down " : "",
						row->name, report_duration(row->duration_ms)),
				 errhidestmt(true), errhidecontext(true)));
	report_log(&record);
}

/*
 * Completes the error of a failed run: the words of a time limit, the hint at
 * a deploy, and where the database is now.
 */
void
run_complete_error(Run *run, ErrorData *error)
{
	StringInfoData where;

	timer_explain(error);
	atomic_rules_explain(error);
	initStringInfo(&where);
	appendStringInfoString(&where, run->request->function);
	if (run->in_progress)
		appendStringInfo(&where, ", environment \"%s\"",
						 run->rows[run->done].environment);
	appendStringInfo(&where, ": %s", run->done > 0 || run->in_progress ?
					 "everything is undone" : "nothing was run");
	if (run->version_known)
		appendStringInfo(&where, ", the database is at version " INT64_FORMAT " as before the call",
						 run->initial);
	error->context = error->context == NULL ? where.data :
		psprintf("%s\n%s", error->context, where.data);
}

/*
 * Returns an error as one text, for a row, palloc'd.
 */
char *
run_error_text(const ErrorData *error)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s (SQLSTATE %s)", error->message,
					 unpack_sql_state(error->sqlerrcode));
	if (error->detail != NULL)
		appendStringInfo(&text, "\nDETAIL:  %s", error->detail);
	if (error->hint != NULL)
		appendStringInfo(&text, "\nHINT:  %s", error->hint);
	if (error->context != NULL)
		appendStringInfo(&text, "\nCONTEXT:  %s", error->context);
	return text.data;
}

/*
 * Adds up what the migrations that have ended well did.
 */
void
run_count(const Run *run, int *statements, int64 *rows)
{
	*statements = 0;
	*rows = 0;
	for (size_t i = 0; i < run->done; i++)
	{
		*statements += run->rows[i].statements;
		*rows += run->rows[i].rows;
	}
}

/*
 * Marks what became of each migration of a failed run, and logs the failure.
 */
void
run_report_failure(Run *run, const ErrorData *error)
{
	for (size_t i = 0; i < run->done; i++)
		run->rows[i].state = "undone";
	if (run->in_progress)
	{
		RunRow	   *row = &run->rows[run->done];

		row->state = "failed";
		row->statements = run->ordinal;
		row->rows = run->migration_rows;
		row->duration_ms = report_elapsed(run->migration_started);
		row->error = run_error_text(error);
		run_report_migration(run, row, error);
	}
}

/*
 * Tells the client how a run has ended.
 */
void
run_announce_end(const Run *run)
{
	bool		none = run->sources->nitems == 0 &&
	run->sources->repeatables == NULL;

	if (!run->settings->versioning)
		return;
	ereport(NOTICE,
			(errmsg(run->nmigrations == 0 ?
					"no migrations to run, current version: " INT64_FORMAT :
					"successfully migrated database, current version: " INT64_FORMAT,
					run->current),
			 none ? errdetail("The environments of the call have no migrations.") : 0,
			 none ? errhint("A migration is a file called NUMBER_name.sql, such as 00001_customer.sql. Other files are ignored.") : 0));
}

/*
 * Tells the log, and those who listen, how a run has ended.
 */
void
run_report_end(Run *run, const char *outcome, const ErrorData *error)
{
	ReportRecord record = {
		.event = "run",
		.run = run->id,
		.function = run->request->function,
		.environment = run->request->env,
		.direction = steps_direction(run->request),
		.version = run->current,
		.duration_ms = report_elapsed(run->started),
		.outcome = outcome,
		.error = error
	};

	run_count(run, &record.statements, &record.rows);
	report_notify(run->settings, &record);
	report_log(&record);
}

/*
 * Returns the rows of a run as a list of RunRow.  A failure that belongs to
 * no migration has a row of its own.
 */
List *
run_list_rows(Run *run, const ErrorData *error)
{
	List	   *rows = NIL;

	for (size_t i = 0; i < run->nmigrations; i++)
		rows = lappend(rows, &run->rows[i]);
	if (error != NULL && !run->in_progress && !run->refused)
	{
		RunRow	   *row = palloc0(sizeof(RunRow));

		row->direction = steps_direction(run->request);
		row->state = "failed";
		row->error = run_error_text(error);
		rows = lappend(rows, row);
	}
	return rows;
}
