/*-------------------------------------------------------------------------
 *
 * launch_worker.c
 *	  The background worker of a deploy.
 *
 * It connects as its caller's session user, takes on the caller's role,
 * search_path and settings gooseplus.*, and runs the deploy as CALL
 * gooseplus_deploy would.  What it may do is thus what its caller might do.
 *
 * How it is started is not here (see launch.c), nor what a deploy is and
 * where its outcome goes (see run_deploy.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/latch.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "extension_version.h"
#include "launch_worker.h"
#include "plan.h"
#include "run_deploy.h"

/*
 * Fills in the request from what was given to gooseplus_launch(), in the
 * caller's session and again in the worker's; the rest of it is zero.  Errors:
 * options that are none, or not the caller's to set.
 */
void
launch_request(RunRequest *request, const char *env, bool has_version,
			   int64 version, const Jsonb *options, const char *resume)
{
	request->function = "gooseplus_deploy";
	request->command = COMMAND_UP;
	request->version = has_version ? version : PLAN_NO_TARGET;
	request->env = env;
	request->resume = resume;
	request->settings = settings_read_resume(options, &request->resume);
}

/*
 * Returns the text at the place, and moves the place behind it.  The text is
 * part of the memory that the place is in.
 */
static char *
next_text(char **place)
{
	char	   *text = *place;

	*place += strlen(text) + 1;
	return *text == LAUNCH_NULL ? NULL : text + 1;
}

/*
 * Returns the segment of its caller, mapped until the process
 * ends or detaches it.
 */
static dsm_segment *
attach_segment(dsm_handle handle)
{
	dsm_segment *segment = dsm_attach(handle);

	if (segment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that called gooseplus_launch() has gone away"),
				 errdetail("Nothing was run.")));
	if (((LaunchSegment *) dsm_segment_address(segment))->magic != LAUNCH_MAGIC)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the session that called gooseplus_launch() has loaded another version of gooseplus"),
				 errhint("Connect anew and call again.")));
	return segment;
}

/*
 * Connects as the caller's session user, and makes the session
 * like the caller's.  "texts" is the place of the first setting.
 */
static void
connect_as_caller(const LaunchSegment *launch, char *texts)
{
	const char *end = launch->texts + launch->length;

	BackgroundWorkerInitializeConnectionByOid(launch->database,
											  launch->session_user, 0);
	StartTransactionCommand();
	/* clients' sessions cannot go without them, so neither can this one */
	process_session_preload_libraries();
	while (texts < end)
	{
		const char *name = next_text(&texts);
		const char *value = next_text(&texts);

		/* who set it had the right to: the value was there */
		(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_SET, true, 0, false);
	}
	/* also if it is none: the session user may get another one by default */
	(void) set_config_option("role",
							 OidIsValid(launch->role) ?
							 GetUserNameFromId(launch->role, false) : "none",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET,
							 true, 0, false);
	(void) set_config_option("application_name", "gooseplus_launch",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET,
							 true, 0, false);
	/* its library is the one on the disk now, not the caller's */
	extension_version_check();
	CommitTransactionCommand();
}

/*
 * Returns the statement that does what the worker does, for the log and
 * pg_stat_activity, palloc'd.  The options are not in it: they can hold
 * secrets that the caller did not put into the text of a statement.
 */
static char *
statement_text(const LaunchSegment *launch, const char *env,
			   const char *resume)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "CALL gooseplus_deploy(env => %s",
					 env == NULL ? "NULL" : quote_literal_cstr(env));
	if (launch->has_version)
		appendStringInfo(&text, ", version => " INT64_FORMAT, launch->version);
	if (resume != NULL)
		appendStringInfo(&text, ", resume => %s", quote_literal_cstr(resume));
	appendStringInfoChar(&text, ')');
	return text.data;
}

/*
 * Returns a portal that is running the statement, as far as anybody can tell:
 * our own queries get their snapshots through the active portal
 * (EnsurePortalSnapshotExists() of pquery.c), and a transaction that ends
 * leaves it alone, as that of a procedure.
 */
static Portal
begin_portal(const char *statement)
{
	Portal		portal = CreateNewPortal();

	portal->visible = false;
	PortalDefineQuery(portal, NULL, statement, CMDTAG_CALL, NIL, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	MarkPortalActive(portal);
	ActivePortal = portal;
	PortalContext = portal->portalContext;
	return portal;
}

/*
 * Runs the deploy, in the memory context of the call.
 */
static void
deploy(const LaunchSegment *launch, const char *env, const char *options,
	   const char *resume)
{
	MemoryContext context = CurrentMemoryContext;
	RunRequest	request = {0};
	Portal		portal;

	debug_query_string = statement_text(launch, env, resume);
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
	StartTransactionCommand();
	portal = begin_portal(debug_query_string);
	MemoryContextSwitchTo(context);
	launch_request(&request, env, launch->has_version, launch->version,
				   DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
													  CStringGetDatum(options))),
				   resume);
	run_deploy(&request);
	MarkPortalDone(portal);
	PortalDrop(portal, false);
	CommitTransactionCommand();
}

/*
 * Where the worker begins; the argument is the handle of the segment.  An
 * error goes to the server's log, and ends the worker.
 */
void
gooseplus_launch_main(Datum handle)
{
	dsm_segment *segment;
	LaunchSegment *launch;
	LaunchSegment *copy;
	PGPROC	   *caller;
	char	   *texts;
	const char *env;
	const char *resume;
	const char *options;

	/* as a client's session is terminated: where it can be interrupted */
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext,
												"gooseplus launch",
												ALLOCSET_DEFAULT_SIZES));
	segment = attach_segment(DatumGetUInt32(handle));
	launch = dsm_segment_address(segment);
	caller = launch->caller;
	copy = palloc(offsetof(LaunchSegment, texts) + launch->length);
	memcpy(copy, launch, offsetof(LaunchSegment, texts) + launch->length);
	texts = copy->texts;
	env = next_text(&texts);
	resume = next_text(&texts);
	options = next_text(&texts);

	connect_as_caller(copy, texts);
	pg_atomic_write_u32(&launch->worker, (uint32) MyProcPid);
	dsm_detach(segment);
	SetLatch(&caller->procLatch);

	deploy(copy, env, options, resume);
}
