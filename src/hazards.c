/*-------------------------------------------------------------------------
 *
 * hazards.c
 *	  Dangers that can be seen in commands before they run.
 *
 * All are seen in PostgreSQL's parse tree and the catalogs, never in the
 * text.  They are those of a table that was there before the plan: one that
 * the plan creates is empty and nobody waits for it.  How much a table holds,
 * and whether anybody uses it, is not looked at.
 *
 * Renaming or dropping a table or column is not reported: it is over in a
 * moment, and whether the application still uses the old name cannot be seen.
 *
 * The rules for ALTER TABLE are in hazard_tables.c, those for enum types in
 * hazard_enums.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "storage/lockdefs.h"
#include "utils/lsyscache.h"

#include "atomic_rules.h"
#include "compat.h"
#include "hazard_enums.h"
#include "hazard_tables.h"
#include "hazards.h"

static const char concurrently[] =
"Use CONCURRENTLY, in a file with \"-- +goose NO TRANSACTION\".";

/* Adds the hazard of a command that keeps everybody out of a table. */
static void
add_exclusive(List **hazards, int location, const char *command,
			  const char *does, Oid table, const char *advice)
{
	hazard_add(hazards, location,
			   psprintf("%s %s %s while nobody can read or write it", command,
						does, hazard_relation(table)),
			   advice);
}

/*
 * CREATE INDEX.  On the partitioned table ONLY, and if it is there already, it
 * builds nothing.
 */
static void
judge_index(const PlanObjects *objects, const IndexStmt *stmt, List **hazards)
{
	Oid			table = plan_objects_find(objects, stmt->relation);
	char		kind = OidIsValid(table) ? get_rel_relkind(table) : '\0';

	if (stmt->if_not_exists && OidIsValid(table) &&
		OidIsValid(get_relname_relid(stmt->idxname,
									 get_rel_namespace(table))))
		return;
	if (stmt->concurrent ||
		(kind != RELKIND_RELATION && kind != RELKIND_MATVIEW &&
		 (kind != RELKIND_PARTITIONED_TABLE || !stmt->relation->inh)))
		return;
	hazard_add(hazards, stmt->relation->location,
			   psprintf("CREATE INDEX without CONCURRENTLY lets nobody write to %s until the index is built",
						hazard_relation(table)),
			   kind != RELKIND_PARTITIONED_TABLE ? concurrently :
			   "Create it ON ONLY the table, then on each partition CONCURRENTLY in a file with \"-- +goose NO TRANSACTION\", and attach those by ALTER INDEX ... ATTACH PARTITION.");
}

/* Returns the index of that name if its table was there before the plan. */
static Oid
find_index(const PlanObjects *objects, const RangeVar *name, Oid *table)
{
	Oid			index = plan_objects_find(objects, name);
	char		kind = OidIsValid(index) ? get_rel_relkind(index) : '\0';

	*table = kind == RELKIND_INDEX || kind == RELKIND_PARTITIONED_INDEX ?
		IndexGetRelation(index, true) : InvalidOid;
	return OidIsValid(*table) ? index : InvalidOid;
}

/*
 * DROP INDEX.  That of a partitioned table cannot be dropped concurrently.
 */
static void
judge_drop(const PlanObjects *objects, const DropStmt *stmt, List **hazards)
{
	ListCell   *cell;

	if (stmt->removeType != OBJECT_INDEX || stmt->concurrent)
		return;
	foreach(cell, stmt->objects)
	{
		Oid			table;
		Oid			index = find_index(objects,
									   makeRangeVarFromNameList(lfirst(cell)),
									   &table);

		if (OidIsValid(index) &&
			get_rel_relkind(index) != RELKIND_PARTITIONED_INDEX)
			hazard_add(hazards, -1,
					   psprintf("DROP INDEX without CONCURRENTLY waits for all who use %s, and keeps all others waiting behind it",
								hazard_relation(table)),
					   concurrently);
	}
}

/* REINDEX of an index, a table, or everything in a schema or database. */
static void
judge_reindex(const PlanObjects *objects, const ReindexStmt *stmt,
			  List **hazards)
{
	Oid			table = InvalidOid;
	int			location = stmt->relation == NULL ? -1 :
	stmt->relation->location;

	if (atomic_rules_is_concurrent(unconstify(Node *, (const Node *) stmt)))
		return;
	if (stmt->kind == REINDEX_OBJECT_INDEX)
		(void) find_index(objects, stmt->relation, &table);
	else if (stmt->kind == REINDEX_OBJECT_TABLE)
		table = plan_objects_find(objects, stmt->relation);
	else
	{
		hazard_add(hazards, location,
				   "REINDEX without CONCURRENTLY lets nobody write to each table in turn until its indexes are built",
				   concurrently);
		return;
	}
	if (OidIsValid(table))
		hazard_add(hazards, location,
				   psprintf("REINDEX without CONCURRENTLY lets nobody write to %s, or read by the index, until it is built",
							hazard_relation(table)),
				   concurrently);
}

