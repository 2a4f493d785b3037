/*-------------------------------------------------------------------------
 *
 * plan_names.h
 *	  Which tables the names in the commands of a plan mean.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PLAN_NAMES_H
#define GOOSEPLUS_PLAN_NAMES_H

#include "nodes/parsenodes.h"

typedef struct PlanNames PlanNames;

extern PlanNames *plan_names_create(void);
extern Oid	plan_names_find(const PlanNames *names, const RangeVar *name);
extern void plan_names_note(PlanNames *names, const Node *node);

#endif							/* GOOSEPLUS_PLAN_NAMES_H */
