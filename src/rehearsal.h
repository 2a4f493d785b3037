/*-------------------------------------------------------------------------
 *
 * rehearsal.h
 *	  What a rehearsal reports, in words.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_REHEARSAL_H
#define GOOSEPLUS_REHEARSAL_H

#include "check.h"
#include "settings.h"

/* What became of a statement, or, with no statement, of a whole migration. */
typedef struct RehearsalRow
{
	const char *source;			/* label */
	const char *environment;
	int			line;			/* 0: a whole migration */
	const char *statement;		/* shortened, or NULL */
	const char *state;			/* run, failed, not run */
	bool		measured;		/* are there durations, rows and bytes? */
	double		duration_ms;
	int64		rows;
	int64		wal_bytes;
	List	   *changes;		/* of RelationChange * */
	const char *danger;			/* of a migration, or NULL */
	const char *error;			/* or why it was not run, or NULL */
} RehearsalRow;

extern RehearsalRow *rehearsal_add(List **rows, const Source *source,
								   const char *state);
extern void rehearsal_add_rest(List **rows, const Settings *settings,
							   const Migration *migration, int after);
extern char *rehearsal_shorten(const char *sql);
extern char *rehearsal_locks(const List *changes);
extern List *rehearsal_rewrites(const List *changes);
extern List *rehearsal_indexes(const List *changes);
extern char *rehearsal_danger(const List *changes, int left_out);

#endif							/* GOOSEPLUS_REHEARSAL_H */
