/*-------------------------------------------------------------------------
 *
 * run_command.h
 *	  The commands of one statement, in a run of one transaction.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_COMMAND_H
#define GOOSEPLUS_RUN_COMMAND_H

#include "run.h"

extern int64 run_command_all(Run *run, const char *sql, Oid function);

#endif							/* GOOSEPLUS_RUN_COMMAND_H */
