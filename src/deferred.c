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

#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "deferred.h"
#include "query.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* Names of constraints with pending events, as RangeVar. */
typedef struct DeferredNames
{
	List	   *deferrable;
	List	   *deferred;		/* those deferred by their definition */
} DeferredNames;

/*
 * QueryRow: keeps the name of a constraint, if the table that has it, or that
 * it refers to, has events that wait.
 */
static void
keep_pending(void *arg, HeapTuple row, TupleDesc desc)
{
	DeferredNames *names = arg;
	bool		isnull;
	Oid			table = DatumGetObjectId(query_value(row, desc, 3, &isnull));
	Oid			other = DatumGetObjectId(query_value(row, desc, 4, &isnull));
	RangeVar   *range;

	if (!AfterTriggerPendingOnRel(table) &&
		!(OidIsValid(other) && AfterTriggerPendingOnRel(other)))
		return;
	range = makeRangeVar(pstrdup(NameStr(*DatumGetName(query_value(row, desc, 1, &isnull)))),
						 pstrdup(NameStr(*DatumGetName(query_value(row, desc, 2, &isnull)))),
						 -1);
	names->deferrable = lappend(names->deferrable, range);
	if (DatumGetBool(query_value(row, desc, 5, &isnull)))
		names->deferred = lappend(names->deferred, range);
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
 * Checks what has been deferred so far, now, and lets those constraints be
 * deferred again that are so by their definition.  Errors: a constraint is
 * violated.
 *
 * By name, because SET CONSTRAINTS ALL would also count for constraints that
 * are yet to be created; and only where events wait, because a database can
 * have very many constraints.  Left to the end of the transaction are
 * constraints in schemas that are closed to the caller, and those that share
 * their name with one that cannot be deferred, as SET CONSTRAINTS does not
 * take their names.
 */
void
deferred_check(void)
{
	DeferredNames names = {0};

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
			  SPI_OK_SELECT, 0, NULL, NULL, keep_pending, &names);
	set_constraints(names.deferrable, false);
	set_constraints(names.deferred, true);
}
