/*-------------------------------------------------------------------------
 *
 * collect.h
 *	  The migrations of a call, and which of them to run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_COLLECT_H
#define GOOSEPLUS_COLLECT_H

#include "plan.h"
#include "source.h"
#include "version_table.h"

extern SourceSet *collect_sources(const Settings *settings, const char *env,
								  bool missing_ok, List **go_migrations);
extern void collect_plan(const SourceSet *sources, const VersionRows *rows,
						 const Settings *settings, int64 target,
						 VersionPlan *plan);
extern int64 *collect_plan_down(const VersionRows *rows, int64 target,
								size_t *nversions);
extern void collect_refuse_out_of_order(const SourceSet *sources,
										const VersionPlan *plan);

#endif							/* GOOSEPLUS_COLLECT_H */
