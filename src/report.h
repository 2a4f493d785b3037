/*-------------------------------------------------------------------------
 *
 * report.h
 *	  Errors caught in a subtransaction, and what is said of a run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_REPORT_H
#define GOOSEPLUS_REPORT_H

#include "datatype/timestamp.h"
#include "portability/instr_time.h"

#include "settings.h"

/* What one migration, or one run, has done. */
typedef struct ReportRecord
{
	const char *event;			/* "migration" or "run" */
	const char *run;			/* identifies the run in the log */
	const char *function;		/* the SQL function called */
	const char *source;			/* label, or NULL for a run */
	const char *environment;	/* or NULL */
	const char *direction;		/* "up" or "down" */
	int64		version;		/* of the migration, or of the database */
	int			statements;
	int64		rows;
	double		duration_ms;
	const char *outcome;		/* "applied", "empty", "failed", ... */
	const ErrorData *error;		/* or NULL */
} ReportRecord;

extern int	report_errcode_for_path(void);
extern ErrorData *report_try(void (*function) (void *), void *arg);
extern void report_be_quiet(void);
extern ErrorData *report_try_and_undo(void (*function) (void *), void *arg);
extern double report_elapsed(instr_time since);
extern char *report_duration(double milliseconds);
extern void report_log(const ReportRecord *record);
extern void report_notify(const Settings *settings,
						  const ReportRecord *record);
extern size_t report_activity(const char *format,...) pg_attribute_printf(1, 2);
extern void report_activity_number_at(size_t place);
extern bool report_activity_number(int number);
extern int	report_activity_room(const char *name, size_t rest);
extern void report_activity_begin(TimestampTz started);
extern void report_activity_back(void);
extern void report_activity_end(void);

#endif							/* GOOSEPLUS_REPORT_H */
