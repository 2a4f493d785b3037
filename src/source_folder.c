/*-------------------------------------------------------------------------
 *
 * source_folder.c
 *	  The folders of migrations on the server, one an environment.
 *
 * The real path of a folder, and of each file in it, must lie below the real
 * path of the root.  Symbolic links are followed as long as they stay there:
 * mounted config maps are made of them.
 *
 * Which files are migrations, and their text, is not known here (see
 * source_directory.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "encoding.h"
#include "filename.h"
#include "report.h"
#include "source_folder.h"

/* How many folders the warning about a missing one names. */
#define FOLDER_LIST_MAX 20

const char	source_folder_readable_hint[] =
"The operating system's user of the server must be able to read it, and to enter all folders above it.";

/*
 * Returns the real path, palloc'd, or NULL with errno set.
 */
static char *
real_path(const char *path)
{
	char		resolved[PATH_MAX];

	return realpath(path, resolved) == NULL ? NULL : pstrdup(resolved);
}

/* Is the real path the root's, or below it? */
static bool
is_below(const char *root, const char *path)
{
	size_t		length = strlen(root);

	if (strcmp(root, "/") == 0)
		return true;
	return strncmp(path, root, length) == 0 &&
		(path[length] == '\0' || path[length] == '/');
}

/*
 * Raises the error for a path that leads out of the root.
 */
static void
refuse_outside(const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("\"%s\" leads out of the directory of migrations", path),
			 errdetail("Its real path is not below the real path of the directory."),
			 errhint("Keep the target of a symbolic link inside of the setting \"gooseplus.directory\".")));
}

/*
 * Returns the real path of the root, palloc'd.  The hint is for the error.
 */
char *
source_folder_root(const char *directory, const char *hint)
{
	const char *path = directory;
	char	   *root;

	if (!is_absolute_path(directory))
		path = psprintf("%s/%s", DataDir, directory);
	root = real_path(path);
	if (root == NULL)
	{
		if (errno == EACCES)
			hint = source_folder_readable_hint;
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not find the directory of migrations \"%s\": %m",
						path),
				 errhint("%s", hint)));
	}
	return root;
}

/*
 * Opens a folder for ReadDir().
 */
DIR *
source_folder_open(const char *path)
{
	DIR		   *dir = AllocateDir(path);

	if (dir == NULL)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not open directory \"%s\": %m", path),
				 errhint("%s", source_folder_readable_hint)));
	return dir;
}

/* list_sort()'s comparison of two strings. */
static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * Returns the names of the root's folders, for a warning, palloc'd.  Are there
 * migrations beside them?
 */
static char *
list_folders(const char *root, bool *has_migrations)
{
	DIR		   *dir = source_folder_open(root);
	struct dirent *entry;
	List	   *folders = NIL;
	ListCell   *cell;
	StringInfoData names;

	while ((entry = ReadDir(dir, root)) != NULL)
	{
		struct stat st;
		size_t		offset;
		int64		version;

		CHECK_FOR_INTERRUPTS();
		if (filename_version(entry->d_name, &version))
			*has_migrations = true;
		if (entry->d_name[0] == '.' ||
			encoding_check(entry->d_name, strlen(entry->d_name), &offset) != ENCODING_OK ||
			stat(psprintf("%s/%s", root, entry->d_name), &st) != 0 ||
			!S_ISDIR(st.st_mode))
			continue;
		folders = lappend(folders, pstrdup(entry->d_name));
	}
	FreeDir(dir);
	list_sort(folders, compare_names);
	initStringInfo(&names);
	foreach(cell, folders)
	{
		const char *name = lfirst(cell);

		if (foreach_current_index(cell) == FOLDER_LIST_MAX)
		{
			appendStringInfoString(&names, ", ...");
			break;
		}
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 encoding_to_server(name, strlen(name)));
	}
	return names.data;
}

/*
 * Returns the folder of an environment, palloc'd.  If there is none, that is
 * a warning, and NULL, or an error, as the level says; nothing is said if the
 * set has migrations of the environment that need no folder.  Files beside the
 * folders may be the reason where it is the base environment.
 */
SourceFolder *
source_folder_find(const SourceSet *set, const char *root, const char *base,
				   const char *environment, int missing_level)
{
	SourceFolder *folder = palloc(sizeof(SourceFolder));
	const char *path = root;

	folder->root = root;
	folder->fd = -1;
	folder->environment = environment;
	if (environment[0] != '\0')
		path = psprintf("%s/%s", root,
						encoding_from_server(environment,
											 strlen(environment)));
	folder->path = real_path(path);
	if (folder->path == NULL && errno == ENOENT)
	{
		bool		has_migrations = false;
		char	   *folders = list_folders(root, &has_migrations);

		source_missing_environment(set, environment,
								   psprintf("directory \"%s\"", root),
								   folders,
								   has_migrations && strcmp(environment, base) == 0,
								   missing_level);
		return NULL;
	}
	if (folder->path == NULL)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not access directory \"%s\": %m", path),
				 errhint("%s", source_folder_readable_hint)));
	if (!is_below(root, folder->path))
		refuse_outside(path);
	return folder;
}

/*
 * Returns the real path of a file in a folder, palloc'd, or the path given.
 * Errors: there is no ordinary file, or it is not below the root.
 */
char *
source_folder_resolve(const SourceFolder *folder, char *path)
{
	char	   *resolved;
	struct stat st;

	/* the path of the folder is real; so is this one if it is no link */
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	resolved = real_path(path);
	if (resolved == NULL || stat(resolved, &st) != 0)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not access file \"%s\": %m", path)));
	if (!is_below(folder->root, resolved))
		refuse_outside(path);
	if (!S_ISREG(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", path)));
	return resolved;
}

/* MemoryContextCallbackFunction: closes the folder's descriptor. */
static void
close_fd(void *arg)
{
	SourceFolder *folder = arg;

	close(folder->fd);
	ReleaseExternalFD();
}

/*
 * Looks at a file of a folder; the name is in the file system's encoding.
 * Returns false if it cannot be looked at.  The folder stays open until its
 * memory goes: from there a file is found in three quarters of the time that
 * its whole path takes.
 */
bool
source_folder_look(SourceFolder *folder, const char *name, struct stat *st)
{
	if (folder->fd < 0)
	{
		if (!AcquireExternalFD())
			return false;
		folder->fd = BasicOpenFile(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder->fd < 0)
		{
			ReleaseExternalFD();
			return false;
		}
		folder->close_fd.func = close_fd;
		folder->close_fd.arg = folder;
		MemoryContextRegisterResetCallback(GetMemoryChunkContext(folder),
										   &folder->close_fd);
	}
	return fstatat(folder->fd, name, st, 0) == 0;
}
