/*-------------------------------------------------------------------------
 *
 * plan_objects.h
 *	  What the commands of a plan, which do not run, would have made so far.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PLAN_OBJECTS_H
#define GOOSEPLUS_PLAN_OBJECTS_H

#include "nodes/parsenodes.h"

typedef struct PlanObjects PlanObjects;

/* When something was made, seen from the command at hand. */
typedef enum PlanTime
{
	PLAN_NOT_HERE,				/* not by this plan */
	PLAN_EARLIER,				/* in a transaction that a deploy ends first */
	PLAN_SAME_TRANSACTION		/* even for a deploy */
} PlanTime;

extern PlanObjects *plan_objects_create(void);
extern void plan_objects_begin(PlanObjects *objects, bool transactional);
extern void plan_objects_note(PlanObjects *objects, const Node *node);
extern Oid	plan_objects_find(const PlanObjects *objects,
							  const RangeVar *name);
extern PlanTime plan_objects_constraint(const PlanObjects *objects, Oid table,
										const char *name);
extern bool plan_objects_is_validated(const PlanObjects *objects, Oid table,
									  const char *name);
extern bool plan_objects_proves(const PlanObjects *objects, Oid table,
								const char *column);
extern bool plan_objects_has_values(const PlanObjects *objects);
extern PlanTime plan_objects_value(const PlanObjects *objects, Oid type,
								   const char *value);

#endif							/* GOOSEPLUS_PLAN_OBJECTS_H */
