/*-------------------------------------------------------------------------
 *
 * migration_lock.c
 *	  One run at a time: goose's advisory lock, held to the end of the
 *	  transaction, and optionally the row of the lock table; or held for the
 *	  session, as goose holds it, by a deploy.
 *
 * A run of one transaction holds a snapshot while it waits.  The CREATE INDEX
 * CONCURRENTLY of another run waits for that snapshot to go away; were we
 * queued for the lock that this other run holds, the server would see a
 * deadlock, cancel it, and leave an invalid index behind.  So we do not queue:
 * we ask every 100 ms, and give up as soon as somebody waits for us.
 *
 * A deploy holds no snapshot while it waits: nobody waits for it, so it queues.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "migration_lock.h"
#include "query_table.h"
#include "report.h"
#include "timer.h"
#include "trust.h"

/*
 * How long to sleep between two looks at the lock: as long as this part of the
 * time that has been waited for it already, within limits.  Of many who begin
 * at once most have little to do, and should not wait longer than for that.
 */
#define POLL_SHARE 10
#define POLL_MIN_MS 2
#define POLL_MAX_MS 100

/* How often to look who blocks whom, which is dearer. */
#define DEADLOCK_LOOK_MS 1000

/* Added to the name of the version table. */
#define LOCK_SUFFIX "_lock"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* Tries to take a lock without waiting; true if it is ours now. */
typedef bool (*TryLock) (void *arg);

/*
 * Sets the tag that pg_advisory_lock(bigint) uses (lockfuncs.c).
 */
static void
set_lock_tag(LOCKTAG *tag, int64 id)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (id >> 32), (uint32) id,
						 1);
}

/*
 * TryLock: the advisory lock, for the transaction.
 */
static bool
try_advisory(void *arg)
{
	const Settings *settings = arg;
	LOCKTAG		tag;

	set_lock_tag(&tag, settings->lock_id);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* The lock table, and whether its row is ours. */
typedef struct LockTable
{
	const TrustedTable *table;
	bool		locked;
} LockTable;

/*
 * Locks the first row of the lock table, if there is one; an error if that is
 * locked by somebody else.
 */
static void
lock_first_row(void *arg)
{
	LockTable  *lock = arg;

	lock->locked =
		query_table_run(lock->table->relation,
						psprintf("SELECT status FROM %s ORDER BY ctid LIMIT 1"
								 " FOR UPDATE NOWAIT", lock->table->name),
						0, NULL, NULL, NULL, NULL) > 0;
}

/*
 * Inserts the row of the lock table, unless somebody else has.
 */
static void
insert_row(const TrustedTable *table)
{
	if (query_table_run(table->relation,
						psprintf("SELECT FROM %s LIMIT 1", table->name),
						0, NULL, NULL, NULL, NULL) == 0)
		query_table_run(table->relation,
						psprintf("INSERT INTO %s (status) VALUES (0)",
								 table->name),
						0, NULL, NULL, NULL, NULL);
}

/*
 * Takes the right to insert the row of the lock table, for the transaction.
 * The lock is on the table as an object of the catalog, in a sub-object that
 * no table has: a lock on the table itself would be refused as long as others
 * wait here, who all hold one.
 */
static bool
may_insert_row(Oid relation)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, relation,
					   PG_UINT16_MAX);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * TryLock: the row of the lock table.  The Go library gooseplus deletes and
 * inserts the row before it locks it, so that it may not be there.  Then we
 * insert one, and keep others from doing the same.
 */
