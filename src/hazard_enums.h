/*-------------------------------------------------------------------------
 *
 * hazard_enums.h
 *	  Enum values that are used in the run that adds them.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HAZARD_ENUMS_H
#define GOOSEPLUS_HAZARD_ENUMS_H

#include "plan_objects.h"

extern void hazard_enums_find(const PlanObjects *objects, const Node *node,
							  List **hazards);

#endif							/* GOOSEPLUS_HAZARD_ENUMS_H */
