/*-------------------------------------------------------------------------
 *
 * api_run.c
 *	  The SQL functions and procedures that run migrations.
 *
 * No logic lives here; the other functions are in api.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/portal.h"
#include "utils/timestamp.h"

#include "api.h"
#include "launch.h"
#include "look.h"
#include "plan.h"
#include "rehearsal.h"
#include "run.h"
#include "run_atomic.h"
#include "run_begin.h"
#include "run_deploy.h"
#include "run_rehearse.h"
#include "transaction.h"
#include "wait.h"

API_FUNCTION(gooseplus_migrate);
API_FUNCTION(gooseplus_up_to);
API_FUNCTION(gooseplus_up_by_one);
API_FUNCTION(gooseplus_down);
API_FUNCTION(gooseplus_down_to);
API_FUNCTION(gooseplus_redo);
API_FUNCTION(gooseplus_reset);
API_FUNCTION(gooseplus_apply_version);
API_FUNCTION(gooseplus_baseline);
API_FUNCTION(gooseplus_deploy);
API_FUNCTION(gooseplus_revert);
API_FUNCTION(gooseplus_wait);
API_FUNCTION(gooseplus_launch);
API_FUNCTION(gooseplus_rehearse);

/* Why a deploy needs transactions of its own. */
static const char commits[] = "It commits each migration by itself";

/* Returns milliseconds as an interval. */
static Datum
interval_datum(double milliseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (TimeOffset) (milliseconds * 1000.0);
	return IntervalPGetDatum(interval);
}

/* Adds the rows of a run. */
static void
put_run_rows(FunctionCallInfo fcinfo, const List *rows)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		const RunRow *row = lfirst(cell);
		Datum		values[9];
		bool		nulls[9] = {false};

		values[0] = Int64GetDatum(row->version);
		nulls[0] = row->version == 0;
		values[1] = api_text_datum(row->source, &nulls[1]);
		values[2] = api_text_datum(row->environment, &nulls[2]);
		values[3] = api_text_datum(row->direction, &nulls[3]);
		values[4] = api_text_datum(row->state, &nulls[4]);
		values[5] = Int32GetDatum(row->statements);
		values[6] = Int64GetDatum(row->rows);
		values[7] = interval_datum(row->duration_ms);
		values[8] = api_text_datum(row->error, &nulls[8]);
		api_put_row(fcinfo, values, nulls);
	}
}

/* Returns a list of strings as text[]. */
static Datum
names_datum(const List *names)
{
	Datum	   *elements = palloc((list_length(names) + 1) * sizeof(Datum));

	for (int i = 0; i < list_length(names); i++)
		elements[i] = CStringGetTextDatum(list_nth(names, i));
	return PointerGetDatum(construct_array(elements, list_length(names),
										   TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* Adds the rows of a rehearsal. */
static void
put_rehearsal_rows(FunctionCallInfo fcinfo, const List *rows)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		const RehearsalRow *row = lfirst(cell);
		Datum		values[13];
		bool		nulls[13] = {false};

		values[0] = api_text_datum(row->source, &nulls[0]);
		values[1] = api_text_datum(row->environment, &nulls[1]);
		values[2] = Int32GetDatum(row->line);
		nulls[2] = row->line == 0;
		values[3] = api_text_datum(row->statement, &nulls[3]);
		values[4] = api_text_datum(row->state, &nulls[4]);
		values[5] = interval_datum(row->duration_ms);
		values[6] = Int64GetDatum(row->rows);
		values[7] = Int64GetDatum(row->wal_bytes);
		values[8] = DirectFunctionCall1(jsonb_in,
										CStringGetDatum(rehearsal_locks(row->changes)));
		values[9] = names_datum(rehearsal_rewrites(row->changes));
		values[10] = names_datum(rehearsal_indexes(row->changes));
		for (int i = 5; i <= 10; i++)
			nulls[i] = !row->measured;
		values[11] = api_text_datum(row->danger, &nulls[11]);
		values[12] = api_text_datum(row->error, &nulls[12]);
		api_put_row(fcinfo, values, nulls);
	}
}

/*
 * Runs a command whose environment and options are the arguments from that
 * one on.
 */
static Datum
run_command(FunctionCallInfo fcinfo, int argument, const char *function,
			RunCommand command, int64 version, ScriptDirection direction)
{
	RunRequest	request = {0};

	InitMaterializedSRF(fcinfo, 0);
	request.function = function;
	request.command = command;
	request.version = version;
	request.direction = direction;
	request.env = api_text(fcinfo, argument);
	request.settings = api_settings(fcinfo, argument + 1);
	put_run_rows(fcinfo, run_atomic(&request));
	return (Datum) 0;
}

/* gooseplus_migrate(env text, options jsonb): see run_atomic() */
Datum
gooseplus_migrate(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 0, "gooseplus_migrate", COMMAND_UP,
					   PLAN_NO_TARGET, SCRIPT_UP);
}

/* gooseplus_up_to(version bigint, env text, options jsonb) */
Datum
gooseplus_up_to(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 1, "gooseplus_up_to", COMMAND_UP,
					   api_version(fcinfo), SCRIPT_UP);
}

