/*-------------------------------------------------------------------------
 *
 * interpolate.h
 *	  ENVSUB: shell-like expansion of variables in one line of a migration.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_INTERPOLATE_H
#define GOOSEPLUS_INTERPOLATE_H

#include "ground.h"

/*
 * Looks a variable up.  The name is not NUL-terminated.  Returns its value
 * (UTF-8, NUL-terminated, valid until the expansion ends), or NULL when the
 * variable is not set.
 */
typedef const char *(*InterpolateLookup) (void *arg, const char *name, size_t length);

typedef enum InterpolateResult
{
	INTERPOLATE_OK,
	INTERPOLATE_NO_IDENTIFIER,	/* "$" or "${" not followed by a letter */
	INTERPOLATE_NO_OPERATOR,	/* "${name" followed by something unknown */
	INTERPOLATE_NO_CLOSING_BRACE,
	INTERPOLATE_BAD_OFFSET,		/* "${name:x}" */
	INTERPOLATE_BAD_LENGTH,		/* "${name:1:x}" */
	INTERPOLATE_REQUIRED,		/* "${name?message}" and name is not set */
	INTERPOLATE_TOO_DEEP		/* expansions nested beyond our limit */
} InterpolateResult;

typedef struct InterpolateProblem
{
	size_t		offset;			/* byte of the line where the expansion begins */
	char	   *argument;		/* what was found there; the variable's name
								 * for INTERPOLATE_REQUIRED; palloc'd or NULL */
	char	   *message;		/* for INTERPOLATE_REQUIRED, the message in
								 * the file, "not set" when empty; else NULL */
} InterpolateProblem;

extern InterpolateResult interpolate_line(const char *line, size_t length,
										  InterpolateLookup lookup, void *arg,
										  StringInfo out,
										  InterpolateProblem *problem);

#endif							/* GOOSEPLUS_INTERPOLATE_H */
