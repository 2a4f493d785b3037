/*-------------------------------------------------------------------------
 *
 * launch.c
 *	  Starting a deploy in a background worker.
 *
 * The caller writes what the deploy needs to know into a segment of dynamic
 * shared memory, registers a worker of its own database, and waits until the
 * worker has connected.  From then on nothing ties the two together: the
 * caller has the worker's process id, and may go away.
 *
 * The segment is the caller's, who keeps it until the worker is ready, and
 * whose transaction releases it whatever happens.  A worker that finds none
 * ends.
 *
 * What the worker does is not here (see launch_worker.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "compat.h"
#include "launch.h"
#include "launch_worker.h"
#include "report.h"
#include "run_begin.h"
#include "run_deploy.h"

#define SETTINGS_PREFIX "gooseplus."

/*
 * Appends a text that may be NULL to those of a segment.
 */
static void
put_text(StringInfo texts, const char *text)
{
	appendStringInfoChar(texts, text == NULL ? LAUNCH_NULL : LAUNCH_TEXT);
	appendStringInfoString(texts, text == NULL ? "" : text);
	appendStringInfoChar(texts, '\0');
}

/*
 * Appends name and value of a setting as it is now for the caller, whoever
 * set it and whoever may see it.
 */
static void
put_setting(StringInfo texts, const char *name)
{
	put_text(texts, name);
	put_text(texts, GetConfigOption(name, false, false));
}

/*
 * Raises an error if the session user is not one that a worker can connect
 * as: InitializeSessionUserId() of miscinit.c asks that of workers, too.
 */
static void
refuse_unless_login(Oid user)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(user));
	bool		can_login = HeapTupleIsValid(tuple) &&
	((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!can_login)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("gooseplus_launch() cannot be called by a session user that is not permitted to log in"),
				 errdetail("The worker connects as the session user, \"%s\".",
						   GetUserNameFromId(user, false)),
				 errhint("Connect as a role that can log in, and take on the owner's role by SET ROLE.")));
}

/*
 * Raises an error where a worker cannot do what its caller might.
 */
static void
refuse_unless_possible(void)
{
	const char *call = "gooseplus_launch()";

	/* a migration that launches and fails would be launched for ever */
	run_refuse_unless_possible(call);
	if (InLocalUserIdChange() || InSecurityRestrictedOperation() ||
		GetUserId() != GetOuterUserId())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s cannot be called within a security-definer function or a security-restricted operation",
						call),
				 errdetail("The worker connects as the session user, who may lack the rights of the function's owner."),
				 errhint("Call it outside of the function.")));
	refuse_unless_login(GetSessionUserId());
}

/*
 * Returns a new segment that holds what the worker needs; it belongs to the
 * current resource owner.
 */
static dsm_segment *
create_segment(const char *env, bool has_version, int64 version,
			   const Jsonb *options, const char *resume)
{
	StringInfoData texts;
	struct config_generic **variables;
	int			count;
	dsm_segment *segment;
	LaunchSegment *launch;

	initStringInfo(&texts);
	put_text(&texts, env);
	put_text(&texts, resume);
	put_text(&texts, JsonbToCString(NULL, unconstify(JsonbContainer *, &options->root),
									VARSIZE(options)));
	put_setting(&texts, "search_path");
	variables = compat_settings(&count);
	for (int i = 0; i < count; i++)
	{
		if (strncmp(variables[i]->name, SETTINGS_PREFIX,
					strlen(SETTINGS_PREFIX)) == 0)
			put_setting(&texts, variables[i]->name);
	}

	segment = dsm_create(offsetof(LaunchSegment, texts) + texts.len, 0);
	launch = dsm_segment_address(segment);
	launch->magic = LAUNCH_MAGIC;
	pg_atomic_init_u32(&launch->worker, 0);
	launch->caller = MyProc;
	launch->database = MyDatabaseId;
	launch->session_user = GetSessionUserId();
	launch->role = GetCurrentRoleId();
	launch->has_version = has_version;
	launch->version = version;
	launch->length = texts.len;
	memcpy(launch->texts, texts.data, texts.len);
	pfree(texts.data);
	return segment;
}

/*
 * Registers the worker.  Returns its handle, palloc'd.
 */
static BackgroundWorkerHandle *
register_worker(dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	strlcpy(worker.bgw_name, "gooseplus deploy", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "gooseplus deploy", BGW_MAXLEN);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "gooseplus", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "gooseplus_launch_main", BGW_MAXLEN);
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free for gooseplus_launch()"),
				 errdetail("All that \"max_worker_processes\" allows are in use."),
				 errhint("Call again later, raise \"max_worker_processes\", or use CALL gooseplus_deploy.")));
	return handle;
}

/*
 * Waits until the worker is ready.  Returns its process id.  Errors: it has
 * ended before; the limit, in milliseconds, is reached (0: none); a cancel.
 * A worker can wait for a lock that this transaction holds, on a system
 * catalog or the database, and the server does not see that we wait for it:
 * hence the limit.
 */
static int
await_worker(BackgroundWorkerHandle *handle, LaunchSegment *launch, int limit)
{
	static uint32 wait_event = 0;
	instr_time	start;

	if (wait_event == 0)
		wait_event = compat_wait_event("GooseplusLaunch");
	INSTR_TIME_SET_CURRENT(start);
	for (;;)
	{
		pid_t		pid;
		bool		stopped = GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED;
		uint32		ready = pg_atomic_read_u32(&launch->worker);
		double		left = limit - report_elapsed(start);

		if (ready != 0)
			return (int) ready;
		if (stopped)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("background worker of gooseplus_launch() ended before the deploy began"),
					 errdetail("Nothing was run."),
					 errhint("The server log has the worker's error.")));
		if (limit > 0 && left <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_QUERY_CANCELED),
					 errmsg("background worker of gooseplus_launch() was not ready within gooseplus.timeout"),
					 errdetail("It may wait for a lock on the database or a system catalog that this transaction holds. Nothing was run."),
					 errhint("Call again outside of the transaction, or raise gooseplus.timeout.")));
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
						 (limit > 0 ? WL_TIMEOUT : 0),
						 limit > 0 ? (long) left + 1 : 0, wait_event);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Starts a deploy in a background worker.  Returns the worker's process id as
 * soon as it has connected as the caller.  Errors: what the options, the
 * caller's session or the server do not allow; the worker could not connect.
 * After an error there is no worker.
 */
int
launch_deploy(const char *env, bool has_version, int64 version,
			  const Jsonb *options, const char *resume)
{
	RunRequest	request = {0};
	dsm_segment *segment;
	BackgroundWorkerHandle *handle;
	int			pid = 0;

	refuse_unless_possible();
	launch_request(&request, env, has_version, version, options, resume);
	run_deploy_check(&request);
	(void) run_collect(&request);

	segment = create_segment(env, has_version, version, options, resume);
	handle = register_worker(segment);
	PG_TRY();
	{
		pid = await_worker(handle, dsm_segment_address(segment),
						   request.settings->timeout);
	}
	PG_CATCH();
	{
		TerminateBackgroundWorker(handle);
		PG_RE_THROW();
	}
	PG_END_TRY();
	pfree(handle);
	dsm_detach(segment);
	return pid;
}
