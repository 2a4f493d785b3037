/*-------------------------------------------------------------------------
 *
 * hazards.h
 *	  Dangers that can be seen in commands before they run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HAZARDS_H
#define GOOSEPLUS_HAZARDS_H

#include "hazard.h"
#include "plan_objects.h"

extern List *hazards_find(PlanObjects *objects, const RawStmt *raw);

#endif							/* GOOSEPLUS_HAZARDS_H */
