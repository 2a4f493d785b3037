/*-------------------------------------------------------------------------
 *
 * gooseplus.c
 *	  Runs goose migrations inside the server: the module itself.
 *
 * A call walks down one staircase, and a file includes only what is below it:
 *
 *	api, api_run	SQL functions: unpack, call, return rows
 *	run_atomic, run_rehearse, run_deploy, launch, wait, look, plan_look, files,
 *	bundle, repair
 *					what a call does
 *	run and its parts, deploy_*, replay, unfinished, steps, repeatable, stored,
 *	changes, check, check_grammar, checksum, pattern, collect, statement,
 *	copy_data, atomic_rules, commit_rules, deploy_rules, deferred, indexes,
 *	languages, rehearsal, watch, hazards and its parts, plan_names, plan_objects
 *					what it is made of
 *	source, source_directory, source_folder, source_looks, source_bundle,
 *	source_function, trust, version_table, history, history_table,
 *	history_text, migration_lock
 *					what is stored
 *	settings, setting_text, options, report, problem, query, query_scan,
 *	query_table, timer, session, client, transaction, extension_version,
 *	encoding, compat
 *					the server's side
 *	script, annotation, lexer, interpolate, filename, plan and their parts
 *					pure C
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "fmgr.h"

#include "compat.h"
#include "settings.h"

COMPAT_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * Called when the library is loaded.  During a parallel operation the server
 * cannot give the settings the values that the session has set before.
 */
void
_PG_init(void)
{
	if (IsInParallelMode() && !IsParallelWorker())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("gooseplus cannot be loaded during a parallel operation"),
				 errhint("Mark functions that call gooseplus as PARALLEL UNSAFE.")));
	settings_define();
}
