/*-------------------------------------------------------------------------
 *
 * hazard.h
 *	  A danger that can be seen in a command before it runs.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HAZARD_H
#define GOOSEPLUS_HAZARD_H

#include "nodes/pg_list.h"

typedef struct Hazard
{
	int			location;		/* byte of the statement, -1: not known */
	const char *message;
	const char *advice;			/* the safer way */
} Hazard;

extern void hazard_add(List **hazards, int location, const char *message,
					   const char *advice);
extern void hazard_try(void (*function) (void *), void *arg);
extern const char *hazard_relation(Oid relation);

#endif							/* GOOSEPLUS_HAZARD_H */
