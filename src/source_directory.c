/*-------------------------------------------------------------------------
 *
 * source_directory.c
 *	  Migrations in a directory of the server: one folder an environment.
 *
 * Each folder is listed once.  A file is looked at only when its text is
 * wanted, or whether it has changed.
 *
 * Where the folders are, and that nothing leads out of the root, is settled in
 * source_folder.c.  What the text means is not known here (see script.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "encoding.h"
#include "filename.h"
#include "report.h"
#include "source_directory.h"
#include "source_folder.h"
#include "source_looks.h"

static const char directory_hint[] =
"Set \"gooseplus.directory\" to the directory that has the folder of each environment; a relative path is under the data directory.";

/* A text of this size and more is worth huge pages. */
#define HUGE_PAGES_MIN	((size_t) 4 * 1024 * 1024)

/*
 * Asks for huge pages behind a large buffer: a file of 32 MB is read in half
 * of the time if its memory does not come in pages of 4 kB.  Most systems give
 * them only to who asks; whether this one does makes no other difference.
 */
#ifdef MADV_HUGEPAGE
static void
ask_for_huge_pages(char *buffer, size_t size)
{
	char	   *first = (char *) TYPEALIGN(sysconf(_SC_PAGESIZE), buffer);

	if (size >= HUGE_PAGES_MIN)
		(void) madvise(first, buffer + size - first, MADV_HUGEPAGE);
}
#else
#define ask_for_huge_pages(buffer, size) ((void) 0)
#endif

/*
 * Fills a buffer with the file's bytes; see directory_read().
 */
static char *
read_open_file(int fd, const char *path, size_t size, size_t *length)
{
	size_t		allocated = size + 2;
	char	   *text = MemoryContextAllocHuge(CurrentMemoryContext, allocated);
	size_t		done = 0;

	ask_for_huge_pages(text, allocated);
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
	const SourceFolder *folder = source->origin;

	return psprintf("%s/%s", folder->path,
					encoding_from_server(source->name, strlen(source->name)));
}

/*
 * SourceRead: returns the bytes of a file.
 */
static char *
directory_read(const Source *source, size_t *length)
{
	char	   *path = file_path(source);
	char	   *resolved = source_folder_resolve(source->origin, path);
	struct stat st;
	char	   *text;
	int			fd;

	/* the path is real by now: a link here was put since, to lead us away */
	fd = OpenTransientFile(resolved, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | PG_BINARY);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not open file \"%s\": %m", path),
				 errhint("%s", source_folder_readable_hint)));
	text = read_open_file(fd, path, st.st_size, length);
	if (CloseTransientFile(fd) != 0)
		ereport(ERROR,
				(report_errcode_for_path(),
				 errmsg("could not close file \"%s\": %m", path)));
	return text;
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
fill_source(Source *source, const SourceFolder *folder, const char *name)
{
	const char *file = file_name(name);
	size_t		length = strlen(file);
	size_t		prefix = 0;
	char	   *label;

	if (folder->environment[0] != '\0')
		prefix = strlen(folder->environment) + 1;
	/* not psprintf(), which tells with a hundred thousand files */
	label = palloc(prefix + length + 1);
	if (prefix > 0)
	{
		memcpy(label, folder->environment, prefix - 1);
		label[prefix - 1] = '/';
	}
	memcpy(label + prefix, file, length + 1);
	source->type = "sql";
	source->environment = folder->environment;
	source->label = label;
	source->name = source->label + prefix;
	source->read = directory_read;
	source->look = source_looks;
	source->origin = unconstify(SourceFolder *, folder);
}

/*
 * Adds the migrations of one folder.
 */
static void
collect_folder(SourceSet *set, const SourceFolder *folder,
			   List **go_migrations)
{
	DIR		   *dir = source_folder_open(folder->path);
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
	char	   *root = source_folder_root(settings->directory, directory_hint);
	ListCell   *cell;

	foreach(cell, environments)
	{
		SourceFolder *folder = source_folder_find(set, root, settings->base_environment,
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

	return source_folder_find(set, source_folder_root(settings->directory, directory_hint),
							  settings->base_environment, environment,
							  ERROR)->path;
}

/* Returns the real path of the folder that a file of a directory is in. */
const char *
source_directory_folder_of(const Source *file)
{
	const SourceFolder *folder = file->origin;

	return folder->path;
}

/*
 * Adds every SQL file of a directory and of its folders to the set, whatever
 * its name, with version 0.  Hidden files and folders are left out.
 */
void
source_directory_files(SourceSet *set, const char *directory)
{
	char	   *root = source_folder_root(directory,
										  "Name a directory of the server; a relative path is under the data directory.");
	List	   *environments = list_make1("");
	ListCell   *cell;
	DIR		   *dir;
	struct dirent *entry;

	foreach(cell, environments)
	{
		const char *environment = lfirst(cell);
		SourceFolder *folder = source_folder_find(set, root, "", environment, ERROR);

		dir = source_folder_open(folder->path);
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