/* gooseplus_up_by_one(env text, options jsonb) */
Datum
gooseplus_up_by_one(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 0, "gooseplus_up_by_one", COMMAND_UP_BY_ONE,
					   0, SCRIPT_UP);
}

/* gooseplus_down(env text, options jsonb) */
Datum
gooseplus_down(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 0, "gooseplus_down", COMMAND_DOWN,
					   0, SCRIPT_UP);
}

/* gooseplus_down_to(version bigint, env text, options jsonb) */
Datum
gooseplus_down_to(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 1, "gooseplus_down_to", COMMAND_DOWN_TO,
					   api_version(fcinfo), SCRIPT_UP);
}

/* gooseplus_redo(env text, options jsonb) */
Datum
gooseplus_redo(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 0, "gooseplus_redo", COMMAND_REDO,
					   0, SCRIPT_UP);
}

/* gooseplus_reset(env text, options jsonb): down to version 0 */
Datum
gooseplus_reset(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 0, "gooseplus_reset", COMMAND_DOWN_TO,
					   0, SCRIPT_UP);
}

/*
 * gooseplus_apply_version(version bigint, direction text, env text, options
 * jsonb)
 */
Datum
gooseplus_apply_version(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 2, "gooseplus_apply_version", COMMAND_APPLY,
					   api_version(fcinfo), look_direction(api_text(fcinfo, 1)));
}

/*
 * Runs a procedure whose environment and options are those arguments; its
 * version and how it resumes are in the request.
 */
static Datum
run_procedure(FunctionCallInfo fcinfo, RunRequest *request, int env,
			  int options)
{
	request->env = api_text(fcinfo, env);
	request->settings = settings_read_resume(api_options(fcinfo, options),
											 &request->resume);
	run_deploy(request);
	PG_RETURN_VOID();
}

/*
 * gooseplus_deploy(env text, version bigint, options jsonb, resume text): see
 * run_deploy()
 */
Datum
gooseplus_deploy(PG_FUNCTION_ARGS)
{
	RunRequest	request = {.function = "gooseplus_deploy"};

	transaction_refuse_atomic("CALL gooseplus_deploy()", commits,
							  fcinfo->context);
	/* what is read from the arguments outlives the transaction */
	MemoryContextSwitchTo(PortalContext);
	request.command = COMMAND_UP;
	request.version = PG_ARGISNULL(1) ? PLAN_NO_TARGET : PG_GETARG_INT64(1);
	request.resume = api_text(fcinfo, 3);
	return run_procedure(fcinfo, &request, 0, 2);
}

/*
 * gooseplus_revert(version bigint, env text, options jsonb): see run_deploy()
 */
Datum
gooseplus_revert(PG_FUNCTION_ARGS)
{
	RunRequest	request = {.function = "gooseplus_revert"};

	transaction_refuse_atomic("CALL gooseplus_revert()", commits,
							  fcinfo->context);
	MemoryContextSwitchTo(PortalContext);
	request.command = COMMAND_DOWN_TO;
	request.version = api_version(fcinfo);
	return run_procedure(fcinfo, &request, 1, 2);
}

/*
 * gooseplus_wait(version bigint, timeout interval, options jsonb, INOUT
 * reached boolean): see wait_for_version()
 */
Datum
gooseplus_wait(PG_FUNCTION_ARGS)
{
	const char *call = "CALL gooseplus_wait()";
	TupleDesc	desc;
	Datum		reached;
	bool		isnull = false;

	transaction_refuse_atomic(call, "It ends its transaction after each look",
							  fcinfo->context);
	run_refuse_nested(call);
	MemoryContextSwitchTo(PortalContext);
	reached = BoolGetDatum(wait_for_version(api_version(fcinfo),
											PG_ARGISNULL(1) ? NULL :
											PG_GETARG_INTERVAL_P(1),
											api_settings(fcinfo, 2)));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), &reached,
											 &isnull));
}

/*
 * gooseplus_launch(env text, version bigint, options jsonb, resume text): see
 * launch_deploy()
 */
Datum
gooseplus_launch(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(launch_deploy(api_text(fcinfo, 0), !PG_ARGISNULL(1),
								  PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1),
								  api_options(fcinfo, 2),
								  api_text(fcinfo, 3)));
}

/*
 * gooseplus_rehearse(env text, version bigint, options jsonb): see
 * run_rehearse()
 */
Datum
gooseplus_rehearse(PG_FUNCTION_ARGS)
{
	RunRequest	request = {0};

	InitMaterializedSRF(fcinfo, 0);
	request.function = "gooseplus_rehearse";
	request.command = COMMAND_UP;
	request.env = api_text(fcinfo, 0);
	request.version = PG_ARGISNULL(1) ? PLAN_NO_TARGET : PG_GETARG_INT64(1);
	request.settings = api_settings(fcinfo, 2);
	put_rehearsal_rows(fcinfo, run_rehearse(&request));
	return (Datum) 0;
}

/* gooseplus_baseline(version bigint, env text, options jsonb) */
Datum
gooseplus_baseline(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 1, "gooseplus_baseline", COMMAND_BASELINE,
					   api_version(fcinfo), SCRIPT_UP);
}
