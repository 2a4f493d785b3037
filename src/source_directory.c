/*-------------------------------------------------------------------------
 *
 * source_directory.c
 *	  Migrations in a directory of the server: one folder an environment.
 *
 * Each folder is listed once.  A file is looked at only when its text is
 * wanted; then its real path must lie below the real path of the root, and it
 * must be an ordinary file.  Symbolic links are followed as long as they stay
 * below the root: mounted config maps are made of them.
 *
 * What the text means is not known here (see script.c).
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
#include "utils/timestamp.h"

#include "encoding.h"
#include "filename.h"
#include "report.h"
#include "source_directory.h"

/* How many folders the warning about a missing one names. */
#define FOLDER_LIST_MAX 20

static const char readable_hint[] =
"The operating system's user of the server must be able to read it, and to enter all folders above it.";

static const char directory_hint[] =
"Set \"gooseplus.directory\" to the directory that has the folder of each environment; a relative path is under the data directory.";

/* One environment's folder. */
typedef struct DirectoryFolder
{
	const char *root;			/* real path of the root */
	const char *path;			/* real path of the folder */
	const char *environment;	/* "" for the root itself */
} DirectoryFolder;

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
static char *
resolve_root(const char *directory, const char *hint)
{
	const char *path = directory;
	char	   *root;

	if (!is_absolute_path(directory))
		path = psprintf("%s/%s", DataDir, directory);
	root = real_path(path);
	if (root == NULL)
	{
		if (errno == EACCES)
			hint = readable_hint;
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
static DIR *
open_folder(const char *path)
{
	DIR		   *dir = AllocateDir(path);

	if (dir == NULL)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not open directory \"%s\": %m", path),
				 errhint("%s", readable_hint)));
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
	DIR		   *dir = open_folder(root);
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
static DirectoryFolder *
find_folder(const SourceSet *set, const char *root, const char *base,
			const char *environment, int missing_level)
{
	DirectoryFolder *folder = palloc(sizeof(DirectoryFolder));
	const char *path = root;

	folder->root = root;
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
				 errhint("%s", readable_hint)));
	if (!is_below(root, folder->path))
		refuse_outside(path);
	return folder;
}

/*
 * Fills a buffer with the file's bytes; see directory_read().
 */
static char *
read_open_file(int fd, const char *path, size_t size, size_t *length)
{
	size_t		allocated = size + 2;
	char	   *text = MemoryContextAllocHuge(CurrentMemoryContext, allocated);
	size_t		done = 0;

	for (;;)
	{
		ssize_t		count;

		CHECK_FOR_INTERRUPTS();
		/* one byte is for the end of the text, one to see that of the file */
		if (done + 1 >= allocated)
		{
			allocated += 8192;
			text = repalloc_huge(text, allocated);
		}
		count = read(fd, text + done,
					 Min(allocated - done - 1, (size_t) 64 * 1024 * 1024));
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			ereport(ERROR,
					(report_errcode_for_path(),
					 errmsg("could not read file \"%s\": %m", path)));
		if (count == 0)
			break;
		done += count;
	}
	text[done] = '\0';
	*length = done;
	return text;
}

/* Returns the path of a file, palloc'd. */
static char *
file_path(const Source *source)
{
	const DirectoryFolder *folder = source->origin;

	return psprintf("%s/%s", folder->path,
					encoding_from_server(source->name, strlen(source->name)));
}

/*
 * SourceRead: returns the bytes of a file.
 */
static char *
directory_read(const Source *source, size_t *length)
{
	const DirectoryFolder *folder = source->origin;
	char	   *path = file_path(source);
	char	   *resolved = path;
	struct stat st;
	char	   *text;
	int			fd;

	/* the path of the folder is real; so is this one if it is no link */
	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
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
	/* the path is real by now: a link here was put since, to lead us away */
	fd = OpenTransientFile(resolved, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | PG_BINARY);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not open file \"%s\": %m", path),
				 errhint("%s", readable_hint)));
	text = read_open_file(fd, path, st.st_size, length);
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not close file \"%s\": %m", path)));
	return text;
}

/*
 * SourceLook: size and time of a file.  Whether it may be read is seen when
 * that is done.
 */
static bool
directory_look(const Source *source, SourceStamp *stamp)
{
	char	   *path = file_path(source);
	struct stat st;
	bool		found = stat(path, &st) == 0;

	pfree(path);
	if (!found)
		return false;
	stamp->size = st.st_size;
	/* st_mtim is the same for all files of many images */
	stamp->changed = time_t_to_timestamptz(st.st_ctim.tv_sec) +
		st.st_ctim.tv_nsec / 1000;
	return true;
}

/*
 * Returns the name of a file in the database's encoding.
 */
