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
#include "catalog/pg_attribute.h"
#include "commands/defrem.h"
#include "common/jsonapi.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "parser/scanner.h"
#include "storage/lock.h"
#include "storage/smgr.h"
#include "tcop/pquery.h"
#include "utils/guc_tables.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/wait_event.h"

#if PG_VERSION_NUM < 150000
#error "gooseplus needs PostgreSQL 15 or later"
#endif

/*
 * PostgreSQL 18 (commit "Introduce PG_MODULE_MAGIC_EXT macro.") lets a library
 * tell its name and version, to be seen with pg_get_loaded_modules().
 */
#ifdef PG_MODULE_MAGIC_EXT
#define COMPAT_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "gooseplus", .version = GOOSEPLUS_VERSION)
#else
#define COMPAT_MODULE_MAGIC PG_MODULE_MAGIC
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
 * PostgreSQL 18 (commit 3eea7a0c97e9) removed ExecutorRun's execute_once, too.
 */
static inline void
compat_executor_run(QueryDesc *query)
{
#if PG_VERSION_NUM >= 180000
	ExecutorRun(query, ForwardScanDirection, 0);
#else
	ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
}

/*
 * PostgreSQL 19 has a type for what identifies a system cache.
 */
#if PG_VERSION_NUM >= 190000
typedef SysCacheIdentifier CompatCacheId;
#else
typedef int CompatCacheId;
#endif

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
 * PostgreSQL 16 (commit a61b1f74823c) took what a table is checked for out of
 * its range table entry.  First the right to INSERT is asked for alone; what
 * is read of the table adds to that; then everything is checked.
 */
static inline void
compat_require_insert(ParseNamespaceItem *item)
{
#if PG_VERSION_NUM >= 160000
	item->p_perminfo->requiredPerms = ACL_INSERT;
#else
	item->p_rte->requiredPerms = ACL_INSERT;
#endif
}

static inline void
compat_check_insert(ParseState *state, ParseNamespaceItem *item,
					Bitmapset *columns)
{
#if PG_VERSION_NUM >= 160000
	item->p_perminfo->insertedCols = columns;
	(void) ExecCheckPermissions(state->p_rtable, list_make1(item->p_perminfo),
								true);
#else
	item->p_rte->insertedCols = columns;
	(void) ExecCheckRTPerms(state->p_rtable, true);
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
 * Returns the table that CLUSTER, or from 19 on REPACK, writes anew; NULL if
 * the command is another one, names no table, or lets others go on.
 */
static inline const RangeVar *
compat_clustered_table(const Node *node)
{
#if PG_VERSION_NUM >= 190000
	const		RepackStmt *stmt = (const RepackStmt *) node;
	ListCell   *cell;

	if (!IsA(node, RepackStmt) || stmt->relation == NULL)
		return NULL;
	foreach(cell, stmt->params)
	{
		DefElem    *param = lfirst_node(DefElem, cell);

		if (strcmp(param->defname, "concurrently") == 0 &&
			defGetBoolean(param))
			return NULL;
	}
	return stmt->relation->relation;
#else
	return IsA(node, ClusterStmt) ?
		((const ClusterStmt *) node)->relation : NULL;
#endif
}

/*
 * PostgreSQL 18 (commit 83ea6c540) has generated columns that are not stored.
 */
static inline bool
compat_is_stored(const Constraint *generated)
{
#if PG_VERSION_NUM >= 180000
	return generated->generated_kind == ATTRIBUTE_GENERATED_STORED;
#else
	(void) generated;
	return true;
#endif
}

/*
 * PostgreSQL 19's function can say whether the constraints are volatile, too;
 * ADD COLUMN and changes of a type do not make that difference (seen in 19rc1).
 */
static inline bool
compat_domain_has_constraints(Oid type)
{
#if PG_VERSION_NUM >= 190000
	return DomainHasConstraints(type, NULL);
#else
	return DomainHasConstraints(type);
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