static bool
try_row(void *arg)
{
	LockTable  *lock = arg;
	ErrorData  *error = report_try(lock_first_row, lock);

	if (error != NULL && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	if (error != NULL)
		return false;
	if (!lock->locked && may_insert_row(lock->table->relation))
		insert_row(lock->table);
	return lock->locked;
}

/*
 * QueryRow: adds a process id to a list in text.
 */
static void
add_holder(void *arg, TupleTableSlot *row)
{
	StringInfo	holders = arg;
	bool		isnull;
	Datum		pid = query_value(row, 1, &isnull);

	if (!isnull)
		appendStringInfo(holders, "%s%d", holders->len > 0 ? ", " : "",
						 DatumGetInt32(pid));
}

/* The other sessions that hold the advisory lock. */
#define HOLDER_QUERY \
	"SELECT l.pid FROM pg_catalog.pg_locks l" \
	" WHERE l.granted AND l.locktype" EQUALS "'advisory'" \
	" AND l.database" EQUALS "$1" \
	" AND l.classid::pg_catalog.int8" EQUALS "$2" \
	" AND l.objid::pg_catalog.int8" EQUALS "$3" \
	" AND l.objsubid" EQUALS "1" \
	" AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()"

/*
 * Sets the arguments of HOLDER_QUERY.
 */
static void
set_lock_values(const Settings *settings, Datum *values)
{
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = Int64GetDatum((int64) (uint32) (settings->lock_id >> 32));
	values[2] = Int64GetDatum((int64) (uint32) settings->lock_id);
}

/*
 * Returns who holds the advisory lock, for an error's detail, palloc'd.
 */
static char *
lock_holders(const Settings *settings)
{
	Oid			types[] = {OIDOID, INT8OID, INT8OID};
	Datum		values[3];
	StringInfoData holders;

	initStringInfo(&holders);
	set_lock_values(settings, values);
	query_run(HOLDER_QUERY, SPI_OK_SELECT, 3, types, values, add_holder,
			  &holders);
	if (holders.len == 0)
		return pstrdup("It was held by another run.");
	return psprintf("It was held by process %s.", holders.data);
}

/*
 * Raises the error for a lock that was not to be had.
 */
void
migration_lock_refuse(const Settings *settings, const char *limit)
{
	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 errmsg("could not obtain the migration lock within %s", limit),
			 errdetail("%s", lock_holders(settings)),
			 errhint("Another run is in progress. Call again when it has ended.")));
}

/*
 * QueryRow: notes that there is a row.
 */
static void
note_row(void *arg, TupleTableSlot *row)
{
	*(bool *) arg = true;
}

/*
 * Does the holder of the advisory lock wait for a lock of ours?  The server
 * cannot see that deadlock, as we are not queued for the lock.
 */
static bool
holder_waits_for_us(const Settings *settings)
{
	Oid			types[] = {OIDOID, INT8OID, INT8OID};
	Datum		values[3];
	bool		found = false;

	set_lock_values(settings, values);
	query_run(HOLDER_QUERY
			  " AND pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=)"
			  " ANY (pg_catalog.pg_blocking_pids(l.pid))",
			  SPI_OK_SELECT, 3, types, values, note_row, &found);
	return found;
}

/*
 * Does somebody wait for our transaction to end?  The count of requests for
 * our virtual transaction id includes our own.
 */
static bool
is_waited_for(void)
{
	VirtualTransactionId self;
	LOCKTAG		tag;

	GET_VXID_FROM_PGPROC(self, *MyProc);
	SET_LOCKTAG_VIRTUALTRANSACTION(tag, self);
	return LockWaiterCount(&tag) > 1;
}

/*
 * Serves interrupts while waiting.  A cancel that comes from our own time
 * limit gets the error of the lock, not that of a statement.
 */
static void
serve_interrupts(const Settings *settings)
{
	HOLD_CANCEL_INTERRUPTS();
	CHECK_FOR_INTERRUPTS();
	RESUME_CANCEL_INTERRUPTS();
	if (timer_expired(TIMER_RUN))
	{
		timer_stop(TIMER_RUN);
		migration_lock_refuse(settings, "gooseplus.timeout");
	}
	CHECK_FOR_INTERRUPTS();
}

/*
 * Shows in pg_stat_activity which lock this session waits for.
 */
static void
show_wait(const Settings *settings)
{
	report_activity("gooseplus: waiting for the migration lock " INT64_FORMAT,
					settings->lock_id);
}

/*
 * Waits until the lock is ours.  Errors: the time limit of the run or
 * lock_timeout is over, a cancel, or somebody waits for us.
 */
