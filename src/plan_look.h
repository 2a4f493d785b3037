/*-------------------------------------------------------------------------
 *
 * plan_look.h
 *	  What a run would do, and where that is dangerous.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PLAN_LOOK_H
#define GOOSEPLUS_PLAN_LOOK_H

#include "check.h"
#include "plan_objects.h"
#include "settings.h"

/*
 * A statement of the plan with one of its hazards, or none; or a migration
 * that has no statement.
 */
typedef struct PlanItem
{
	const Source *source;
	bool		transactional;	/* no NO TRANSACTION in the file */
	int			ordinal;		/* of the statement; 0: the migration has none */
	int			line;			/* of the hazard, or of the statement */
	const char *statement;		/* shortened */
	const char *reason;			/* not to run in a transaction, or NULL */
	const char *hazard;			/* or NULL */
	const char *advice;			/* or NULL */
} PlanItem;

/* Receives an item, which is good until it returns. */
typedef void (*PlanReceive) (void *arg, const PlanItem *item);

extern void plan_look(const char *env, int64 version,
					  const Settings *settings, PlanReceive receive,
					  void *arg);
extern void plan_look_migration(const Migration *migration,
								const Settings *settings,
								PlanObjects *objects, PlanReceive receive,
								void *arg);

#endif							/* GOOSEPLUS_PLAN_LOOK_H */
