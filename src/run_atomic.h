/*-------------------------------------------------------------------------
 *
 * run_atomic.h
 *	  A run in one transaction: all or nothing.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_ATOMIC_H
#define GOOSEPLUS_RUN_ATOMIC_H

#include "settings.h"

/* What became of one migration. */
typedef struct RunRow
{
	const char *source;			/* label; NULL: the run failed before any */
	const char *environment;
	const char *direction;
	const char *state;			/* applied, empty, failed, undone, pending */
	const char *error;			/* or NULL */
	int64		version;
	int			statements;
	int64		rows;
	double		duration_ms;
} RunRow;

extern List *run_atomic_up(const char *function, const char *env,
						   const Settings *settings);

#endif							/* GOOSEPLUS_RUN_ATOMIC_H */
