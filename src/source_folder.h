/*-------------------------------------------------------------------------
 *
 * source_folder.h
 *	  The folders of migrations on the server.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_FOLDER_H
#define GOOSEPLUS_SOURCE_FOLDER_H

#include <dirent.h>
#include <sys/stat.h>

#include "utils/palloc.h"

#include "source.h"

/* One environment's folder. */
typedef struct SourceFolder
{
	const char *root;			/* real path of the root */
	const char *path;			/* real path of the folder */
	const char *environment;	/* "" for the root itself */
	int			fd;				/* of the folder, once a file is looked at */
	MemoryContextCallback close_fd;
	int			number;			/* for who looks at many files */
} SourceFolder;

extern const char source_folder_readable_hint[];

extern char *source_folder_root(const char *directory, const char *hint);
extern DIR *source_folder_open(const char *path);
extern SourceFolder *source_folder_find(const SourceSet *set, const char *root,
										const char *base,
										const char *environment,
										int missing_level);
extern char *source_folder_resolve(const SourceFolder *folder, char *path);
extern bool source_folder_look(SourceFolder *folder, const char *name,
							   struct stat *st);

#endif							/* GOOSEPLUS_SOURCE_FOLDER_H */
