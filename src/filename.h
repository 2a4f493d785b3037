/*-------------------------------------------------------------------------
 *
 * filename.h
 *	  goose's rule for the names of migration files: NUMBER_name.sql.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_FILENAME_H
#define GOOSEPLUS_FILENAME_H

#include "ground.h"

extern bool filename_is_repeatable(const char *name);
extern bool filename_version(const char *name, int64 *version);
extern bool filename_is_go_migration(const char *name);
extern bool filename_is_timestamp(int64 version);
extern void filename_add_snake_case(StringInfo out, const char *name,
									size_t length);

#endif							/* GOOSEPLUS_FILENAME_H */
