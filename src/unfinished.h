/*-------------------------------------------------------------------------
 *
 * unfinished.h
 *	  Migrations that a run has left half done.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_UNFINISHED_H
#define GOOSEPLUS_UNFINISHED_H

#include "history.h"
#include "steps.h"

extern bool unfinished_is_down(const HistoryRow *row);
extern char *unfinished_done(int statements);
extern List *unfinished_list(const TrustedTable *history,
							 const VersionRows *versions);
extern void unfinished_refuse(const List *rows, const RunRequest *request,
							  const Step *steps, size_t nsteps);

#endif							/* GOOSEPLUS_UNFINISHED_H */
