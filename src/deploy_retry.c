/*-------------------------------------------------------------------------
 *
 * deploy_retry.c
 *	  Migrations that cannot get a lock: undone, and tried again.
 *
 * Whoever waits for a strong lock on a table makes everybody wait who comes
 * later, readers too.  With gooseplus.ddl_lock_timeout a migration waits that
 * long at most; then it is undone whole, the deploy sleeps without any lock
 * but the one on the run, and it begins anew.
 *
 * To name the holder one must know which lock it was, and the server forgets
 * that before it raises the error.  So a timer looks, while a migration runs,
 * what this backend waits for, and often enough to see each wait that lasts.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "deploy.h"
#include "query.h"
#include "report.h"
#include "timer.h"
#include "transaction.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* The pause doubles with each try, between these. */
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 30000

static TimeoutId look_id;
static bool look_registered = false;

/* What this backend was last seen to wait for. */
static LOCKTAG awaited;
static volatile sig_atomic_t has_awaited = false;

/*
 * Runs in the signal handler.  The lock that we wait for stays where it is in
 * shared memory as long as we wait.  A process that ends has no MyProc any
 * more when its timeouts still come (see ProcKill() of proc.c).
 */
static void
look_at_wait(void)
{
	const LOCK *lock = MyProc == NULL ? NULL : MyProc->waitLock;

	if (lock == NULL)
		return;
	awaited = lock->tag;
	has_awaited = true;
}

/*
 * Watches, from now on, what locks are waited for.
 */
void
deploy_retry_start(const Deploy *deploy)
{
	int			period = Max(deploy->settings.ddl_lock_timeout / 3, 1);

	has_awaited = false;
	if (deploy->settings.ddl_lock_timeout == 0)
		return;
	if (!look_registered)
		look_id = RegisterTimeout(USER_TIMEOUT, look_at_wait);
	look_registered = true;
	enable_timeout_every(look_id,
						 TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													 period), period);
}

/* Ends what deploy_retry_start() began. */
void
deploy_retry_stop(void)
{
	if (look_registered)
		disable_timeout(look_id, false);
}

/* QueryRow: adds one who holds the lock. */
static void
add_holder(void *arg, TupleTableSlot *row)
{
	StringInfo	holders = arg;
	bool		no_pid;
	bool		no_name;
	bool		no_age;
	int			pid = DatumGetInt32(query_value(row, 1, &no_pid));
	Datum		name = query_value(row, 2, &no_name);
	double		age = DatumGetFloat8(query_value(row, 3, &no_age));

	/* a prepared transaction has none */
	if (no_pid)
		return;
	appendStringInfo(holders, "%sprocess %d", holders->len > 0 ? ", " : "", pid);
	if (!no_name)
		appendStringInfo(holders, " (application \"%s\")",
						 TextDatumGetCString(name));
	if (!no_age)
		appendStringInfo(holders, " with a query of %s",
						 report_duration(age * 1000.0));
}

/*
 * Returns who holds the lock that was waited for, palloc'd; NULL if nobody
 * knows, or nobody does any more.
 */
static char *
find_holders(void)
{
	Oid			types[] = {OIDOID, OIDOID, INT8OID};
	Datum		values[3];
	StringInfoData text;

	initStringInfo(&text);
	if (!has_awaited)
		return NULL;
	values[0] = ObjectIdGetDatum(awaited.locktag_field1);
	values[1] = ObjectIdGetDatum(awaited.locktag_field2);
	values[2] = Int64GetDatum((int64) awaited.locktag_field1);
	if (awaited.locktag_type != LOCKTAG_RELATION)
		values[0] = values[1] = ObjectIdGetDatum(InvalidOid);
	if (awaited.locktag_type != LOCKTAG_TRANSACTION)
		values[2] = Int64GetDatum(0);
	query_run("SELECT l.pid, CASE WHEN a.application_name"
			  " OPERATOR(pg_catalog.<>) '' THEN a.application_name END,"
			  " pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()"
			  " OPERATOR(pg_catalog.-) a.query_start)"
			  " FROM pg_catalog.pg_locks l"
			  " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid" EQUALS "l.pid"
			  " WHERE l.granted AND l.pid OPERATOR(pg_catalog.<>)"
			  " pg_catalog.pg_backend_pid()"
			  " AND (l.locktype" EQUALS "'relation'"
			  " AND l.database" EQUALS "$1 AND l.relation" EQUALS "$2"
			  " OR l.locktype" EQUALS "'transactionid'"
			  " AND l.transactionid::pg_catalog.text" EQUALS
			  "$3::pg_catalog.text)"
			  " ORDER BY a.query_start LIMIT 5",
			  SPI_OK_SELECT, 3, types, values, add_holder, &text);
	return text.len > 0 ? text.data : NULL;
}

