/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings gooseplus.*: their definitions, checks and values.
 *
 * How their texts are read is not here (see setting_text.c), nor what one call
 * makes of them (see options.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "compat.h"
#include "setting_text.h"
#include "settings.h"

static char *setting_directory;
static char *setting_base_environment;
static char *setting_bundle;
static char *setting_version_table;
static int	setting_timeout;
static int	setting_migration_timeout;
static bool setting_lock;
static char *setting_lock_id;
static bool setting_lock_table;
static bool setting_allow_out_of_order;
static bool setting_versioning;
static char *setting_exclude_names;
static char *setting_exclude_versions;
static int	setting_on_error;
static int	setting_drop_concurrently;
static bool setting_history;
static int	setting_checksum;
static bool setting_rollback_on_failure;
static int	setting_ddl_lock_timeout;
static int	setting_ddl_lock_retries;
static char *setting_notify_channel;
static char *setting_variables;
static bool setting_server_environment;
static bool setting_verbose;

static const struct config_enum_entry on_error_options[] = {
	{"raise", ON_ERROR_RAISE, false},
	{"return", ON_ERROR_RETURN, false},
	{NULL, 0, false}
};

static const struct config_enum_entry checksum_options[] = {
	{"off", CHECKSUM_OFF, false},
	{"warn", CHECKSUM_WARN, false},
	{"error", CHECKSUM_ERROR, false},
	{NULL, 0, false}
};

static const struct config_enum_entry drop_concurrently_options[] = {
	{"new_tables", DROP_CONCURRENTLY_NEW_TABLES, false},
	{"always", DROP_CONCURRENTLY_ALWAYS, false},
	{"never", DROP_CONCURRENTLY_NEVER, false},
	{NULL, 0, false}
};

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
	if (setting_text_table(*newval) != NIL)
		return true;
	GUC_check_errdetail("The version table is a name, optionally with a schema: \"goose_db_version\" or \"app.goose_db_version\".");
	return false;
}

static bool
check_lock_id(char **newval, void **extra, GucSource source)
{
	int64		id;

	if (setting_text_bigint(*newval, &id))
		return true;
	GUC_check_errdetail("The lock id is a bigint.");
	return false;
}

static bool
check_exclude_versions(char **newval, void **extra, GucSource source)
{
	List	   *versions;

	if (setting_text_versions(*newval, &versions))
		return true;
	GUC_check_errdetail("The versions are numbers above 0, separated by commas.");
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

	if (*first == '{' && setting_text_is_shallow(*newval) &&
		compat_json_is_valid(*newval, strlen(*newval), GetDatabaseEncoding()))
		return true;
	GUC_check_errdetail("The variables are a JSON object, such as {\"REGION\": \"eu\"}.");
	return false;
}

static bool
check_notify_channel(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name of a channel has at most %d bytes.",
						NAMEDATALEN - 1);
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
	DefineCustomStringVariable("gooseplus.bundle",
							   "Bundle to take the migrations from, instead of the directory.",
							   NULL,
							   &setting_bundle, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
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
	DefineCustomBoolVariable("gooseplus.history",
							 "Keeps a history of runs and migrations beside the version table.",
							 "Off: for a caller that may not create the table.",
							 &setting_history, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("gooseplus.checksum",
							 "What an applied migration means whose file has changed.",
							 NULL,
							 &setting_checksum, CHECKSUM_WARN,
							 checksum_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("gooseplus.notify_channel",
							   "Channel to notify of each run and each migration of a deploy.",
							   "Empty: none.",
							   &setting_notify_channel, "",
							   PGC_USERSET, 0,
							   check_notify_channel, NULL, NULL);
}

/*
 * Defines the settings of deploys.
 */
static void
define_deploy_settings(void)
{
	DefineCustomBoolVariable("gooseplus.rollback_on_failure",
							 "A failed deploy returns to the version it started from.",
							 "Off: it stays at the last migration that succeeded.",
							 &setting_rollback_on_failure, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("gooseplus.ddl_lock_timeout",
							"How long a migration of a deploy waits for one lock before it is undone and tried again.",
							"0 means without limit. A rehearsal waits as long, or 2 s if it is 0, and ends.",
							&setting_ddl_lock_timeout, 0, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("gooseplus.ddl_lock_retries",
							"How often a migration that could not get a lock is tried again.",
							NULL,
							&setting_ddl_lock_retries, 10, 0, INT_MAX,
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
	DefineCustomBoolVariable("gooseplus.versioning",
							 "Records what is applied; off: runs files in order and records nothing.",
							 NULL,
							 &setting_versioning, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("gooseplus.exclude_names",
							   "Names of files to leave out, separated by commas.",
							   NULL,
							   &setting_exclude_names, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("gooseplus.exclude_versions",
							   "Versions to leave out, separated by commas.",
							   NULL,
							   &setting_exclude_versions, "",
							   PGC_USERSET, 0,
							   check_exclude_versions, NULL, NULL);
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
	define_deploy_settings();
	MarkGUCPrefixReserved("gooseplus");
}

/*
 * Error context: which setting could not be read.
 */
static void
describe_variables(void *arg)
{
	errcontext("setting \"gooseplus.variables\"");
}

/*
 * Returns the variables, palloc'd.  Errors: jsonb does not take them, although
 * they are JSON.
 */
static Jsonb *
copy_variables(void)
{
	ErrorContextCallback callback;
	Jsonb	   *variables;

	callback.callback = describe_variables;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	variables = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												   CStringGetDatum(setting_variables)));
	error_context_stack = callback.previous;
	return variables;
}

/*
 * Returns what the settings are now, palloc'd in the current context.
 */
Settings *
settings_copy(void)
{
	Settings   *settings = palloc0(sizeof(Settings));

	settings->directory = pstrdup(setting_directory);
	settings->base_environment = pstrdup(setting_base_environment);
	settings->bundle = pstrdup(setting_bundle);
	settings->version_table = setting_text_table(setting_version_table);
	settings->timeout = setting_timeout;
	settings->migration_timeout = setting_migration_timeout;
	settings->lock = setting_lock;
	if (!setting_text_bigint(setting_lock_id, &settings->lock_id))
		elog(ERROR, "invalid lock id \"%s\"", setting_lock_id);
	settings->lock_table = setting_lock_table;
	settings->allow_out_of_order = setting_allow_out_of_order;
	settings->versioning = setting_versioning;
	settings->exclude_names = setting_text_list(setting_exclude_names);
	if (!setting_text_versions(setting_exclude_versions, &settings->exclude_versions))
		elog(ERROR, "invalid versions \"%s\"", setting_exclude_versions);
	settings->on_error = setting_on_error;
	settings->drop_concurrently = setting_drop_concurrently;
	settings->history = setting_history;
	settings->checksum = setting_checksum;
	settings->rollback_on_failure = setting_rollback_on_failure;
	settings->ddl_lock_timeout = setting_ddl_lock_timeout;
	settings->ddl_lock_retries = setting_ddl_lock_retries;
	settings->notify_channel = pstrdup(setting_notify_channel);
	settings->variables = copy_variables();
	settings->server_environment = setting_server_environment;
	settings->verbose = setting_verbose;
	return settings;
}