static void
wait_for(const Settings *settings, TryLock try, void *arg)
{
	static uint32 wait_event = 0;
	instr_time	start;
	double		next_look = 0;

	if (try(arg))
		return;
	if (wait_event == 0)
		wait_event = compat_wait_event("GooseplusMigrationLock");
	INSTR_TIME_SET_CURRENT(start);
	show_wait(settings);
	while (!try(arg))
	{
		double		waited = report_elapsed(start);
		bool		look = waited >= next_look;

		if (LockTimeout > 0 && waited >= LockTimeout)
			migration_lock_refuse(settings, "lock_timeout");
		if (look)
			next_look = waited + DEADLOCK_LOOK_MS;
		if (is_waited_for() || (look && holder_waits_for_us(settings)))
			ereport(ERROR,
					(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					 errmsg("gave up waiting for the migration lock, as another session waits for this transaction"),
					 errdetail("The other session, or a statement such as CREATE INDEX CONCURRENTLY, goes on when this transaction ends. %s",
							   lock_holders(settings)),
					 errhint("Call again, or use CALL gooseplus_deploy, which holds no snapshot while it waits.")));
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Max(POLL_MIN_MS, Min(POLL_MAX_MS, (long) waited / POLL_SHARE)),
						 wait_event);
		ResetLatch(MyLatch);
		serve_interrupts(settings);
	}
	report_activity_back();
}

/*
 * Creates the lock table as the Go library gooseplus does.
 */
static void
create_lock_table(void *arg)
{
	const TrustedTable *table = arg;

	query_run(psprintf("CREATE TABLE %s (status integer NOT NULL DEFAULT 0)",
					   table->name),
			  SPI_OK_UTILITY, 0, NULL, NULL, NULL, NULL);
}

/*
 * Takes the locks that the settings ask for, and holds them to the end of
 * the (sub)transaction.  Errors: see wait_for().
 */
void
migration_lock_take(const Settings *settings)
{
	LockTable	lock = {0};
	bool		created;

	if (settings->lock)
		wait_for(settings, try_advisory, unconstify(Settings *, settings));
	if (!settings->lock_table)
		return;
	lock.table = trust_ensure_table(settings, LOCK_SUFFIX, RowExclusiveLock,
									create_lock_table, &created);
	wait_for(settings, try_row, &lock);
}

/* migration_lock_take(), for report_try(). */
static void
take_lock(void *settings)
{
	migration_lock_take(settings);
}

/*
 * Takes the locks as migration_lock_take() does, for a call that is no run: it
 * waits no longer than a run would.
 */
void
migration_lock_take_in_time(const Settings *settings)
{
	ErrorData  *error;

	timer_start(TIMER_RUN, settings->timeout);
	error = report_try(take_lock, unconstify(Settings *, settings));
	timer_stop(TIMER_RUN);
	if (error != NULL)
		ReThrowError(error);
}

/*
 * Takes the advisory lock for the session, if it is to be had at once and the
 * settings ask for it.
 */
bool
migration_lock_try(const Settings *settings)
{
	LOCKTAG		tag;

	if (!settings->lock)
		return true;
	set_lock_tag(&tag, settings->lock_id);
	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

/*
 * Waits for the advisory lock, in the server's queue, until it is the
 * session's.  The transaction must not have done anything: it then holds
 * nothing that another session could wait for.  Errors: a cancel, a time
 * limit.
 */
void
migration_lock_wait(const Settings *settings)
{
	LOCKTAG		tag;

	set_lock_tag(&tag, settings->lock_id);
	show_wait(settings);
	/* a look at the catalog would have left a snapshot behind */
	InvalidateCatalogSnapshot();
	(void) LockAcquire(&tag, ExclusiveLock, true, false);
	report_activity_back();
}

/*
 * Is the advisory lock ours, as far as the settings ask for it?  A migration
 * can let go of it by DISCARD ALL, for example.
 */
bool
migration_lock_is_held(const Settings *settings)
{
	LOCKTAG		tag;

	set_lock_tag(&tag, settings->lock_id);
	return !settings->lock || compat_lock_is_held(&tag, ExclusiveLock);
}

/*
 * Lets go of the session's lock, if it is still there.  Raises no error.
 */
void
migration_lock_release(const Settings *settings)
{
	LOCKTAG		tag;

	set_lock_tag(&tag, settings->lock_id);
	if (settings->lock && compat_lock_is_held(&tag, ExclusiveLock))
		(void) LockRelease(&tag, ExclusiveLock, true);
}