/*
 * Returns what could not be had, and who has it, as a sentence, palloc'd.
 */
static char *
describe_wait(const Deploy *deploy, const ErrorData *error)
{
	char	   *holders = find_holders();
	char	   *table = has_awaited &&
	awaited.locktag_type == LOCKTAG_RELATION ?
	get_rel_name(awaited.locktag_field2) : NULL;
	char	   *what = table != NULL ? psprintf("table \"%s\"", table) :
	pstrdup("what it waited for");

	if (error->detail != NULL)
		return pstrdup(error->detail);
	if (holders == NULL)
		return psprintf("The statement at line %d waited too long for a lock.",
						deploy->run.place.line);
	return psprintf("The statement at line %d waited too long: %s is locked by %s.",
					deploy->run.place.line, what, holders);
}

/*
 * Completes the error of a migration that is not tried again.
 */
static void
explain_refusal(const Deploy *deploy, ErrorData *error, int tries)
{
	if (error->detail == NULL)
		error->detail = describe_wait(deploy, error);
	if (error->hint == NULL)
		error->hint = psprintf("It was tried %d times. Raise \"gooseplus.ddl_lock_retries\", or call again when those who hold the lock have ended.",
							   tries + 1);
}

/*
 * Sleeps for the pause of a deploy, without holding anything but the migration
 * lock.  Errors: a cancel, a time limit.
 */
void
deploy_retry_pause(void *arg)
{
	Deploy	   *deploy = arg;
	static uint32 wait_event = 0;
	instr_time	start;
	double		left;

	run_show(&deploy->run, deploy->step->row->source, "waiting to try again");
	/* who holds the lock was a question to the catalogs */
	transaction_send();
	if (wait_event == 0)
		wait_event = compat_wait_event("GooseplusDdlLockRetry");
	INSTR_TIME_SET_CURRENT(start);
	while ((left = deploy->pause - report_elapsed(start)) > 0)
	{
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 (long) left + 1, wait_event);
		ResetLatch(MyLatch);
		timer_check();
	}
}

/*
 * Decides whether the migration that has failed is to be tried again, after
 * the pause that is then set.  It must be undone whole: no journal.
 */
bool
deploy_retry_decide(Deploy *deploy, ErrorData *error, int *tries)
{
	int			pause;

	if (deploy->settings.ddl_lock_timeout == 0 || deploy->step->journaled ||
		(error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		 error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED))
		return false;
	if (*tries >= deploy->settings.ddl_lock_retries)
	{
		explain_refusal(deploy, error, *tries);
		return false;
	}
	pause = PAUSE_MIN_MS << Min(*tries, 9);
	pause = Min(pause, PAUSE_MAX_MS);
	/* not all who wait for the same are to come back together */
	deploy->pause = (int) (pause *
						   (0.5 + pg_prng_double(&pg_global_prng_state)));
	timer_stop(TIMER_MIGRATION);
	(*tries)++;
	ereport(NOTICE,
			(errmsg("migration %s is undone and tried again in %d ms (%d of %d)",
					deploy->step->row->source, deploy->pause, *tries,
					deploy->settings.ddl_lock_retries),
			 errdetail("%s", describe_wait(deploy, error))));
	return true;
}
