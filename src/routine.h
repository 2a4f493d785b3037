/*-------------------------------------------------------------------------
 *
 * routine.h
 *	  Finds the SQL-standard bodies of functions: BEGIN ATOMIC ... END.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_ROUTINE_H
#define GOOSEPLUS_ROUTINE_H

#include "ground.h"

/* How much of CREATE [OR REPLACE] FUNCTION ... BEGIN ATOMIC has been seen. */
typedef enum RoutineStep
{
	ROUTINE_START,				/* no token of the statement yet */
	ROUTINE_CREATE,
	ROUTINE_OR,
	ROUTINE_REPLACE,
	ROUTINE_HEADER,				/* FUNCTION or PROCEDURE was there */
	ROUTINE_BEGIN,				/* and the last token was BEGIN */
	ROUTINE_OTHER				/* this statement has no such body */
} RoutineStep;

typedef struct Routine
{
	RoutineStep step;
	size_t		bodies;			/* open, one in the other */
	size_t		body;			/* place of the outermost one's BEGIN */
	size_t		begin;			/* of the BEGIN seen last */
} Routine;

extern void routine_token(Routine *routine, size_t at, const char *word,
						  size_t length, bool in_parentheses);
extern void routine_semicolon(Routine *routine);

#endif							/* GOOSEPLUS_ROUTINE_H */
