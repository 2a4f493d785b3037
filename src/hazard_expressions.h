/*-------------------------------------------------------------------------
 *
 * hazard_expressions.h
 *	  What the expressions of ALTER TABLE would do to the rows there are.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HAZARD_EXPRESSIONS_H
#define GOOSEPLUS_HAZARD_EXPRESSIONS_H

#include "plan_objects.h"

extern bool hazard_default_is_volatile(const Node *raw, const TypeName *type);
extern bool hazard_domain_rewrites(const TypeName *type);
extern bool hazard_type_rewrites(Oid table, const char *column,
								 const ColumnDef *definition);
extern bool hazard_null_is_excluded(const PlanObjects *objects, Oid table,
									const char *column);

#endif							/* GOOSEPLUS_HAZARD_EXPRESSIONS_H */
