/*-------------------------------------------------------------------------
 *
 * run_record.h
 *	  The records of a run: version rows and history rows.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_RECORD_H
#define GOOSEPLUS_RUN_RECORD_H

#include "run.h"

extern void run_record_version(const TrustedTable *table,
							   Migration *migration);
extern HistoryRow run_record_row(const Run *run, const RunRow *row,
								 const Migration *migration);
extern void run_record_migration(const Run *run, const RunRow *row,
								 const Migration *migration);
extern HistoryRow run_record_run(const Run *run, const char *outcome,
								 const ErrorData *error);

#endif							/* GOOSEPLUS_RUN_RECORD_H */
