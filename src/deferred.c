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

/*
 * QueryRow: keeps the name of a constraint, as a RangeVar.
 */
static void
keep_name(void *arg, HeapTuple row, TupleDesc desc)
{
	List	  **names = arg;
	bool		isnull;
	char	   *schema = NameStr(*DatumGetName(query_value(row, desc, 1, &isnull)));
	char	   *name = NameStr(*DatumGetName(query_value(row, desc, 2, &isnull)));

	*names = lappend(*names, makeRangeVar(pstrdup(schema), pstrdup(name), -1));
}

/*
 * Runs SET CONSTRAINTS, for all constraints if there are no names.
 */
static void
set_constraints(List *names, bool deferred)
{
	ConstraintsSetStmt *stmt = makeNode(ConstraintsSetStmt);

	stmt->constraints = names;
	stmt->deferred = deferred;
	AfterTriggerSetState(stmt);
}

/*
 * Checks what has been deferred, now; then defers again what is deferred by
 * its definition.  Errors: a constraint is violated.
 */
void
deferred_check(void)
{
	List	   *names = NIL;

	query_run("SELECT DISTINCT n.nspname, c.conname"
			  " FROM pg_catalog.pg_constraint c"
			  " JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.connamespace"
			  " WHERE c.condeferred",
			  SPI_OK_SELECT, 0, NULL, NULL, keep_name, &names);
	set_constraints(NIL, false);
	if (names != NIL)
		set_constraints(names, true);
}
