/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings gooseplus.*, and what one call makes of them.
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

#include <limits.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "compat.h"
#include "settings.h"

#define SETTINGS_PREFIX "gooseplus."

static char *setting_directory;
static char *setting_base_environment;
static char *setting_version_table;
static int	setting_timeout;
static int	setting_migration_timeout;
static bool setting_lock;
static char *setting_lock_id;
static bool setting_lock_table;
static bool setting_allow_out_of_order;
static int	setting_on_error;
static int	setting_drop_concurrently;
static char *setting_variables;
static bool setting_server_environment;
static bool setting_verbose;

static const struct config_enum_entry on_error_options[] = {
	{"raise", ON_ERROR_RAISE, false},
	{"return", ON_ERROR_RETURN, false},
	{NULL, 0, false}
};

static const struct config_enum_entry drop_concurrently_options[] = {
	{"new_tables", DROP_CONCURRENTLY_NEW_TABLES, false},
	{"always", DROP_CONCURRENTLY_ALWAYS, false},
	{"never", DROP_CONCURRENTLY_NEVER, false},
	{NULL, 0, false}
};

/* What may be named in the options of a call. */
static const char *const option_names[] = {
	"allow_out_of_order", "base_environment", "directory",
	"drop_concurrently", "lock", "lock_id", "lock_table",
	"migration_timeout", "on_error", "server_environment", "timeout",
	"variables", "verbose", "version_table"
};

/*
 * Splits a table name, optionally qualified by a schema, as SQL reads it.
 * Returns a list of one or two palloc'd strings, or NIL if it is not a name.
 */
static List *
parse_table_name(const char *name)
{
	List	   *names;

	if (!SplitIdentifierString(pstrdup(name), '.', &names) ||
		list_length(names) < 1 || list_length(names) > 2)
		return NIL;
	return names;
}

static bool
check_directory(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0')
		return true;
	GUC_check_errdetail("The directory must be named.");
	return false;
}

static bool
check_base_environment(char **newval, void **extra, GucSource source)
{
	if (**newval != '.' && strchr(*newval, '/') == NULL &&
		strchr(*newval, ',') == NULL)
		return true;
	GUC_check_errdetail("An environment is the name of one folder: no slash, no comma, and no dot at its start.");
	return false;
}

static bool
check_version_table(char **newval, void **extra, GucSource source)
{
	if (parse_table_name(*newval) != NIL)
		return true;
	GUC_check_errdetail("The version table is a name, optionally with a schema: \"goose_db_version\" or \"app.goose_db_version\".");
	return false;
}

/*
 * Reads a bigint; settings of the server's own have no such type.
 */
static bool
parse_lock_id(const char *text, int64 *id)
{
	char	   *end;
	long long	value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*id = (int64) value;
	return true;
}

static bool
check_lock_id(char **newval, void **extra, GucSource source)
{
	int64		id;

	if (parse_lock_id(*newval, &id))
		return true;
	GUC_check_errdetail("The lock id is a bigint.");
	return false;
}

/*
 * Checks that the text is one JSON object; whether its members can serve as
 * variables is seen when they are read, as only that can raise an error.
 */
static bool
check_variables(char **newval, void **extra, GucSource source)
{
	const char *first = *newval + strspn(*newval, " \t\r\n");

	if (*first == '{' &&
		compat_json_is_valid(*newval, strlen(*newval), GetDatabaseEncoding()))
		return true;
	GUC_check_errdetail("The variables are a JSON object, such as {\"REGION\": \"eu\"}.");
	return false;
}

/*
 * Defines the settings where migrations come from, and whose variables they
 * see.
 */
