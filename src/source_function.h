/*-------------------------------------------------------------------------
 *
 * source_function.h
 *	  Database functions registered as migrations.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_FUNCTION_H
#define GOOSEPLUS_SOURCE_FUNCTION_H

#include "source.h"

extern void source_function_collect(SourceSet *set,
									const List *environments);
extern void source_function_register(int64 version, Oid up, Oid down,
									 const char *name,
									 const char *environment);
extern bool source_function_unregister(int64 version, const char *environment);

#endif							/* GOOSEPLUS_SOURCE_FUNCTION_H */
