/*-------------------------------------------------------------------------
 *
 * watch.h
 *	  What statements do to the relations that were there before them.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_WATCH_H
#define GOOSEPLUS_WATCH_H

#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

/* What has been done to one relation. */
typedef struct RelationChange
{
	Oid			relation;
	Oid			table;			/* of an index, else InvalidOid */
	const char *name;			/* as it was, qualified if need be */
	char		kind;			/* pg_class.relkind */
	int64		bytes;			/* of its main file before; -1: it had none */
	LOCKMODE	mode;			/* the strongest newly taken, or NoLock */
	double		since;			/* from then on, at the earliest, in the
								 * caller's time */
	double		held_ms;		/* set by who knows when it would end */
	bool		rewritten;		/* has a new file */
	bool		emptied;		/* the same, but nothing is in it */
	bool		dropped;
	List	   *indexes;		/* of char *: built on it, and new */
} RelationChange;

typedef struct Watch Watch;

extern Watch *watch_begin(void);
extern void watch_begin_unit(Watch *watch);
extern List *watch_look(Watch *watch, double since);
extern List *watch_sum(const List *changes);

#endif							/* GOOSEPLUS_WATCH_H */
