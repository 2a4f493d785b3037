/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The SQL functions: they unpack their arguments, call, and return rows.
 *
 * No logic lives here.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/portal.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "bundle.h"
#include "collect.h"
#include "files.h"
#include "launch.h"
#include "look.h"
#include "plan.h"
#include "problem.h"
#include "run.h"
#include "run_atomic.h"
#include "run_deploy.h"
#include "settings.h"
#include "source_function.h"
#include "transaction.h"

/*
 * All symbols are hidden but these.  PostgreSQL 16 declares the function with
 * PGDLLEXPORT by itself.
 */
#define API_FUNCTION(name) \
extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
PG_FUNCTION_INFO_V1(name)

API_FUNCTION(gooseplus_migrate);
API_FUNCTION(gooseplus_up_to);
API_FUNCTION(gooseplus_up_by_one);
API_FUNCTION(gooseplus_down);
API_FUNCTION(gooseplus_down_to);
API_FUNCTION(gooseplus_redo);
API_FUNCTION(gooseplus_reset);
API_FUNCTION(gooseplus_apply_version);
API_FUNCTION(gooseplus_deploy);
API_FUNCTION(gooseplus_revert);
API_FUNCTION(gooseplus_launch);
API_FUNCTION(gooseplus_status);
API_FUNCTION(gooseplus_db_version);
API_FUNCTION(gooseplus_versions);
API_FUNCTION(gooseplus_has_pending);
API_FUNCTION(gooseplus_sources);
API_FUNCTION(gooseplus_validate);
API_FUNCTION(gooseplus_statements);
API_FUNCTION(gooseplus_baseline);
API_FUNCTION(gooseplus_create);
API_FUNCTION(gooseplus_fix);
API_FUNCTION(gooseplus_register);
API_FUNCTION(gooseplus_unregister);
API_FUNCTION(gooseplus_bundle_load);

/* Returns a text argument, NULL if it is null. */
static char *
get_text(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Returns the options argument, which must not be null. */
static Jsonb *
get_options(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("options must not be null"),
				 errhint("Pass '{}' for no options.")));
	return PG_GETARG_JSONB_P(argument);
}

/* Returns the settings that the options argument gives the call. */
static Settings *
get_settings(FunctionCallInfo fcinfo, int argument)
{
	return settings_read(get_options(fcinfo, argument));
}

/* Returns a text, or sets the flag for null. */
static Datum
text_datum(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Returns milliseconds as an interval. */
static Datum
interval_datum(double milliseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (TimeOffset) (milliseconds * 1000.0);
	return IntervalPGetDatum(interval);
}

/* Adds a row to the function's result. */
static void
put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
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
		nulls[0] = row->source == NULL;
		values[1] = text_datum(row->source, &nulls[1]);
		values[2] = text_datum(row->environment, &nulls[2]);
		values[3] = text_datum(row->direction, &nulls[3]);
		values[4] = text_datum(row->state, &nulls[4]);
		values[5] = Int32GetDatum(row->statements);
		values[6] = Int64GetDatum(row->rows);
		values[7] = interval_datum(row->duration_ms);
		values[8] = text_datum(row->error, &nulls[8]);
		put_row(fcinfo, values, nulls);
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
	request.env = get_text(fcinfo, argument);
	request.settings = get_settings(fcinfo, argument + 1);
	put_run_rows(fcinfo, run_atomic(&request));
	return (Datum) 0;
}

/* Returns the version argument, which is the first and must not be null. */
static int64
get_version(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("version must not be null")));
	return PG_GETARG_INT64(0);
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
					   get_version(fcinfo), SCRIPT_UP);
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
					   get_version(fcinfo), SCRIPT_UP);
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
					   get_version(fcinfo), look_direction(get_text(fcinfo, 1)));
}

/*
 * gooseplus_deploy(env text, version bigint, options jsonb, resume text): see
 * run_deploy()
 */
Datum
gooseplus_deploy(PG_FUNCTION_ARGS)
{
	RunRequest	request = {0};

	transaction_refuse_atomic("CALL gooseplus_deploy()", fcinfo->context);
	MemoryContextSwitchTo(PortalContext);
	request.function = "gooseplus_deploy";
	request.command = COMMAND_UP;
	request.env = get_text(fcinfo, 0);
	request.version = PG_ARGISNULL(1) ? PLAN_NO_TARGET : PG_GETARG_INT64(1);
	request.resume = get_text(fcinfo, 3);
	request.settings = settings_read_resume(get_options(fcinfo, 2),
											&request.resume);
	run_deploy(&request);
	PG_RETURN_VOID();
}

/*
 * gooseplus_revert(version bigint, env text, options jsonb): see run_deploy()
 */
Datum
gooseplus_revert(PG_FUNCTION_ARGS)
{
	RunRequest	request = {0};

	transaction_refuse_atomic("CALL gooseplus_revert()", fcinfo->context);
	MemoryContextSwitchTo(PortalContext);
	request.function = "gooseplus_revert";
	request.command = COMMAND_DOWN_TO;
	request.version = get_version(fcinfo);
	request.env = get_text(fcinfo, 1);
	request.settings = settings_read_resume(get_options(fcinfo, 2),
											&request.resume);
	run_deploy(&request);
	PG_RETURN_VOID();
}

/*
 * gooseplus_launch(env text, version bigint, options jsonb, resume text): see
 * launch_deploy()
 */
Datum
gooseplus_launch(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(launch_deploy(get_text(fcinfo, 0), !PG_ARGISNULL(1),
								  PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1),
								  get_options(fcinfo, 2),
								  get_text(fcinfo, 3)));
}

