/*-------------------------------------------------------------------------
 *
 * wait.c
 *	  Waiting until the database has reached a version: CALL gooseplus_wait.
 *
 * What is waited for may be a deploy with a CREATE INDEX CONCURRENTLY, and
 * that waits for everybody who holds a snapshot.  So each look at the version
 * table is a transaction of its own, and in between there is one that has
 * done nothing: it holds no snapshot, no transaction id and no lock.
 *
 * Many may wait at once, and mostly in vain.  A look reads one number, and
 * none if no transaction has ended since the last look.  Where looks take
 * long, on a big table or a busy server, there are less of them.
 *
 * Nothing is written: it works on a hot standby, too.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "report.h"
#include "transaction.h"
#include "version_table.h"
#include "wait.h"

/*
 * How long to sleep between two looks: longer if they take longer than a
 * small part of that.
 */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 500
#define PAUSES_PER_LOOK 500

/*
 * How long a look waits for a lock.  It holds a snapshot as long, and others
 * may wait for that.
 */
#define LOCK_TIMEOUT "50ms"

typedef struct Wait
{
	const Settings *settings;
	int64		version;		/* waited for */
	int64		highest;		/* recorded, at the last look */
	uint64		ended;			/* transactions by then, 0: not known */
} Wait;

/*
 * Returns the time limit in milliseconds; negative: none.  Errors: an interval
 * that is none.
 */
static double
read_limit(const Interval *timeout, const Settings *settings)
{
	double		limit;

	if (timeout == NULL)
		return settings->timeout > 0 ? settings->timeout : -1.0;
	limit = timeout->day * (double) USECS_PER_DAY / 1000.0 +
		timeout->time / 1000.0;
	if (timeout->month != 0 || limit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid timeout: %s",
						DatumGetCString(DirectFunctionCall1(interval_out,
															IntervalPGetDatum(timeout)))),
				 timeout->month != 0 ?
				 errdetail("How long that is depends on the month.") :
				 errdetail("It is negative."),
				 errhint("Give it in days, hours, minutes or seconds, or leave it out for the limit in \"gooseplus.timeout\".")));
	return limit;
}

/*
 * Reads the highest version recorded.  Errors: what keeps the version table
 * from being read, a lock among them.
 */
static void
read_version(void *arg)
{
	Wait	   *wait = arg;

	(void) set_config_option("lock_timeout", LOCK_TIMEOUT, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	wait->highest = version_table_highest(version_table_find(wait->settings,
															 AccessShareLock));
}

/*
 * Looks whether the version has been reached.  A table that somebody has
 * locked will be looked at the next time.  Errors: see read_version().
 */
static bool
look(Wait *wait)
{
	uint64		ended = GetTransactionSnapshot()->snapXactCompletionCount;
	ErrorData  *error;

	/* nothing can have changed without (procarray.c, GetSnapshotData) */
	if (ended != 0 && ended == wait->ended)
		return false;
	error = report_try(read_version, wait);
	if (error != NULL)
	{
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
			ReThrowError(error);
		return false;
	}
	wait->ended = ended;
	return wait->highest >= wait->version;
}

/*
 * Sleeps, but no longer than what is left of the limit; negative: there is
 * none.  Errors: a cancel.
 */
static void
pause_for(double pause, double left)
{
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = compat_wait_event("GooseplusVersion");
	if (left >= 0)
		pause = Min(pause, left);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) pause + 1, wait_event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Looks until the version has been reached, or the limit in milliseconds is
 * over; negative: there is none.
 */
static bool
wait_until(Wait *wait, double limit)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "gooseplus wait",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	instr_time	started;
	bool		reached;

	INSTR_TIME_SET_CURRENT(started);
	for (;;)
	{
		instr_time	began;
		double		took;

		transaction_send();
		INSTR_TIME_SET_CURRENT(began);
		reached = look(wait);
		took = report_elapsed(began);
		MemoryContextReset(context);
		if (reached || (limit >= 0 && report_elapsed(started) >= limit))
			break;
		transaction_send();
		pause_for(Min(Max(took * PAUSES_PER_LOOK, PAUSE_MIN_MS), PAUSE_MAX_MS),
				  limit < 0 ? limit : Max(limit - report_elapsed(started), 0));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return reached;
}

/*
 * Waits until the highest version recorded is that one or a higher one, or
 * the time is over: the timeout, or the one of the settings if that is NULL.
 * Returns whether it has been reached.  A version table that is not there yet
 * counts as version 0.  Called, and left, with a transaction in progress that
 * holds nothing worth keeping; the arguments must outlive it.  Errors: wrong
 * arguments, a version table that cannot be read, a cancel.
 */
bool
wait_for_version(int64 version, const Interval *timeout,
				 const Settings *settings)
{
	Wait		wait = {.settings = settings,.version = version};
	double		limit = read_limit(timeout, settings);
	bool		reached;

	if (version < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid version: " INT64_FORMAT, version),
				 errdetail("The version must be at least 0.")));
	if (!settings->versioning)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the database has no version when versioning is off"),
				 errhint("Set \"gooseplus.versioning\" to on.")));
	report_activity("gooseplus: waiting for version " INT64_FORMAT, version);
	reached = wait_until(&wait, limit);
	report_activity_back();
	return reached;
}
