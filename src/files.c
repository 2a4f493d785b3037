/*-------------------------------------------------------------------------
 *
 * files.c
 *	  Creates migration files, and renames them to sequential versions, as
 *	  "goose create" and "goose fix" do.
 *
 * Both write to the server's file system, so both need the rights of
 * pg_write_server_files.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "storage/fd.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "collect.h"
#include "encoding.h"
#include "files.h"
#include "filename.h"
#include "history.h"
#include "history_table.h"
#include "migration_lock.h"
#include "source_directory.h"
#include "source_function.h"

/* New files are for everybody to read, as those that goose makes. */
#define FILE_MODE 0644

static const char template[] =
"-- +goose Up\n"
"SELECT 'statements that apply the change';\n"
"\n"
"-- +goose Down\n"
"SELECT 'statements that take it back';\n";

/*
 * Raises an error unless the caller may write files, and there are files.
 */
static void
check_may_write(const char *function, const Settings *settings)
{
	PreventCommandIfReadOnly(psprintf("%s()", function));
	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to write migration files"),
				 errdetail("Only roles with privileges of the \"%s\" role may write files of the server.",
						   "pg_write_server_files")));
	if (settings->bundle[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the migrations of a bundle are not files"),
				 errhint("Set \"gooseplus.bundle\" to an empty string, or use gooseplus_bundle_put.")));
}

/*
 * Returns everything that has a version, in all environments there are: a new
 * version must be free in each of them.
 */
static SourceSet *
all_versions(const Settings *settings)
{
	SourceSet  *set = source_set_create();

	source_function_collect(set, NIL);
	source_directory_files(set, settings->directory);
	for (size_t i = 0; i < set->nitems; i++)
	{
		/* other SQL files keep version 0 */
		if (set->items[i].version == 0)
			(void) filename_version(set->items[i].name,
									&set->items[i].version);
	}
	source_set_sort(set);
	return set;
}

/*
 * Returns the next sequential version: above those of files, of functions,
 * and those that are recorded though their file may be gone.
 */
static int64
next_sequential(const Settings *settings)
{
	SourceSet  *set = all_versions(settings);
	VersionRows *rows = version_table_read(version_table_find(settings,
															  AccessShareLock));
	int64		highest = 0;

	for (size_t i = 0; i < set->nitems; i++)
	{
		if (!filename_is_timestamp(set->items[i].version))
			highest = Max(highest, set->items[i].version);
	}
	for (size_t i = 0; i < rows->nitems; i++)
	{
		if (!filename_is_timestamp(rows->items[i].version))
			highest = Max(highest, rows->items[i].version);
	}
	if (highest == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("no sequential version is left after " INT64_FORMAT,
						highest)));
	return highest + 1;
}

/*
 * Returns the version of a new file, as text: the next number, or the time in
 * UTC, to the second, or the next second that no other file has.
 */
static char *
new_version(bool sequential, const Settings *settings)
{
	SourceSet  *set;
	pg_time_t	now = timestamptz_to_time_t(GetCurrentTimestamp());
	char		text[32];

	if (sequential)
		return psprintf("%05lld", (long long) next_sequential(settings));
	set = all_versions(settings);
	do
	{
		pg_strftime(text, sizeof(text), "%Y%m%d%H%M%S", pg_gmtime(&now));
		now++;
	} while (source_set_find(set, strtoll(text, NULL, 10)) != NULL);
	return pstrdup(text);
}

/*
 * Writes the template into a file that must not be there yet.
 */
static void
write_new_file(const char *path)
{
	ssize_t		length = strlen(template);
	int			fd = OpenTransientFilePerm(path,
										   O_CREAT | O_EXCL | O_WRONLY | PG_BINARY,
										   FILE_MODE);

	if (fd < 0 && errno == EEXIST)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FILE),
				 errmsg("file \"%s\" exists already", path),
				 errhint("Choose another name.")));
	if (fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create file \"%s\": %m", path),
				 errhint("The operating system's user of the server needs the right to write to the folder.")));
	/* the server's umask would keep them from everybody else */
	if (fchmod(fd, FILE_MODE) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not set permissions of file \"%s\": %m",
						path)));
	errno = 0;
	if (write(fd, template, length) != length)
	{
		int			save_errno = errno;

		/* half a migration must not stay; no errno means no disk space */
		(void) unlink(path);
		errno = save_errno == 0 ? ENOSPC : save_errno;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", path)));
	}
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", path)));
}

/*
 * Creates a migration file from a template, in the folder of one environment
 * (NULL: the base).  Returns its label, palloc'd.  Errors: the caller may not
 * write files, the name has no letter or digit, the folder is missing, the
 * file is there already.
 */
char *
files_create(const char *name, const char *env, bool sequential,
			 const Settings *settings)
{
	const char *environment = source_one_environment(settings, env);
	StringInfoData file;
	int			start;

	check_may_write("gooseplus_create", settings);
	initStringInfo(&file);
	appendStringInfo(&file, "%s_", new_version(sequential, settings));
	start = file.len;
	if (name != NULL)
	{
		name = encoding_from_server(name, strlen(name));
		filename_add_snake_case(&file, name, strlen(name));
	}
	if (file.len == start)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of a migration needs a letter or digit"),
				 errhint("For example: gooseplus_create('add orders').")));
	appendStringInfoString(&file, ".sql");
	write_new_file(psprintf("%s/%s",
							source_directory_folder(settings, environment),
							file.data));
	return psprintf("%s%s%s", environment, environment[0] ? "/" : "",
					encoding_to_server(file.data, file.len));
}

