/*-------------------------------------------------------------------------
 *
 * api.c
 *	  The SQL functions: they unpack their arguments, call, and return rows.
 *
 * No logic lives here; those that run migrations are in api_run.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "api.h"
#include "bundle.h"
#include "collect.h"
#include "files.h"
#include "look.h"
#include "plan.h"
#include "plan_look.h"
#include "problem.h"
#include "repair.h"
#include "source_function.h"

API_FUNCTION(gooseplus_status);
API_FUNCTION(gooseplus_db_version);
API_FUNCTION(gooseplus_versions);
API_FUNCTION(gooseplus_has_pending);
API_FUNCTION(gooseplus_sources);
API_FUNCTION(gooseplus_validate);
API_FUNCTION(gooseplus_statements);
API_FUNCTION(gooseplus_plan);
API_FUNCTION(gooseplus_create);
API_FUNCTION(gooseplus_fix);
API_FUNCTION(gooseplus_repair);
API_FUNCTION(gooseplus_register);
API_FUNCTION(gooseplus_unregister);
API_FUNCTION(gooseplus_bundle_load);

/* Returns a text argument, NULL if it is null. */
char *
api_text(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/* Returns the options argument, which must not be null. */
Jsonb *
api_options(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("options must not be null"),
				 errhint("Pass '{}' for no options.")));
	return PG_GETARG_JSONB_P(argument);
}

/* Returns the settings that the options argument gives the call. */
Settings *
api_settings(FunctionCallInfo fcinfo, int argument)
{
	return settings_read(api_options(fcinfo, argument));
}

/* Returns a text, or sets the flag for null. */
Datum
api_text_datum(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Adds a row to the function's result. */
void
api_put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Returns the version argument, which is the first and must not be null. */
int64
api_version(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("version must not be null")));
	return PG_GETARG_INT64(0);
}

