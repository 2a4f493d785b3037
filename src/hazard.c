/*-------------------------------------------------------------------------
 *
 * hazard.c
 *	  A danger that can be seen in a command before it runs.
 *
 * Which commands are dangerous is not known here (see hazards.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "hazard.h"
#include "report.h"

/*
 * Adds a hazard to the list, palloc'd; the strings are not copied.
 */
void
hazard_add(List **hazards, int location, const char *message,
		   const char *advice)
{
	Hazard	   *hazard = palloc(sizeof(Hazard));

	hazard->location = location;
	hazard->message = message;
	hazard->advice = advice;
	*hazards = lappend(*hazards, hazard);
}

/*
 * Calls the function in an internal subtransaction.  An error of what it looks
 * at leaves the question open; one that is not the plan's fault is raised.
 */
void
hazard_try(void (*function) (void *), void *arg)
{
	ErrorData  *error = report_try(function, arg);

	if (error != NULL &&
		(error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		 ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES))
		ReThrowError(error);
}

/*
 * Returns what a relation is, and its name as SQL has it, palloc'd; with its
 * schema if the search path does not find it.  No lock is held on it, so it
 * can be gone by now.
 */
const char *
hazard_relation(Oid relation)
{
	const char *name = get_rel_name(relation);
	const char *kind = get_rel_relkind(relation) == RELKIND_MATVIEW ?
	"materialized view" : "table";

	if (name == NULL)
		return psprintf("%s %u", kind, relation);
	return psprintf("%s %s", kind,
					quote_qualified_identifier(RelationIsVisible(relation) ?
											   NULL : get_namespace_name(get_rel_namespace(relation)),
											   name));
}
