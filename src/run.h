/*-------------------------------------------------------------------------
 *
 * run.h
 *	  A run: its state, and what is said of it and its migrations.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_H
#define GOOSEPLUS_RUN_H

#include "portability/instr_time.h"

#include "check.h"
#include "history.h"
#include "settings.h"
#include "statement.h"
#include "steps.h"
#include "version_table.h"

/* What became of one migration. */
typedef struct RunRow
{
	const char *source;			/* label; NULL: the run failed before any */
	const char *name;			/* of the file */
	const char *environment;
	const char *direction;
	const char *state;			/* applied, empty, failed, undone, pending */
	const char *error;			/* or NULL */
	const Problem *problem;		/* found before the run, or NULL */
	int64		version;		/* 0: repeatable */
	int			statements;
	int64		rows;
	double		duration_ms;
} RunRow;

/* What a migration has said by SET CONSTRAINTS. */
typedef enum ConstraintsMode
{
	CONSTRAINTS_AS_DEFINED,
	CONSTRAINTS_BY_NAME,
	CONSTRAINTS_ALL_DEFERRED,
	CONSTRAINTS_ALL_IMMEDIATE
} ConstraintsMode;

/* A run: one call that executes a plan. */
typedef struct Run
{
	const RunRequest *request;
	const Settings *settings;
	CheckMode	mode;			/* any but CHECK_LOOK */
	char		id[17];			/* tells runs apart in the log */
	instr_time	started;
	TimestampTz started_at;
	SourceSet  *sources;
	TrustedTable *table;		/* NULL: not found yet, or versioning is off */
	TrustedTable *history;		/* NULL: not found yet, or none wanted */
	bool		version_known;
	int64		initial;		/* version of the database before the run */
	int64		current;
	Migration  *migrations;		/* what is to run, in order */
	size_t		nmigrations;
	size_t		done;			/* how many of them have ended well */
	size_t		returning;		/* number of the one that a failed deploy
								 * takes back, from 1; 0: it does not */
	bool		refused;		/* have problems been found before the run? */
	bool		in_progress;	/* has the next of them begun? */
	int			ordinal;		/* statement in progress */
	StatementPlace place;		/* where that is */
	int64		migration_rows;
	List	   *temporary_tables;	/* OIDs, to drop when the migration ends */
	List	   *cursors;		/* to close then */
	ConstraintsMode constraints_mode;
	instr_time	migration_started;
	TimestampTz migration_started_at;
	RunRow	   *rows;			/* one a migration */
	MemoryContext context;
	MemoryContext statement_context;
	MemoryContext command_context;
} Run;

extern size_t run_show(const Run *run, const char *source, const char *what);
extern void run_show_statement(const Run *run, const char *source, int ordinal);
extern void run_notify_migration(const Run *run, const RunRow *row,
								 const ErrorData *error);
extern void run_report_migration(const Run *run, const RunRow *row,
								 const ErrorData *error);
extern char *run_error_text(const ErrorData *error);
extern void run_count(const Run *run, int *statements, int64 *rows);
extern void run_complete_error(Run *run, ErrorData *error);
extern void run_report_failure(Run *run, const ErrorData *error);
extern void run_announce_end(const Run *run);
extern void run_report_end(Run *run, const char *outcome,
						   const ErrorData *error);
extern List *run_list_rows(Run *run, const ErrorData *error);

#endif							/* GOOSEPLUS_RUN_H */
