/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  Which migrations to run: a pure function on versions.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PLAN_H
#define GOOSEPLUS_PLAN_H

#include "ground.h"

/* "No target": apply everything there is, as goose's math.MaxInt64 does. */
#define PLAN_NO_TARGET PG_INT64_MAX

typedef enum PlanResult
{
	PLAN_OK,
	PLAN_OUT_OF_ORDER			/* versions below the highest applied are not
								 * applied, and that is not allowed */
} PlanResult;

typedef struct PlanInput
{
	const int64 *available;		/* versions at hand, in any order, distinct */
	size_t		navailable;
	const int64 *applied;		/* versions recorded, in any order; row 0 and
								 * repeated rows are harmless */
	size_t		napplied;
	int64		target;			/* last version wanted, or PLAN_NO_TARGET */
	bool		allow_out_of_order;
} PlanInput;

typedef struct VersionPlan
{
	PlanResult	result;
	int64		current;		/* highest version recorded, 0 if none */
	int64	   *versions;		/* to apply, ascending; palloc'd */
	size_t		nversions;
	int64	   *missing;		/* out-of-order versions up to the target,
								 * ascending; palloc'd; filled in when they
								 * are allowed, too */
	size_t		nmissing;
} VersionPlan;

extern int64 *plan_down(const int64 *applied, size_t napplied, int64 target,
						size_t *nversions);
extern PlanResult plan_up(const PlanInput *input, VersionPlan *plan);

#endif							/* GOOSEPLUS_PLAN_H */
