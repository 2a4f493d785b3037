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
 * Defers again what is deferred by its definition.  A name that a constraint
 * which cannot be deferred has, too, cannot be given to SET CONSTRAINTS; nor
 * can one in a schema that is closed to the caller.
 */
static void
defer_again(void *arg)
{
	List	   *names = NIL;

	query_run("SELECT DISTINCT n.nspname, c.conname"
			  " FROM pg_catalog.pg_constraint c"
			  " JOIN pg_catalog.pg_namespace n ON n.oid" EQUALS "c.connamespace"
			  " WHERE c.condeferred"
			  " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
			  " AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
			  " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o"
			  " WHERE o.conname" EQUALS "c.conname"
			  " AND o.connamespace" EQUALS "c.connamespace"
			  " AND NOT o.condeferrable)",
			  SPI_OK_SELECT, 0, NULL, NULL, keep_name, &names);
	if (names != NIL)
		set_constraints(names, true);
}

/*
 * Checks what has been deferred, now; then defers again what is deferred by
 * its definition.  Errors: a constraint is violated.
 */
void
deferred_check(void)
{
	ErrorData  *error;

	set_constraints(NIL, false);
	/* another session may drop a constraint between our look and its use */
	while ((error = report_try(defer_again, NULL)) != NULL)
	{
		if (error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT)
			ReThrowError(error);
		CHECK_FOR_INTERRUPTS();
	}
}
