/*-------------------------------------------------------------------------
 *
 * hazard_tables.h
 *	  Dangers of ALTER TABLE.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HAZARD_TABLES_H
#define GOOSEPLUS_HAZARD_TABLES_H

#include "plan_objects.h"

extern void hazard_tables_find(const PlanObjects *objects,
							   const AlterTableStmt *stmt, List **hazards);

#endif							/* GOOSEPLUS_HAZARD_TABLES_H */
