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
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"

#include "deferred.h"
#include "query.h"
#include "report.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* How often a constraint may vanish under us before we give up. */
#define DEFERRED_TRIES 3

/* Names of constraints, as RangeVar. */
typedef struct DeferredNames
{
	List	   *deferrable;
	List	   *deferred;		/* those deferred by their definition */
} DeferredNames;

/*
 * QueryRow: keeps the name of a constraint.
 */
static void
keep_name(void *arg, HeapTuple row, TupleDesc desc)
{
	DeferredNames *names = arg;
	bool		isnull;
	char	   *schema = NameStr(*DatumGetName(query_value(row, desc, 1, &isnull)));
	char	   *name = NameStr(*DatumGetName(query_value(row, desc, 2, &isnull)));
	RangeVar   *range = makeRangeVar(pstrdup(schema), pstrdup(name), -1);

	names->deferrable = lappend(names->deferrable, range);
	if (DatumGetBool(query_value(row, desc, 3, &isnull)))
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
 * Checks all constraints that can be deferred, and lets those be deferred
 * again that are so by their definition.  By name: SET CONSTRAINTS ALL would
 * also count for constraints that are yet to be created.  Left to the end of
 * the transaction are constraints in schemas that are closed to the caller,
 * and those that share their name with one that cannot be deferred, as SET
 * CONSTRAINTS does not take their names.
 */
static void
check_now(void *arg)
{
	DeferredNames names = {0};

	query_run("SELECT n.nspname, c.conname, pg_catalog.bool_or(c.condeferred)"
			  " FROM pg_catalog.pg_constraint c"
			  " JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.connamespace"
			  " WHERE c.condeferrable"
			  " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
			  " AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
			  " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o"
			  " WHERE o.conname" EQUALS "c.conname"
			  " AND o.connamespace" EQUALS "c.connamespace"
			  " AND NOT o.condeferrable)"
			  " GROUP BY n.nspname, c.conname",
			  SPI_OK_SELECT, 0, NULL, NULL, keep_name, &names);
	set_constraints(names.deferrable, false);
	set_constraints(names.deferred, true);
}

/*
 * Checks what a migration has deferred, now.  Errors: a constraint is
 * violated.
 */
void
deferred_check(void)
{
	ErrorData  *error;

	/* another session may drop a constraint between our look and its use */
	for (int tries = 1; (error = report_try(check_now, NULL)) != NULL; tries++)
	{
		if (error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT ||
			tries == DEFERRED_TRIES)
			ReThrowError(error);
		CHECK_FOR_INTERRUPTS();
	}
}