static char *
file_name(const char *name)
{
	size_t		offset;

	if (encoding_check(name, strlen(name), &offset) != ENCODING_OK)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("name of a migration file cannot be used in this database"),
				 errdetail("The name of version %.20s... is not UTF-8, or has no equivalent in the database's encoding.",
						   pnstrdup(name, strspn(name, "+0123456789")))));
	return encoding_to_server(name, strlen(name));
}

/*
 * Fills in what a migration is whose file is in a folder.
 */
static void
fill_source(Source *source, const DirectoryFolder *folder, const char *name)
{
	size_t		prefix = 0;

	if (folder->environment[0] != '\0')
		prefix = strlen(folder->environment) + 1;
	source->type = "sql";
	source->environment = folder->environment;
	source->label = psprintf("%s%s%s", folder->environment,
							 prefix > 0 ? "/" : "", file_name(name));
	source->name = source->label + prefix;
	source->read = directory_read;
	source->look = directory_look;
	source->origin = unconstify(DirectoryFolder *, folder);
}

/*
 * Adds the migrations of one folder.
 */
static void
collect_folder(SourceSet *set, const DirectoryFolder *folder,
			   List **go_migrations)
{
	DIR		   *dir = open_folder(folder->path);
	struct dirent *entry;

	while ((entry = ReadDir(dir, folder->path)) != NULL)
	{
		int64		version;

		CHECK_FOR_INTERRUPTS();
		if (filename_version(entry->d_name, &version))
		{
			Source	   *source = source_set_add(set);

			source->version = version;
			fill_source(source, folder, entry->d_name);
		}
		else if (filename_is_repeatable(entry->d_name))
			fill_source(source_set_add_repeatable(set), folder, entry->d_name);
		else if (go_migrations != NULL &&
				 filename_is_go_migration(entry->d_name))
			*go_migrations = lappend(*go_migrations,
									 psprintf("%s%s%s", folder->environment,
											  folder->environment[0] ? "/" : "",
											  file_name(entry->d_name)));
	}
	FreeDir(dir);
}

/*
 * Adds the migrations of the environments to the set, and the names of Go
 * migrations, which cannot run here, to the list if one is given.  All is
 * allocated in the current context.  Errors: the root is missing, or a folder
 * cannot be read.  A missing folder is only a warning if "missing_ok", as in
 * the Go library gooseplus.
 */
void
source_directory_collect(SourceSet *set, const Settings *settings,
						 const List *environments, bool missing_ok,
						 List **go_migrations)
{
	char	   *root = resolve_root(settings->directory, directory_hint);
	ListCell   *cell;

	foreach(cell, environments)
	{
		DirectoryFolder *folder = find_folder(set, root, settings->base_environment,
											  lfirst(cell),
											  missing_ok ? WARNING : ERROR);

		if (folder != NULL)
			collect_folder(set, folder, go_migrations);
	}
}

/*
 * Returns the real path of the folder of an environment, palloc'd.
 */
const char *
source_directory_folder(const Settings *settings, const char *environment)
{
	SourceSet  *set = source_set_create();

	return find_folder(set, resolve_root(settings->directory, directory_hint),
					   settings->base_environment, environment,
					   ERROR)->path;
}

/* Returns the real path of the folder that a file of a directory is in. */
const char *
source_directory_folder_of(const Source *file)
{
	const DirectoryFolder *folder = file->origin;

	return folder->path;
}

/*
 * Adds every SQL file of a directory and of its folders to the set, whatever
 * its name, with version 0.  Hidden files and folders are left out.
 */
void
source_directory_files(SourceSet *set, const char *directory)
{
	char	   *root = resolve_root(directory,
									"Name a directory of the server; a relative path is under the data directory.");
	List	   *environments = list_make1("");
	ListCell   *cell;
	DIR		   *dir;
	struct dirent *entry;

	foreach(cell, environments)
	{
		const char *environment = lfirst(cell);
		DirectoryFolder *folder = find_folder(set, root, "", environment, ERROR);

		dir = open_folder(folder->path);
		while ((entry = ReadDir(dir, folder->path)) != NULL)
		{
			const char *suffix = strrchr(entry->d_name, '.');
			struct stat st;

			CHECK_FOR_INTERRUPTS();
			/* what mkfs puts into the root of a volume is not ours */
			if (entry->d_name[0] == '.' ||
				strcmp(entry->d_name, "lost+found") == 0)
				continue;
			if (suffix != NULL && strcmp(suffix, ".sql") == 0)
				fill_source(source_set_add(set), folder, entry->d_name);
			else if (environment[0] == '\0' &&
					 stat(psprintf("%s/%s", root, entry->d_name), &st) == 0 &&
					 S_ISDIR(st.st_mode))
				environments = lappend(environments,
									   pstrdup(file_name(entry->d_name)));
		}
		FreeDir(dir);
	}
}
