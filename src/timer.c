/*-------------------------------------------------------------------------
 *
 * timer.c
 *	  The time limits of a run and of one migration.
 *
 * A limit that is reached cancels the statement in progress as a cancel
 * request would, and leaves a flag: code in a migration can swallow the
 * cancel (EXCEPTION WHEN query_canceled), so the flag is looked at after each
 * statement, too.
 *
 * What the limits are is not decided here (see settings.c), nor what happens
 * after the error (see run_atomic.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "timer.h"

typedef struct Timer
{
	TimeoutId	id;
	bool		registered;
	int			milliseconds;	/* 0: not running */
	volatile sig_atomic_t expired;
} Timer;

static Timer timers[2];

/*
 * Runs in the signal handler: as StatementCancelHandler() of tcop/postgres.c.
 */
static void
timer_fire(Timer *timer)
{
	timer->expired = true;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

static void
timer_fire_run(void)
{
	timer_fire(&timers[TIMER_RUN]);
}

static void
timer_fire_migration(void)
{
	timer_fire(&timers[TIMER_MIGRATION]);
}

/*
 * Starts a limit; 0 milliseconds means none.  Any error must pass a
 * timer_stop() on its way out.
 */
void
timer_start(TimerKind kind, int milliseconds)
{
	Timer	   *timer = &timers[kind];

	if (!timer->registered)
	{
		timer->id = RegisterTimeout(USER_TIMEOUT,
									kind == TIMER_RUN ? timer_fire_run :
									timer_fire_migration);
		timer->registered = true;
	}
	timer->expired = false;
	timer->milliseconds = milliseconds;
	if (milliseconds > 0)
		enable_timeout_after(timer->id, milliseconds);
}

/*
 * Ends a limit.  The cancel that it may have requested, and that nobody has
 * served yet, is taken back, or it would hit the caller's next statement.
 */
void
timer_stop(TimerKind kind)
{
	Timer	   *timer = &timers[kind];

	if (timer->milliseconds > 0)
		disable_timeout(timer->id, false);
	if (timer->expired)
		QueryCancelPending = false;
	timer->expired = false;
	timer->milliseconds = 0;
}

/* Has the limit been reached? */
bool
timer_expired(TimerKind kind)
{
	return timers[kind].expired;
}

/*
 * Raises the error of a limit that has been reached, also when the migration
 * swallowed the cancel.
 */
void
timer_check(void)
{
	CHECK_FOR_INTERRUPTS();
	if (timer_expired(TIMER_RUN) || timer_expired(TIMER_MIGRATION))
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("canceling statement due to user request")));
}

/*
 * Gives a query_canceled error the words of the limit that caused it.  Other
 * errors, and a user's cancel, stay as they are.  The strings are allocated
 * in the current context.
 */
void
timer_explain(ErrorData *error)
{
	const char *setting;
	int			milliseconds;

	if (error->sqlerrcode != ERRCODE_QUERY_CANCELED)
		return;
	if (timer_expired(TIMER_MIGRATION))
	{
		error->message = pstrdup("canceling migration due to gooseplus.migration_timeout");
		setting = "gooseplus.migration_timeout";
		milliseconds = timers[TIMER_MIGRATION].milliseconds;
	}
	else if (timer_expired(TIMER_RUN))
	{
		error->message = pstrdup("canceling run due to gooseplus.timeout");
		setting = "gooseplus.timeout";
		milliseconds = timers[TIMER_RUN].milliseconds;
	}
	else
		return;
	error->detail = psprintf("The limit is %d ms.", milliseconds);
	error->hint = psprintf("Raise %s, or set it to 0 for no limit.", setting);
}
