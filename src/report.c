/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Errors caught in a subtransaction, and what is said of a run: to the
 *	  server's log, to those who listen, and to pg_stat_activity.
 *
 * What happens after an error is decided elsewhere (see run_atomic.c), and
 * so are the words for what is wrong with a file (see problem.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "commands/async.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "report.h"

/* The length of a text in a notification: with all escapes, three fit. */
#define NOTIFY_TEXT_BYTES 400

/* The longest text shown in pg_stat_activity: a folder, a file, some words. */
#define ACTIVITY_BYTES 1024

/*
 * Where the number stands in the text which is shown that can be changed, 0:
 * there is none.
 */
static size_t shown_number = 0;

/* Since when the run in progress runs, 0: there is none. */
static TimestampTz run_started = 0;

/* Since when the statement runs that has called it. */
static TimestampTz call_started = 0;

/*
 * Calls the function in an internal subtransaction, and undoes what it did if
 * it raised an error, or else unless that is to be kept.  (As PL/pgSQL runs a
 * block with an EXCEPTION clause: pl_exec.c, exec_stmt_block().)
 */
static ErrorData *
call_in_subtransaction(void (*function) (void *), void *arg, bool keep)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		function(arg);
		if (keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/*
 * Calls the function in an internal subtransaction.  Returns NULL if it came
 * back: its work then belongs to the surrounding transaction.  Returns the
 * error, palloc'd in the caller's context, if it raised one: then everything
 * that it did is undone, settings and roles included.
 */
ErrorData *
report_try(void (*function) (void *), void *arg)
{
	return call_in_subtransaction(function, arg, true);
}

/*
 * The same, but what the function did is undone in any case.
 */
ErrorData *
report_try_and_undo(void (*function) (void *), void *arg)
{
	return call_in_subtransaction(function, arg, false);
}

/*
 * For a function that is called through report_try(): until it is over, the
 * client gets no notices and no warnings.  What the scanner has to say of
 * statements that are only read comes when they run.
 */
void
report_be_quiet(void)
{
	(void) set_config_option("client_min_messages", "error", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Sets the SQLSTATE for an error of the system about a path, for ereport(): as
 * errcode_for_file_access(), but for names that a caller can give and that
 * have no class there.
 */
int
report_errcode_for_path(void)
{
	switch (errno)
	{
		case ENAMETOOLONG:
			return errcode(ERRCODE_NAME_TOO_LONG);
		case ELOOP:
			return errcode(ERRCODE_WRONG_OBJECT_TYPE);
		default:
			return errcode_for_file_access();
	}
}

/* Returns the milliseconds since a moment. */
double
report_elapsed(instr_time since)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, since);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Returns a duration as goose prints it, three digits or so and a unit,
 * palloc'd.
 */
char *
report_duration(double milliseconds)
{
	if (milliseconds >= 1000.0)
		return psprintf("%.2f s", milliseconds / 1000.0);
	if (milliseconds >= 1.0)
		return psprintf("%.1f ms", milliseconds);
	return psprintf("%.0f us", milliseconds * 1000.0);
}

/*
 * Adds a member to a JSON object; a NULL text adds nothing.
 */
static void
add_text(StringInfo json, const char *key, const char *text)
{
	if (text == NULL)
		return;
	if (json->len > 1)
		appendStringInfoString(json, ", ");
	escape_json(json, key);
	appendStringInfoString(json, ": ");
	escape_json(json, text);
}

static void
add_number(StringInfo json, const char *key, int64 number)
{
	if (json->len > 1)
		appendStringInfoString(json, ", ");
	escape_json(json, key);
	appendStringInfo(json, ": " INT64_FORMAT, number);
}

/*
 * Returns the record as a JSON object, palloc'd.
 */
static char *
record_json(const ReportRecord *record)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	add_text(&json, "event", record->event);
	add_text(&json, "run", record->run);
	add_text(&json, "function", record->function);
	add_text(&json, "source", record->source);
	add_text(&json, "environment", record->environment);
	add_text(&json, "direction", record->direction);
	if (strcmp(record->event, "repeatable") != 0)
		add_number(&json, "version", record->version);
	add_number(&json, "statements", record->statements);
	add_number(&json, "rows", record->rows);
	appendStringInfo(&json, ", \"duration_ms\": %.3f", record->duration_ms);
	add_text(&json, "outcome", record->outcome);
	if (record->error != NULL)
	{
		add_text(&json, "sqlstate",
				 unpack_sql_state(record->error->sqlerrcode));
		add_text(&json, "message", record->error->message);
		add_text(&json, "context", record->error->context);
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/*
 * Writes one LOG line whose detail is the record as a JSON object.
 */
void
report_log(const ReportRecord *record)
{
	char	   *json = record_json(record);

	ereport(LOG,
			(errmsg_internal("gooseplus: %s %s %s (%s)", record->event,
							 record->source ? record->source : record->function,
							 record->outcome,
							 report_duration(record->duration_ms)),
			 errdetail_internal("%s", json),
			 errhidestmt(true),
			 errhidecontext(true)));
	pfree(json);
}

/*
 * Returns a text that is not too long for a notification, palloc'd, or NULL.
 */
static char *
clip(const char *text)
{
	return text == NULL ? NULL :
		pnstrdup(text, pg_mbcliplen(text, strlen(text), NOTIFY_TEXT_BYTES));
}

/*
 * Tells those who listen on the channel of the settings, when the transaction
 * commits, by the record as a JSON object.  A payload has a limit: the context
 * of an error is left to the log, and long texts are cut.
 */
void
report_notify(const Settings *settings, const ReportRecord *record)
{
	ReportRecord shorter = *record;
	ErrorData	error;

	if (settings->notify_channel[0] == '\0')
		return;
	shorter.source = clip(record->source);
	shorter.environment = clip(record->environment);
	if (record->error != NULL)
	{
		error = *record->error;
		error.context = NULL;
		error.message = clip(record->error->message);
		shorter.error = &error;
	}
	Async_Notify(settings->notify_channel, record_json(&shorter));
}

/* Returns the statement of the caller; a worker may have none. */
static const char *
call_text(void)
{
	return debug_query_string == NULL ? "" : debug_query_string;
}

/*
 * Shows a text in pg_stat_activity, and that it is about something which has
 * begun then; 0: with the statement, or in a deploy with the transaction, in
 * progress.
 */
static void
show_activity(const char *text, TimestampTz started)
{
	volatile PgBackendStatus *entry = MyBEEntry;

	shown_number = 0;
	pgstat_report_activity(STATE_RUNNING, text);
	if (entry == NULL || started == 0 || !pgstat_track_activities)
		return;
	PGSTAT_BEGIN_WRITE_ACTIVITY(entry);
	entry->st_activity_start_timestamp = started;
	PGSTAT_END_WRITE_ACTIVITY(entry);
}

/*
 * Shows in pg_stat_activity what this session is doing.  Its query_start is
 * that of the run, if there is one, whatever transactions the run has begun
 * since.  Returns the length of the text.  (The view gooseplus_progress reads
 * it.)
 */
size_t
report_activity(const char *format,...)
{
	char		text[ACTIVITY_BYTES];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	show_activity(text, run_started);
	return strlen(text);
}

/*
 * The text that has just been shown ends in a number, which begins there: from
 * now on report_activity_number() can change it, until another text is shown.
 */
void
report_activity_number_at(size_t place)
{
	shown_number = place;
}

/*
 * Shows the last text with another number at its end, which is quicker than to
 * show all of it again.  Returns false if that cannot be done.
 */
bool
report_activity_number(int number)
{
	volatile PgBackendStatus *entry = MyBEEntry;
	char		digits[12];
	int			length = pg_ltoa(number, digits) + 1;

	if (shown_number == 0 || entry == NULL || !pgstat_track_activities ||
		entry->st_state != STATE_RUNNING ||
		shown_number + length > (size_t) pgstat_track_activity_query_size)
		return false;
	PGSTAT_BEGIN_WRITE_ACTIVITY(entry);
	memcpy(entry->st_activity_raw + shown_number, digits, length);
	PGSTAT_END_WRITE_ACTIVITY(entry);
	return true;
}

/*
 * Returns how many bytes of a name can be shown if the rest of the text has
 * that many: the server cuts what is too long.
 */
int
report_activity_room(const char *name, size_t rest)
{
	int			room = Min(pgstat_track_activity_query_size, ACTIVITY_BYTES) - 1 -
	(int) rest;

	return pg_mbcliplen(name, strlen(name), Max(room, 0));
}

/*
 * From now on pg_stat_activity shows a run that has begun then.
 */
void
report_activity_begin(TimestampTz started)
{
	call_started = MyBEEntry == NULL ? 0 : MyBEEntry->st_activity_start_timestamp;
	run_started = started;
	report_activity_back();
}

/*
 * Takes back what report_activity() has shown: a run is preparing what comes
 * next; where there is none, it is the caller's statement.
 */
void
report_activity_back(void)
{
	if (run_started != 0)
		report_activity("gooseplus: preparing");
	else
		show_activity(call_text(), 0);
}

/*
 * Shows the caller's statement in pg_stat_activity again.
 */
void
report_activity_end(void)
{
	run_started = 0;
	show_activity(call_text(), call_started);
}