/* gooseplus_status(env text, options jsonb): see look_status() */
Datum
gooseplus_status(PG_FUNCTION_ARGS)
{
	LookStatus *items;
	size_t		count;

	InitMaterializedSRF(fcinfo, 0);
	items = look_status(get_text(fcinfo, 0), get_settings(fcinfo, 1), &count);
	for (size_t i = 0; i < count; i++)
	{
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = Int64GetDatum(items[i].version);
		values[1] = text_datum(items[i].source, &nulls[1]);
		values[2] = text_datum(items[i].environment, &nulls[2]);
		values[3] = text_datum(items[i].state, &nulls[3]);
		values[4] = TimestampGetDatum(items[i].applied_at);
		nulls[4] = !items[i].has_applied_at;
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* gooseplus_db_version(options jsonb): see look_db_version() */
Datum
gooseplus_db_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(look_db_version(get_settings(fcinfo, 0)));
}

/* gooseplus_versions(env text, options jsonb): see look_versions() */
Datum
gooseplus_versions(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {false};
	int64		current;
	int64		target;

	InitMaterializedSRF(fcinfo, 0);
	look_versions(get_text(fcinfo, 0), get_settings(fcinfo, 1), &current,
				  &target);
	values[0] = Int64GetDatum(current);
	values[1] = Int64GetDatum(target);
	put_row(fcinfo, values, nulls);
	return (Datum) 0;
}

/* gooseplus_has_pending(env text, options jsonb): see look_has_pending() */
Datum
gooseplus_has_pending(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(look_has_pending(get_text(fcinfo, 0),
									get_settings(fcinfo, 1)));
}

/* gooseplus_sources(env text, options jsonb): see collect_sources() */
Datum
gooseplus_sources(PG_FUNCTION_ARGS)
{
	SourceSet  *sources;

	InitMaterializedSRF(fcinfo, 0);
	sources = collect_sources(get_settings(fcinfo, 1), get_text(fcinfo, 0),
							  true, NULL);
	source_set_refuse_duplicates(sources);
	for (size_t i = 0; i < sources->nitems; i++)
	{
		const Source *source = &sources->items[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = text_datum(source->type, &nulls[0]);
		values[1] = text_datum(source->label, &nulls[1]);
		values[2] = text_datum(source->environment, &nulls[2]);
		values[3] = Int64GetDatum(source->version);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* gooseplus_validate(env text, options jsonb): see look_validate() */
Datum
gooseplus_validate(PG_FUNCTION_ARGS)
{
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, look_validate(get_text(fcinfo, 0), get_settings(fcinfo, 1)))
	{
		const Problem *problem = lfirst(cell);
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = text_datum(problem->source, &nulls[0]);
		values[1] = Int32GetDatum(problem->line);
		nulls[1] = problem->line == 0;
		values[2] = text_datum(problem->warning ? "warning" : "error",
							   &nulls[2]);
		values[3] = text_datum(problem->message, &nulls[3]);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * gooseplus_statements(script text, direction text, options jsonb): see
 * look_statements()
 */
Datum
gooseplus_statements(PG_FUNCTION_ARGS)
{
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, look_statements(get_text(fcinfo, 0), get_text(fcinfo, 1),
								  settings_read_open(get_options(fcinfo, 2))))
	{
		const LookStatement *statement = lfirst(cell);
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = Int32GetDatum(statement->ordinal);
		values[1] = Int32GetDatum(statement->line);
		values[2] = text_datum(statement->text, &nulls[2]);
		values[3] = BoolGetDatum(statement->transactional);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* gooseplus_bundle_load(bundle text, directory text): see bundle_load() */
Datum
gooseplus_bundle_load(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(bundle_load(get_text(fcinfo, 0), get_text(fcinfo, 1)));
}

/* gooseplus_baseline(version bigint, env text, options jsonb) */
Datum
gooseplus_baseline(PG_FUNCTION_ARGS)
{
	return run_command(fcinfo, 1, "gooseplus_baseline", COMMAND_BASELINE,
					   get_version(fcinfo), SCRIPT_UP);
}

/*
 * gooseplus_create(name text, env text, sequential boolean, options jsonb):
 * see files_create()
 */
Datum
gooseplus_create(PG_FUNCTION_ARGS)
{
	bool		sequential = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	PG_RETURN_TEXT_P(cstring_to_text(files_create(get_text(fcinfo, 0),
												  get_text(fcinfo, 1),
												  sequential,
												  get_settings(fcinfo, 3))));
}

/*
 * gooseplus_fix(env text, options jsonb, include_applied boolean): see
 * files_fix()
 */
Datum
gooseplus_fix(PG_FUNCTION_ARGS)
{
	bool		include_applied = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, files_fix(get_text(fcinfo, 0), include_applied,
							get_settings(fcinfo, 1)))
	{
		const FileRename *rename = lfirst(cell);
		Datum		values[2];
		bool		nulls[2] = {false};

		values[0] = text_datum(rename->old_label, &nulls[0]);
		values[1] = text_datum(rename->new_label, &nulls[1]);
		put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * gooseplus_register(version bigint, up regprocedure, down regprocedure, name
 * text, env text): see source_function_register()
 */
Datum
gooseplus_register(PG_FUNCTION_ARGS)
{
	source_function_register(get_version(fcinfo),
							 PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1),
							 PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2),
							 get_text(fcinfo, 3),
							 source_one_environment(settings_copy(),
													get_text(fcinfo, 4)));
	PG_RETURN_VOID();
}

/*
 * gooseplus_unregister(version bigint, env text): see
 * source_function_unregister()
 */
Datum
gooseplus_unregister(PG_FUNCTION_ARGS)
{
	const char *environment = source_one_environment(settings_copy(),
													 get_text(fcinfo, 1));

	PG_RETURN_BOOL(source_function_unregister(get_version(fcinfo),
											  environment));
}
