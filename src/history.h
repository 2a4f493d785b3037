/*-------------------------------------------------------------------------
 *
 * history.h
 *	  The rows of the history table: what ran, when, by whom, and how it
 *	  ended.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HISTORY_H
#define GOOSEPLUS_HISTORY_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "trust.h"

/*
 * A row of the history: of a run, or of a migration.  Texts that are NULL and
 * numbers that have no meaning are not written.
 */
typedef struct HistoryRow
{
	int64		id;
	const char *event;			/* "run", "migration", "repeatable" or
								 * "repair" */
	const char *run;
	int64		version;		/* 0 of a repeatable migration */
	const char *source;			/* label */
	const char *environment;
	const char *direction;
	const char *checksum;
	const char *up;				/* texts of the two parts, see stored.c */
	const char *down;
	int64		file_size;		/* bytes; below 0: not known, as the next */
	TimestampTz file_changed;
	int64		version_row;	/* id of its row in the version table, or 0 */
	const char *outcome;
	TimestampTz started;
	bool		ended;			/* now */
	double		duration_ms;
	int			statements;		/* that have ended well */
	int64		rows;
	const ErrorData *error;		/* or NULL */
	const char *file;			/* where the error is, or NULL */
	int			line;
	bool		journal;		/* may it be half done? then also: */
	int			statement;		/* begun, end unknown; 0: none */
	bool		partial;		/* that one has committed a part of itself */
	bool		doubtful;		/* that one can have left something behind */
	List	   *invalid_indexes;	/* OIDs, from before the migration */
	int64		version_sequence;	/* see version_table_sequence() */
} HistoryRow;

/* What tells the file that a row speaks of, from now on. */
typedef struct HistoryStamp
{
	int64		id;				/* of the row */
	int64		file_size;
	TimestampTz file_changed;
} HistoryStamp;

extern int64 history_add(const TrustedTable *table, const HistoryRow *row);
extern void history_put(const TrustedTable *table, HistoryRow *row);
extern void history_interrupt(const TrustedTable *table, const char *run);
extern void history_supersede(const TrustedTable *table,
							  const HistoryRow *row);
extern void history_stamp(const TrustedTable *table, const List *stamps);
extern void history_renumber(const TrustedTable *table, int64 version,
							 int64 new_version);
extern List *history_unfinished(const TrustedTable *table);
extern bool history_was_applied(const TrustedTable *table,
								const HistoryRow *row);

#endif							/* GOOSEPLUS_HISTORY_H */
