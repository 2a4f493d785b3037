/*-------------------------------------------------------------------------
 *
 * gooseplus.c
 *	  Runs goose migrations inside the server: the module itself.
 *
 * A call walks down one staircase, and a file includes only what is below it:
 *
 *	api				SQL functions: unpack, call, return rows
 *	run_atomic, look, check, collect, statement, atomic_rules, deferred
 *	source, source_directory, version_table, migration_lock, trust
 *	settings, report, problem, query, timer, encoding, compat
 *	script, annotation, lexer, interpolate, filename, plan (pure C)
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "settings.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/* Called when the library is loaded. */
void
_PG_init(void)
{
	settings_define();
}
