/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  Accepts the file of an applied migration as it now is.
 *
 * The history gets a row with the checksum and the text that the file has now.
 * The rows before it stay: who applied what, and who accepted which change, can
 * be seen later.  A version that goose has applied is known from then on, too.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "checksum.h"
#include "collect.h"
#include "history_table.h"
#include "migration_lock.h"
#include "repair.h"
#include "report.h"
#include "run_begin.h"
#include "run_boundary.h"
#include "stored.h"

/* A call of gooseplus_repair(). */
typedef struct Repair
{
	Run			run;
	RunRequest	request;
	bool		changed;
} Repair;

/*
 * Returns the last row of the version; an error if it is not recorded.
 */
static const VersionRow *
find_row(const VersionRows *rows, int64 version)
{
	for (size_t i = 0; i < rows->nitems; i++)
	{
		if (rows->items[i].version == version)
			return &rows->items[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("version " INT64_FORMAT ": migration not applied", version),
			 errhint("Only what is applied can have changed since: see gooseplus_status().")));
	return NULL;				/* keep compiler quiet */
}

/*
 * Reads the migration.  Errors: its file is not at hand, cannot be read, or is
 * not in goose's format.
 */
static void
read_migration(const Repair *repair, Migration *migration)
{
	const Settings *settings = repair->request.settings;
	SourceSet  *sources = run_collect(&repair->request);
	List	   *problems = NIL;

	memset(migration, 0, sizeof(Migration));
	migration->source = steps_find_source(sources, repair->request.version);
	if (migration->source->called != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is a registered function, and has no file",
						migration->source->label),
				 errdetail("What a function does has no checksum.")));
	if (check_read(migration, &problems))
		check_format(migration, settings, false, &problems);
	if (problems != NIL)
		problem_raise(problems);
	migration->checksum = checksum_migration(migration);
}

/*
 * The repair: what the subtransaction holds.
 */
static void
repair_all(void *arg)
{
	Repair	   *repair = arg;
	const Settings *settings = repair->request.settings;
	int64		version = repair->request.version;
	const VersionRow *recorded;
	const HistoryText *known;
	Migration	migration;
	TrustedTable *history;
	HistoryRow	row = {.event = "repair"};

	migration_lock_take_in_time(settings);
	recorded = find_row(version_table_read(version_table_find(settings,
															  AccessShareLock)),
						version);
	read_migration(repair, &migration);
	history = history_ensure(settings);
	known = history_texts_find(history_texts_read(history), version,
							   recorded->id);
	repair->changed = known == NULL ||
		strcmp(known->checksum, migration.checksum) != 0;
	row.run = repair->run.id;
	row.version = version;
	row.version_row = recorded->id;
	row.source = migration.source->label;
	row.environment = migration.source->environment;
	row.direction = "up";
	row.checksum = migration.checksum;
	row.file_size = migration.stamp.size;
	row.file_changed = migration.stamp.changed;
	row.outcome = "recorded";
	row.started = repair->run.started_at;
	row.ended = true;
	row.duration_ms = report_elapsed(repair->run.started);
	stored_fill(&row, &migration);
	(void) history_add(history, &row);
}

/*
 * Accepts the file of an applied version as it now is.  Returns whether it is
 * another one than the history knew.  Errors: the version is not applied, or
 * its file not at hand; there is no history to write to.
 */
bool
repair_version(int64 version, const char *env, const Settings *settings)
{
	Repair		repair = {0};
	ErrorData  *error;

	run_refuse_unless_atomic("gooseplus_repair");
	if (!settings->history || !settings->versioning)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("gooseplus_repair needs the history"),
				 errhint("Set \"gooseplus.history\" and \"gooseplus.versioning\" to on.")));
	repair.request.function = "gooseplus_repair";
	repair.request.command = COMMAND_APPLY;
	repair.request.version = version;
	repair.request.env = env;
	repair.request.settings = settings;
	steps_refuse_version(&repair.request);
	run_begin(&repair.run, &repair.request, CHECK_LOOK);
	error = report_try(repair_all, &repair);
	run_end(&repair.run);
	if (error != NULL)
		ReThrowError(error);
	return repair.changed;
}
