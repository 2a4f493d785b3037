/*-------------------------------------------------------------------------
 *
 * run_boundary.h
 *	  The bounds of a run of one transaction and of its migrations.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_BOUNDARY_H
#define GOOSEPLUS_RUN_BOUNDARY_H

#include "run.h"

extern void run_refuse_unless_atomic(const char *function);
extern void run_check_before(Run *run);
extern void run_end_migration(Run *run, Migration *migration,
							  int nest_level);
extern bool run_is_canceled(const ErrorData *error);

#endif							/* GOOSEPLUS_RUN_BOUNDARY_H */
