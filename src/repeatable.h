/*-------------------------------------------------------------------------
 *
 * repeatable.h
 *	  Repeatable migrations: which of them are to run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_REPEATABLE_H
#define GOOSEPLUS_REPEATABLE_H

#include "steps.h"

/* A repeatable migration that is at hand. */
typedef struct Repeatable
{
	const Source *source;
	const HistoryText *earlier; /* as it was run last; NULL: never, or taken
								 * back */
	bool		due;
} Repeatable;

extern List *repeatable_list(const SourceSet *sources,
							 const Settings *settings);
extern Step *repeatable_add_steps(const RunRequest *request,
								  const SourceSet *sources, Step *steps,
								  size_t *nsteps);

#endif							/* GOOSEPLUS_REPEATABLE_H */
