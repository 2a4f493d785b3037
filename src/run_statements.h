/*-------------------------------------------------------------------------
 *
 * run_statements.h
 *	  The statements of one migration, one after the other.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_STATEMENTS_H
#define GOOSEPLUS_RUN_STATEMENTS_H

#include "run.h"

/* Runs one statement; returns the rows processed. */
typedef int64 (*RunStatement) (Run *run, const char *sql, Oid function);

extern void run_statements(Run *run, const Migration *migration, int first,
						   RunStatement execute);

#endif							/* GOOSEPLUS_RUN_STATEMENTS_H */
