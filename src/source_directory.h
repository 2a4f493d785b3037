/*-------------------------------------------------------------------------
 *
 * source_directory.h
 *	  Migrations in a directory of the server.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_DIRECTORY_H
#define GOOSEPLUS_SOURCE_DIRECTORY_H

#include "source.h"

extern void source_directory_collect(SourceSet *set, const Settings *settings,
									 const List *environments,
									 bool missing_ok,
									 List **go_migrations);

extern const char *source_directory_folder(const Settings *settings,
										   const char *environment);
extern const char *source_directory_folder_of(const Source *file);
extern void source_directory_files(SourceSet *set, const char *directory);

#endif							/* GOOSEPLUS_SOURCE_DIRECTORY_H */
