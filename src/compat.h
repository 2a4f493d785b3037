/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between PostgreSQL 15 and 19.
 *
 * The only file that names PG_VERSION_NUM.  Each entry says which commit of
 * PostgreSQL made the difference.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_COMPAT_H
#define GOOSEPLUS_COMPAT_H

#include <limits.h>

#include "access/xact.h"
#include "common/jsonapi.h"
#include "nodes/parsenodes.h"
#include "parser/scanner.h"
#include "storage/lock.h"
#include "storage/smgr.h"
#include "tcop/pquery.h"
#include "utils/guc_tables.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM < 150000
#error "gooseplus needs PostgreSQL 15 or later"
#endif

/*
 * PostgreSQL 18 (commit 3eea7a0c97e9) removed PortalRun's run_once.
 */
static inline bool
compat_portal_run(Portal portal, bool top_level, DestReceiver *dest,
				  QueryCompletion *completion)
{
#if PG_VERSION_NUM >= 180000
	return PortalRun(portal, FETCH_ALL, top_level, dest, dest, completion);
#else
	return PortalRun(portal, FETCH_ALL, top_level, true, dest, dest,
					 completion);
#endif
}

/*
 * PostgreSQL 17 (commit c9af05465) lets extensions name their wait events;
 * before, all of them are "Extension".
 */
static inline uint32
compat_wait_event(const char *name)
{
#if PG_VERSION_NUM >= 170000
	return WaitEventExtensionNew(name);
#else
	(void) name;
	return PG_WAIT_EXTENSION;
#endif
}

/*
 * PostgreSQL 17 (commit 1c99cde2f) lets the caller provide the lexing
 * context, and frees what it allocated.
 */
static inline bool
compat_json_is_valid(char *json, int length, int encoding)
{
#if PG_VERSION_NUM >= 170000
	JsonLexContext lex;
	bool		valid;

	makeJsonLexContextCstringLen(&lex, json, length, encoding, false);
	valid = pg_parse_json(&lex, &nullSemAction) == JSON_SUCCESS;
	freeJsonLexContext(&lex);
	return valid;
#else
	JsonLexContext *lex = makeJsonLexContextCstringLen(json, length,
													   encoding, false);

	return pg_parse_json(lex, &nullSemAction) == JSON_SUCCESS;
#endif
}

/*
 * Is it CLUSTER without a table?  PostgreSQL 19 made CLUSTER a form of
 * REPACK (commit "Introduce the REPACK command", 2026-03-10).
 */
static inline bool
compat_is_database_wide_cluster(const Node *node)
{
#if PG_VERSION_NUM >= 190000
	return IsA(node, RepackStmt) &&
		((const RepackStmt *) node)->relation == NULL;
#else
	return IsA(node, ClusterStmt) &&
		((const ClusterStmt *) node)->relation == NULL;
#endif
}

/*
 * PostgreSQL 16 (commit 3057465acfbe) keeps the settings in a hash table, and
 * returns a palloc'd array of them.
 */
static inline struct config_generic **
compat_settings(int *count)
{
#if PG_VERSION_NUM >= 160000
	return get_guc_variables(count);
#else
	*count = GetNumConfigOptions();
	return get_guc_variables();
#endif
}

/*
 * PostgreSQL 17 (commit 5bf748b86bc6) lets the caller ask for stronger modes,
 * too.
 */
static inline bool
compat_lock_is_held(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, false);
#else
	return LockHeldByMe(tag, mode);
#endif
}

/*
 * PostgreSQL 19 (commit "Remove standard_conforming_strings=off", 2026) reads
 * strings in one way only, and its scanner has no settings for that.
 */
static inline void
compat_scan_standard(core_yy_extra_type *extra)
{
#if PG_VERSION_NUM < 190000
	extra->standard_conforming_strings = true;
	extra->escape_string_warning = false;
#else
	(void) extra;
#endif
}

/*
 * Has the client sent other commands before, in the same request?  The first
 * minor releases of 15 cannot tell: they have no such flag.
 */
static inline bool
compat_is_pipelining(void)
{
#ifdef XACT_FLAGS_PIPELINING
	return (MyXactFlags & XACT_FLAGS_PIPELINING) != 0;
#else
	return false;
#endif
}

/*
 * Returns how often this transaction has taken a lock that it holds.  To be
 * told, one takes it once more.  PostgreSQL 18 (commit 6d376c3b0) asks
 * whether to log a failure.
 */
static inline int64
compat_lock_count(const LOCKTAG *tag, LOCKMODE mode)
{
	LOCALLOCK  *lock;
	int64		count;

#if PG_VERSION_NUM >= 180000
	(void) LockAcquireExtended(tag, mode, false, true, true, &lock, false);
#else
	(void) LockAcquireExtended(tag, mode, false, true, true, &lock);
#endif
	count = lock->nLocks - 1;
	(void) LockRelease(tag, mode, false);
	return count;
}

/*
 * Returns the size of a relation's main file, in bytes; 0 if it is not there.
 * PostgreSQL 16 (commit b0a55e43299c) renamed what identifies it, and 17
 * (commit 024c52111757) what says that it is not a temporary one.
 */
static inline int64
compat_file_size(Oid tablespace, Oid database, Oid file)
{
	SMgrRelation relation;

#if PG_VERSION_NUM >= 170000
	RelFileLocator locator = {tablespace, database, file};

	relation = smgropen(locator, INVALID_PROC_NUMBER);
#elif PG_VERSION_NUM >= 160000
	RelFileLocator locator = {tablespace, database, file};

	relation = smgropen(locator, InvalidBackendId);
#else
	RelFileNode node = {tablespace, database, file};

	relation = smgropen(node, InvalidBackendId);
#endif
	if (!smgrexists(relation, MAIN_FORKNUM))
		return 0;
	return (int64) smgrnblocks(relation, MAIN_FORKNUM) * BLCKSZ;
}

#endif							/* GOOSEPLUS_COMPAT_H */
