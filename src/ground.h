/*-------------------------------------------------------------------------
 *
 * ground.h
 *	  What every file of the ground floor includes first.
 *
 * The ground floor (annotation, lexer, script, interpolate, filename, plan)
 * is pure C: text in, values or an error code with line and column out.  It
 * allocates with palloc and StringInfo, never calls ereport, and compiles
 * both in the server and, with -DFRONTEND, for unit tests and fuzzing.
 *
 * Nothing that needs the server may be declared here.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_GROUND_H
#define GOOSEPLUS_GROUND_H

#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lib/stringinfo.h"

#endif							/* GOOSEPLUS_GROUND_H */