static void
define_source_settings(void)
{
	DefineCustomStringVariable("gooseplus.directory",
							   "Root of the migrations on the server.",
							   "A relative path is under the data directory.",
							   &setting_directory, "sql",
							   PGC_SUSET, 0, check_directory, NULL, NULL);
	DefineCustomStringVariable("gooseplus.base_environment",
							   "Folder that every environment gets.",
							   "Empty: the root itself.",
							   &setting_base_environment, "base",
							   PGC_USERSET, 0,
							   check_base_environment, NULL, NULL);
	DefineCustomStringVariable("gooseplus.variables",
							   "Variables for ENVSUB, as a JSON object.",
							   "They win over the server's environment.",
							   &setting_variables, "{}",
							   PGC_USERSET, GUC_SUPERUSER_ONLY | GUC_NO_SHOW_ALL,
							   check_variables, NULL, NULL);
	DefineCustomBoolVariable("gooseplus.server_environment",
							 "Lets ENVSUB read the server's environment.",
							 NULL,
							 &setting_server_environment, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
}

/*
 * Defines the settings of the version table and the lock.
 */
static void
define_record_settings(void)
{
	DefineCustomStringVariable("gooseplus.version_table",
							   "Name of goose's version table.",
							   "It may be qualified by a schema.",
							   &setting_version_table, "goose_db_version",
							   PGC_USERSET, 0,
							   check_version_table, NULL, NULL);
	DefineCustomBoolVariable("gooseplus.lock",
							 "Takes goose's advisory lock for each run.",
							 NULL,
							 &setting_lock, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("gooseplus.lock_id",
							   "Key of the advisory lock, a bigint.",
							   "The default is goose's own.",
							   &setting_lock_id, "4097083626",
							   PGC_USERSET, 0, check_lock_id, NULL, NULL);
	DefineCustomBoolVariable("gooseplus.lock_table",
							 "Also locks the row of the lock table, as the Go library gooseplus does.",
							 NULL,
							 &setting_lock_table, false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

/*
 * Defines the settings of the run itself.
 */
static void
define_run_settings(void)
{
	DefineCustomIntVariable("gooseplus.timeout",
							"Time limit of a run, waiting for the lock included.",
							"0 means no limit.",
							&setting_timeout, 5 * 60 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("gooseplus.migration_timeout",
							"Time limit of one migration.",
							"0 means no limit.",
							&setting_migration_timeout, 60 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomBoolVariable("gooseplus.allow_out_of_order",
							 "Applies versions lower than the highest one applied.",
							 NULL,
							 &setting_allow_out_of_order, false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("gooseplus.on_error",
							 "Whether a failed run raises its error or returns it in its rows.",
							 NULL,
							 &setting_on_error, ON_ERROR_RAISE,
							 on_error_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("gooseplus.drop_concurrently",
							 "Where CONCURRENTLY is dropped in a run of one transaction.",
							 NULL,
							 &setting_drop_concurrently,
							 DROP_CONCURRENTLY_NEW_TABLES,
							 drop_concurrently_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("gooseplus.verbose",
							 "A NOTICE for each statement, not only for each migration.",
							 NULL,
							 &setting_verbose, false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

/*
 * Defines all settings; called once, when the library is loaded.
 */
void
settings_define(void)
{
	define_source_settings();
	define_record_settings();
	define_run_settings();
	MarkGUCPrefixReserved("gooseplus");
}

/*
 * Raises the error for an option whose name is not a setting of ours.
 */
static void
check_option_name(const char *name)
{
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < lengthof(option_names); i++)
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
 * Returns the text of an option's JSON value, palloc'd.
 */
static char *
option_text(const char *name, const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "on" : "off");
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	if (value->type == jbvBinary && strcmp(name, "variables") == 0)
		return JsonbToCString(NULL, value->val.binary.data,
							  value->val.binary.len);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%s\"", name),
			 errdetail("The value of an option is a string, a number or a boolean.")));
	return NULL;				/* keep compiler quiet */
}

/*
 * Sets each option as if by SET LOCAL, at the caller's current nest level.
 */
static void
apply_options(const Jsonb *options)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object"),
				 errhint("For example: '{\"timeout\": \"10min\"}'.")));
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
}

/*
 * Reads what the settings are now.  All is palloc'd in the current context.
 */
static Settings *
copy_settings(void)
{
	Settings   *settings = palloc0(sizeof(Settings));

	settings->directory = pstrdup(setting_directory);
	settings->base_environment = pstrdup(setting_base_environment);
	settings->version_table = parse_table_name(setting_version_table);
	settings->timeout = setting_timeout;
	settings->migration_timeout = setting_migration_timeout;
	settings->lock = setting_lock;
	if (!parse_lock_id(setting_lock_id, &settings->lock_id))
		elog(ERROR, "invalid lock id \"%s\"", setting_lock_id);
	settings->lock_table = setting_lock_table;
	settings->allow_out_of_order = setting_allow_out_of_order;
	settings->on_error = setting_on_error;
	settings->drop_concurrently = setting_drop_concurrently;
	settings->variables =
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
										   CStringGetDatum(setting_variables)));
	settings->server_environment = setting_server_environment;
	settings->verbose = setting_verbose;
	return settings;
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
	settings = copy_settings();
	AtEOXact_GUC(false, nest_level);
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
		text = option_text("variables", value);
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}