/* VACUUM FULL, of some tables or of all. */
static void
judge_vacuum(const PlanObjects *objects, const VacuumStmt *stmt,
			 List **hazards)
{
	static const char advice[] =
	"VACUUM without FULL makes the space usable again and locks nobody out.";
	bool		full = false;
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "full") == 0)
			full = defGetBoolean(option);
	}
	if (!full)
		return;
	if (stmt->rels == NIL)
		hazard_add(hazards, -1,
				   "VACUUM FULL rewrites each table while nobody can read or write it",
				   advice);
	foreach(cell, stmt->rels)
	{
		const RangeVar *name = lfirst_node(VacuumRelation, cell)->relation;
		Oid			table = plan_objects_find(objects, name);

		if (OidIsValid(table))
			add_exclusive(hazards, name->location, "VACUUM FULL", "rewrites",
						  table, advice);
	}
}

/* TRUNCATE. */
static void
judge_truncate(const PlanObjects *objects, const TruncateStmt *stmt,
			   List **hazards)
{
	ListCell   *cell;

	foreach(cell, stmt->relations)
	{
		const RangeVar *name = lfirst_node(RangeVar, cell);
		Oid			table = plan_objects_find(objects, name);

		if (OidIsValid(table))
			hazard_add(hazards, name->location,
					   psprintf("TRUNCATE lets nobody read or write %s until the migration ends",
								hazard_relation(table)),
					   "Let it be the last statement of its migration, or DELETE in batches.");
	}
}

/* LOCK TABLE in a mode that readers or writers meet. */
static void
judge_lock(const PlanObjects *objects, const LockStmt *stmt, List **hazards)
{
	ListCell   *cell;

	if (stmt->mode < ShareLock)
		return;
	foreach(cell, stmt->relations)
	{
		const RangeVar *name = lfirst_node(RangeVar, cell);
		Oid			table = plan_objects_find(objects, name);

		if (OidIsValid(table))
			hazard_add(hazards, name->location,
					   psprintf("LOCK TABLE lets nobody %s %s until the migration ends",
								stmt->mode == AccessExclusiveLock ?
								"read or write" : "write to",
								hazard_relation(table)),
					   "Leave the locks to the statements that need them.");
	}
}

/* REFRESH MATERIALIZED VIEW. */
static void
judge_refresh(const PlanObjects *objects, const RefreshMatViewStmt *stmt,
			  List **hazards)
{
	Oid			view = plan_objects_find(objects, stmt->relation);

	if (!stmt->concurrent && OidIsValid(view))
		hazard_add(hazards, stmt->relation->location,
				   psprintf("REFRESH without CONCURRENTLY lets nobody read %s until it is filled",
							hazard_relation(view)),
				   "Use CONCURRENTLY: the view needs a unique index.");
}

/* CLUSTER, or what replaces it from 19 on. */
static void
judge_cluster(const PlanObjects *objects, const Node *node, List **hazards)
{
	const RangeVar *name = compat_clustered_table(node);
	Oid			table = name == NULL ? InvalidOid :
	plan_objects_find(objects, name);

	if (OidIsValid(table))
		add_exclusive(hazards, name->location,
					  atomic_rules_command(node), "rewrites", table,
					  "Nothing does it without the lock: run it when nobody needs the table.");
}

/*
 * Returns the hazards of a command of the plan, as a list of Hazard allocated
 * in the current context, and notes what it would make.
 */
List *
hazards_find(PlanObjects *objects, const RawStmt *raw)
{
	const Node *node = raw->stmt;
	List	   *hazards = NIL;

	switch (nodeTag(node))
	{
		case T_AlterTableStmt:
			hazard_tables_find(objects, (const AlterTableStmt *) node,
							   &hazards);
			break;
		case T_IndexStmt:
			judge_index(objects, (const IndexStmt *) node, &hazards);
			break;
		case T_DropStmt:
			judge_drop(objects, (const DropStmt *) node, &hazards);
			break;
		case T_ReindexStmt:
			judge_reindex(objects, (const ReindexStmt *) node, &hazards);
			break;
		case T_VacuumStmt:
			judge_vacuum(objects, (const VacuumStmt *) node, &hazards);
			break;
		case T_TruncateStmt:
			judge_truncate(objects, (const TruncateStmt *) node, &hazards);
			break;
		case T_LockStmt:
			judge_lock(objects, (const LockStmt *) node, &hazards);
			break;
		case T_RefreshMatViewStmt:
			judge_refresh(objects, (const RefreshMatViewStmt *) node,
						  &hazards);
			break;
		default:
			judge_cluster(objects, node, &hazards);
			break;
	}
	hazard_enums_find(objects, node, &hazards);
	plan_objects_note(objects, node);
	return hazards;
}