/*
 * Returns the renames that fix means, in order: timestamps become the numbers
 * after the highest one.
 */
static List *
plan_renames(const char *env, bool include_applied, const Settings *settings)
{
	SourceSet  *sources = collect_sources(settings, env, false, NULL);
	VersionRows *rows = version_table_read(version_table_find(settings,
															  RowExclusiveLock));
	int64		next = next_sequential(settings);
	List	   *renames = NIL;

	source_set_refuse_duplicates(sources);
	version_rows_sort(rows);
	for (size_t i = 0; i < sources->nitems; i++)
	{
		const Source *source = &sources->items[i];
		const char *rest = strchr(source->name, '_');
		FileRename *rename = palloc0(sizeof(FileRename));
		const char *folder;
		char	   *new_name;

		CHECK_FOR_INTERRUPTS();
		rename->applied = version_rows_find(rows, source->version);
		if (strcmp(source->type, "sql") != 0 ||
			!filename_is_timestamp(source->version) ||
			(rename->applied && !include_applied))
			continue;
		rename->version = source->version;
		rename->new_version = next++;
		new_name = psprintf("%05lld%s", (long long) rename->new_version, rest);
		rename->old_label = source->label;
		rename->new_label = psprintf("%.*s%s",
									 (int) (source->name - source->label),
									 source->label, new_name);
		folder = source_directory_folder_of(source);
		rename->old_path = psprintf("%s/%s", folder,
									encoding_from_server(source->name,
														 strlen(source->name)));
		rename->new_path = psprintf("%s/%s", folder,
									encoding_from_server(new_name,
														 strlen(new_name)));
		renames = lappend(renames, rename);
	}
	return renames;
}

/*
 * Renames the first files of the list back.  Returns the label of one that
 * could not be, or NULL.
 */
static const char *
rename_back(List *renames, int count)
{
	const char *stuck = NULL;

	for (int i = count - 1; i >= 0; i--)
	{
		FileRename *each = list_nth(renames, i);

		if (rename(each->new_path, each->old_path) != 0)
			stuck = each->new_label;
	}
	return stuck;
}

/*
 * Renames all files of the list, or none.
 */
static void
rename_all(List *renames)
{
	ListCell   *cell;

	foreach(cell, renames)
	{
		FileRename *each = lfirst(cell);
		const char *stuck;
		int			save_errno;

		/* link and unlink would not overwrite, but need hard links */
		if (access(each->new_path, F_OK) == 0)
			errno = EEXIST;
		else if (rename(each->old_path, each->new_path) == 0)
			continue;
		save_errno = errno;
		stuck = rename_back(renames, foreach_current_index(cell));
		errno = save_errno;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rename file \"%s\" to \"%s\": %m",
						each->old_label, each->new_label),
				 stuck == NULL ?
				 errdetail("All files have their old names.") :
				 errdetail("File \"%s\" could not be given its old name back.",
						   stuck)));
	}
}

/*
 * Refuses to rename a migration that a deploy has left half done: its journal
 * goes by the version.
 */
static void
refuse_unfinished(List *renames, const Settings *settings)
{
	TrustedTable *history = history_find_readable(settings);
	List	   *unfinished = history == NULL ? NIL : history_unfinished(history);
	ListCell   *cell;
	ListCell   *each;

	foreach(cell, unfinished)
	{
		const HistoryRow *row = lfirst(cell);

		foreach(each, renames)
		{
			if (((FileRename *) lfirst(each))->version == row->version)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("migration %s is half done, and cannot be renamed",
								row->source),
						 errhint("CALL gooseplus_deploy or gooseplus_revert goes on where it stopped.")));
		}
	}
}

/*
 * Renames files with timestamps to sequential versions, in order.  A file
 * whose version is recorded in this database is left alone unless
 * "include_applied": then its record is changed, too.  Returns a list of
 * FileRename, palloc'd.  All files are renamed, or none; but should the
 * caller's transaction not commit, the files keep their new names.
 */
List *
files_fix(const char *env, bool include_applied, const Settings *settings)
{
	List	   *renames;
	TrustedTable *table;
	TrustedTable *history;
	ListCell   *cell;
	int64		highest;

	check_may_write("gooseplus_fix", settings);
	migration_lock_take_in_time(settings);
	renames = plan_renames(env, include_applied, settings);
	refuse_unfinished(renames, settings);
	table = version_table_find(settings, RowExclusiveLock);
	history = include_applied ? history_find(settings) : NULL;
	foreach(cell, renames)
	{
		FileRename *each = lfirst(cell);

		if (!each->applied)
			continue;
		version_table_renumber(table, each->version, each->new_version);
		if (history != NULL)
			history_renumber(history, each->version, each->new_version);
	}
	highest = version_rows_highest(version_table_read(table));
	/* the records can be rolled back, the files cannot: they come last */
	CHECK_FOR_INTERRUPTS();
	rename_all(renames);
	if (renames != NIL &&
		((FileRename *) linitial(renames))->new_version < highest)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("renamed migrations are lower than the database's version " INT64_FORMAT,
						highest),
				 errhint("They are out of order now: set \"gooseplus.allow_out_of_order\" to on to apply them.")));
	return renames;
}
