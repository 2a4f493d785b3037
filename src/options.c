/*-------------------------------------------------------------------------
 *
 * options.c
 *	  The options of one call, and the variables that its files see.
 *
 * Each call takes a JSON object of options.  They go through the server's own
 * settings machinery under a nest level that ends before anything else
 * happens: so an option has the checks, the units and the privileges of the
 * setting of that name, and nothing outside of the call changes.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/numeric.h"

#include "settings.h"

#define SETTINGS_PREFIX "gooseplus."

/* What may be named in the options of a call. */
static const char *const option_names[] = {
	"allow_out_of_order", "base_environment", "bundle", "checksum", "ddl_lock_retries",
	"ddl_lock_timeout", "directory", "drop_concurrently", "exclude_names",
	"exclude_versions", "history", "lock", "lock_id", "lock_table",
	"migration_timeout", "notify_channel", "on_error", "rollback_on_failure",
	"server_environment", "timeout", "variables", "verbose", "version_table",
	"versioning"
};

/*
 * Raises the error for an option whose name is not a setting of ours.
 */
static void
check_option_name(const char *name)
{
	StringInfoData known;

	initStringInfo(&known);
	for (size_t i = 0; i < lengthof(option_names); i++)
	{
		if (strcmp(name, option_names[i]) == 0)
			return;
		appendStringInfo(&known, "%s\"%s\"", i == 0 ? "" : ", ",
						 option_names[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized option \"%s\"", name),
			 errhint("The options are %s.", known.data)));
}

/*
 * Returns the text of a JSON string, number or boolean, palloc'd; NULL for
 * anything else.
 */
static char *
scalar_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "on" : "off");
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	return NULL;
}

/*
 * Returns the members of a JSON array, joined by commas, palloc'd; NULL if it
 * is none, or has members that are no list items.
 */
static char *
array_text(JsonbContainer *array)
{
	StringInfoData text;
	uint32		count = JsonContainerSize(array);

	if (!JsonContainerIsArray(array))
		return NULL;
	initStringInfo(&text);
	for (uint32 i = 0; i < count; i++)
	{
		char	   *item = scalar_text(getIthJsonbValueFromContainer(array, i));

		if (item == NULL || strchr(item, ',') != NULL)
			return NULL;
		appendStringInfo(&text, "%s%s", i > 0 ? "," : "", item);
	}
	return text.data;
}

/*
 * Returns the text of an option's JSON value, palloc'd.
 */
static char *
option_text(const char *name, const JsonbValue *value)
{
	char	   *text = NULL;

	if (value->type != jbvBinary)
		text = scalar_text(value);
	else if (strcmp(name, "variables") == 0)
		text = JsonbToCString(NULL, value->val.binary.data,
							  value->val.binary.len);
	else if (strncmp(name, "exclude_", strlen("exclude_")) == 0)
		text = array_text(value->val.binary.data);
	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\"", name),
				 errdetail("The value of an option is a string, a number or a boolean; variables are an object, and exclusions may be an array of names or versions without commas."),
				 errhint("Leave the option out for the value of the setting \"gooseplus.%s\".",
						 name)));
	return text;
}

/*
 * Error context: says who may set an option that the caller may not.
 */
static void
explain_denied(void *arg)
{
	const char *name = *(char **) arg;

	if (name != NULL && geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE)
		errhint("A superuser sets \"gooseplus.%s\", for example by ALTER DATABASE, or grants SET ON PARAMETER.",
				name);
}

/*
 * Sets each option as if by SET LOCAL, at the caller's current nest level.
 */
static void
apply_options(const Jsonb *options)
{
	ErrorContextCallback context;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example: '{\"timeout\": \"10min\"}'.")));
	context.callback = explain_denied;
	context.arg = &name;
	context.previous = error_context_stack;
	error_context_stack = &context;
	iterator = JsonbIteratorInit(unconstify(JsonbContainer *, &options->root));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			name = pnstrdup(value.val.string.val, value.val.string.len);
			check_option_name(name);
		}
		else if (token == WJB_VALUE)
			(void) set_config_option(psprintf(SETTINGS_PREFIX "%s", name),
									 option_text(name, &value),
									 superuser() ? PGC_SUSET : PGC_USERSET,
									 PGC_S_SESSION, GUC_ACTION_SAVE,
									 true, 0, false);
	}
	error_context_stack = context.previous;
}

/*
 * Returns the settings for one call: those of the session with the call's
 * options on top.  Nothing stays changed.  The result is allocated in the
 * current context.  Errors: an unknown option, a value that the setting does
 * not take, an option that the caller may not set.
 */
Settings *
settings_read(const Jsonb *options)
{
	int			nest_level = NewGUCNestLevel();
	Settings   *settings;

	apply_options(options);
	settings = settings_copy();
	AtEOXact_GUC(false, nest_level);
	return settings;
}

/*
 * Returns the settings for one call, as settings_read() does, whose options
 * may also say how to resume: that goes to *resume, unless the call has said
 * so before.
 */
Settings *
settings_read_resume(const Jsonb *options, const char **resume)
{
	JsonbValue	space;
	JsonbValue *value;

	if (!JB_ROOT_IS_OBJECT(options))
		return settings_read(options);
	value = getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &options->root),
										 "resume", strlen("resume"), &space);
	if (value == NULL)
		return settings_read(options);
	if (*resume == NULL && value->type != jbvNull)
		*resume = option_text("resume", value);
	return settings_read(DatumGetJsonbP(DirectFunctionCall2(jsonb_delete,
															JsonbPGetDatum(options),
															CStringGetTextDatum("resume"))));
}

/*
 * Is the option given in the call?
 */
static bool
is_given(const Jsonb *options, const char *name)
{
	JsonbValue	space;

	return getKeyJsonValueFromContainer(unconstify(JsonbContainer *, &options->root),
										name, strlen(name), &space) != NULL;
}

/*
 * Returns the settings for a call that shows what became of the variables:
 * only what the caller gives in the options counts, as the settings of the
 * session may be hidden from the caller.
 */
Settings *
settings_read_open(const Jsonb *options)
{
	Settings   *settings = settings_read(options);

	if (!is_given(options, "server_environment"))
		settings->server_environment = false;
	if (!is_given(options, "variables"))
		settings->variables =
			DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											   CStringGetDatum("{}")));
	return settings;
}

/*
 * InterpolateLookup: finds a variable of ENVSUB, first in the variables
 * setting, then, where a superuser allowed it, in the server's environment.
 * Values of the setting are in the database's encoding, and returned in UTF-8.
 */
const char *
settings_variable(void *arg, const char *name, size_t length)
{
	Settings   *settings = arg;
	char	   *key = pnstrdup(name, length);
	char	   *local_key = pg_any_to_server(key, length, PG_UTF8);
	JsonbValue	space;
	JsonbValue *value;
	char	   *text;

	value = getKeyJsonValueFromContainer(&settings->variables->root,
										 local_key, strlen(local_key), &space);
	if (value == NULL || value->type == jbvNull)
		return settings->server_environment ? getenv(key) : NULL;
	if (value->type == jbvBinary)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for variable \"%s\"", local_key),
				 errdetail("The value of a variable is a string, a number or a boolean."),
				 errhint("See the setting \"gooseplus.variables\".")));
	if (value->type == jbvBool)
		text = value->val.boolean ? "true" : "false";
	else
		text = scalar_text(value);
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}