/* gooseplus_status(env text, options jsonb): see look_status() */
Datum
gooseplus_status(PG_FUNCTION_ARGS)
{
	LookStatus *items;
	size_t		count;

	InitMaterializedSRF(fcinfo, 0);
	items = look_status(api_text(fcinfo, 0), api_settings(fcinfo, 1), &count);
	for (size_t i = 0; i < count; i++)
	{
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = Int64GetDatum(items[i].version);
		nulls[0] = items[i].version == 0;
		values[1] = api_text_datum(items[i].source, &nulls[1]);
		values[2] = api_text_datum(items[i].environment, &nulls[2]);
		values[3] = api_text_datum(items[i].state, &nulls[3]);
		values[4] = TimestampGetDatum(items[i].applied_at);
		nulls[4] = !items[i].has_applied_at;
		api_put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* gooseplus_db_version(options jsonb): see look_db_version() */
Datum
gooseplus_db_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(look_db_version(api_settings(fcinfo, 0)));
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
	look_versions(api_text(fcinfo, 0), api_settings(fcinfo, 1), &current,
				  &target);
	values[0] = Int64GetDatum(current);
	values[1] = Int64GetDatum(target);
	api_put_row(fcinfo, values, nulls);
	return (Datum) 0;
}

/* gooseplus_has_pending(env text, options jsonb): see look_has_pending() */
Datum
gooseplus_has_pending(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(look_has_pending(api_text(fcinfo, 0),
									api_settings(fcinfo, 1)));
}

/* Adds the migrations of a set to the rows. */
static void
put_sources(FunctionCallInfo fcinfo, const SourceSet *sources)
{
	for (size_t i = 0; i < sources->nitems; i++)
	{
		const Source *source = &sources->items[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = api_text_datum(source->type, &nulls[0]);
		values[1] = api_text_datum(source->label, &nulls[1]);
		values[2] = api_text_datum(source->environment, &nulls[2]);
		values[3] = Int64GetDatum(source->version);
		nulls[3] = source->repeatable;
		api_put_row(fcinfo, values, nulls);
	}
}

/* gooseplus_sources(env text, options jsonb): see collect_sources() */
Datum
gooseplus_sources(PG_FUNCTION_ARGS)
{
	SourceSet  *sources;

	InitMaterializedSRF(fcinfo, 0);
	sources = collect_sources(api_settings(fcinfo, 1), api_text(fcinfo, 0),
							  true, NULL);
	source_set_refuse_duplicates(sources);
	put_sources(fcinfo, sources);
	if (sources->repeatables != NULL)
		put_sources(fcinfo, sources->repeatables);
	return (Datum) 0;
}

/* gooseplus_validate(env text, options jsonb): see look_validate() */
Datum
gooseplus_validate(PG_FUNCTION_ARGS)
{
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, look_validate(api_text(fcinfo, 0), api_settings(fcinfo, 1)))
	{
		const Problem *problem = lfirst(cell);
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = api_text_datum(problem->source, &nulls[0]);
		values[1] = Int32GetDatum(problem->line);
		nulls[1] = problem->line == 0;
		values[2] = api_text_datum(problem->warning ? "warning" : "error",
								   &nulls[2]);
		values[3] = api_text_datum(problem->message, &nulls[3]);
		api_put_row(fcinfo, values, nulls);
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
	foreach(cell, look_statements(api_text(fcinfo, 0), api_text(fcinfo, 1),
								  settings_read_open(api_options(fcinfo, 2))))
	{
		const LookStatement *statement = lfirst(cell);
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = Int32GetDatum(statement->ordinal);
		values[1] = Int32GetDatum(statement->line);
		values[2] = api_text_datum(statement->text, &nulls[2]);
		values[3] = BoolGetDatum(statement->transactional);
		api_put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/* PlanReceive: returns a row. */
static void
put_plan_item(void *arg, const PlanItem *item)
{
	Datum		values[10];
	bool		nulls[10] = {false};

	values[0] = Int64GetDatum(item->source->version);
	nulls[0] = item->source->repeatable;
	values[1] = api_text_datum(item->source->label, &nulls[1]);
	values[2] = api_text_datum(item->source->environment, &nulls[2]);
	values[3] = Int32GetDatum(item->ordinal);
	nulls[3] = item->ordinal == 0;
	values[4] = Int32GetDatum(item->line);
	nulls[4] = item->line == 0;
	values[5] = api_text_datum(item->statement, &nulls[5]);
	values[6] = BoolGetDatum(item->transactional);
	values[7] = api_text_datum(item->reason, &nulls[7]);
	values[8] = api_text_datum(item->hazard, &nulls[8]);
	values[9] = api_text_datum(item->advice, &nulls[9]);
	api_put_row(arg, values, nulls);
}

/* gooseplus_plan(env text, version bigint, options jsonb): see plan_look() */
Datum
gooseplus_plan(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	plan_look(api_text(fcinfo, 0),
			  PG_ARGISNULL(1) ? PLAN_NO_TARGET : PG_GETARG_INT64(1),
			  api_settings(fcinfo, 2), put_plan_item, fcinfo);
	return (Datum) 0;
}

/* gooseplus_bundle_load(bundle text, directory text): see bundle_load() */
Datum
gooseplus_bundle_load(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(bundle_load(api_text(fcinfo, 0), api_text(fcinfo, 1)));
}

/*
 * gooseplus_create(name text, env text, sequential boolean, options jsonb):
 * see files_create()
 */
Datum
gooseplus_create(PG_FUNCTION_ARGS)
{
	bool		sequential = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);

	PG_RETURN_TEXT_P(cstring_to_text(files_create(api_text(fcinfo, 0),
												  api_text(fcinfo, 1),
												  sequential,
												  api_settings(fcinfo, 3))));
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
	foreach(cell, files_fix(api_text(fcinfo, 0), include_applied,
							api_settings(fcinfo, 1)))
	{
		const FileRename *rename = lfirst(cell);
		Datum		values[2];
		bool		nulls[2] = {false};

		values[0] = api_text_datum(rename->old_label, &nulls[0]);
		values[1] = api_text_datum(rename->new_label, &nulls[1]);
		api_put_row(fcinfo, values, nulls);
	}
	return (Datum) 0;
}

/*
 * gooseplus_repair(version bigint, env text, options jsonb): see
 * repair_version()
 */
Datum
gooseplus_repair(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(repair_version(api_version(fcinfo), api_text(fcinfo, 1),
								  api_settings(fcinfo, 2)));
}

/*
 * gooseplus_register(version bigint, up regprocedure, down regprocedure, name
 * text, env text): see source_function_register()
 */
Datum
gooseplus_register(PG_FUNCTION_ARGS)
{
	source_function_register(api_version(fcinfo),
							 PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1),
							 PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2),
							 api_text(fcinfo, 3),
							 source_one_environment(settings_copy(),
													api_text(fcinfo, 4)));
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
													 api_text(fcinfo, 1));

	PG_RETURN_BOOL(source_function_unregister(api_version(fcinfo),
											  environment));
}
