/*-------------------------------------------------------------------------
 *
 * deferred.c
 *	  Deferred constraints at the end of a migration.
 *
 * Under goose each migration commits, and its deferred constraints are
 * checked then.  In a run of one transaction that would happen at the very
 * end, when nobody knows any more whose rows they were, and until then the
 * tables could not be altered ("pending trigger events").
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_constraint.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/memnodes.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "deferred.h"
#include "query.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* Names of constraints, as RangeVar. */
typedef struct DeferredNames
{
	bool		pending_only;	/* those with events that wait */
	List	   *deferrable;
	List	   *deferred;		/* those deferred by their definition */
} DeferredNames;

/*
 * Has an event of a trigger ever been queued in this transaction?  The server
 * makes the memory for them when the first one is, and frees it at the end of
 * the transaction (afterTriggerAddEvent() of trigger.c, 15 to 19).
 */
static bool
is_any_queued(void)
{
	for (MemoryContext child = TopTransactionContext->firstchild;
		 child != NULL; child = child->nextchild)
	{
		if (strcmp(child->name, "AfterTriggerEvents") == 0)
			return true;
	}
	return false;
}

/*
 * Do events of that table, or of the one it refers to (if it does), wait?
 */
static bool
is_pending(Oid table, Oid other)
{
	return AfterTriggerPendingOnRel(table) ||
		(OidIsValid(other) && AfterTriggerPendingOnRel(other));
}

/*
 * Is there a constraint that can be deferred, with events that wait if only
 * such are wanted?  There seldom is, and the catalog tells that much sooner
 * than a query does: this is asked after each migration.
 */
static bool
is_any_deferrable(bool pending_only)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, Anum_pg_constraint_condeferrable,
				BTEqualStrategyNumber, F_BOOLEQ, BoolGetDatum(true));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		found = !pending_only ||
			is_pending(constraint->conrelid, constraint->confrelid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/*
 * QueryRow: keeps the name of a constraint; if only pending ones are wanted,
 * when the table that has it, or that it refers to, has events that wait.
 */
static void
keep_name(void *arg, TupleTableSlot *row)
{
	DeferredNames *names = arg;
	bool		isnull;
	Oid			table = DatumGetObjectId(query_value(row, 3, &isnull));
	Oid			other = DatumGetObjectId(query_value(row, 4, &isnull));
	RangeVar   *range;

	CHECK_FOR_INTERRUPTS();
	if (names->pending_only && !is_pending(table, other))
		return;
	range = makeRangeVar(pstrdup(NameStr(*DatumGetName(query_value(row, 1, &isnull)))),
						 pstrdup(NameStr(*DatumGetName(query_value(row, 2, &isnull)))),
						 -1);
	names->deferrable = lappend(names->deferrable, range);
	if (DatumGetBool(query_value(row, 5, &isnull)))
		names->deferred = lappend(names->deferred, range);
}

/*
 * Finds the names of the constraints that can be deferred.  Left out are
 * those in schemas that are closed to the caller, and those that share their
 * name with one that cannot be deferred, as SET CONSTRAINTS does not take
 * their names.
 */
static void
find_names(DeferredNames *names)
{
	if (!is_any_deferrable(names->pending_only))
		return;
	query_run("SELECT n.nspname, c.conname, c.conrelid, c.confrelid, c.condeferred"
			  " FROM pg_catalog.pg_constraint c"
			  " JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.connamespace"
			  " WHERE c.condeferrable"
			  " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
			  " AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
			  " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o"
			  " WHERE o.conname" EQUALS "c.conname"
			  " AND o.connamespace" EQUALS "c.connamespace"
			  " AND NOT o.condeferrable)",
			  SPI_OK_SELECT, 0, NULL, NULL, keep_name, names);
}

/*
 * Runs SET CONSTRAINTS.
 */
static void
set_constraints(List *names, bool deferred)
{
	ConstraintsSetStmt *stmt = makeNode(ConstraintsSetStmt);

	if (names == NIL)
		return;
	stmt->constraints = names;
	stmt->deferred = deferred;
	AfterTriggerSetState(stmt);
}

/*
 * Checks the constraints, now, and gives them back the mode that they have by
 * their definition.  By name, because SET CONSTRAINTS ALL would also count
 * for constraints that are yet to be created.
 */
static void
check_and_reset(bool pending_only)
{
	DeferredNames names = {.pending_only = pending_only};

	find_names(&names);
	set_constraints(names.deferrable, false);
	set_constraints(names.deferred, true);
}

/*
 * Checks what has been deferred so far, now.  Only constraints with events
 * that wait are touched: a database can have very many, and a migration that
 * creates tables does not even look for them.  Errors: a constraint is
 * violated.
 */
void
deferred_check(void)
{
	if (is_any_queued())
		check_and_reset(true);
}

/*
 * Gives all constraints the mode that they have by their definition: for a
 * migration that has used SET CONSTRAINTS, which ends with it under goose.
 */
void
deferred_reset(void)
{
	check_and_reset(false);
}

/*
 * Does what SET CONSTRAINTS ALL would, for the constraints that there are.
 * Said by name, it ends with the migration: see deferred_reset().
 */
void
deferred_set_all(bool deferred)
{
	DeferredNames names = {0};

	find_names(&names);
	set_constraints(names.deferrable, deferred);
}
