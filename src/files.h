/*-------------------------------------------------------------------------
 *
 * files.h
 *	  Creates migration files, and renames them to sequential versions.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_FILES_H
#define GOOSEPLUS_FILES_H

#include "settings.h"

/* A file that has been renamed. */
typedef struct FileRename
{
	int64		version;		/* the old one */
	int64		new_version;
	bool		applied;		/* recorded in the version table */
	const char *old_label;
	const char *new_label;
	const char *old_path;
	const char *new_path;
} FileRename;

extern char *files_create(const char *name, const char *env, bool sequential,
						  const Settings *settings);
extern List *files_fix(const char *env, bool include_applied,
					   const Settings *settings);

#endif							/* GOOSEPLUS_FILES_H */
