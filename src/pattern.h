/*-------------------------------------------------------------------------
 *
 * pattern.h
 *	  INSERT statements that differ in nothing but constants.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PATTERN_H
#define GOOSEPLUS_PATTERN_H

#include "lib/stringinfo.h"

typedef struct Pattern
{
	StringInfoData last;		/* of the statement before */
	StringInfoData next;		/* of the one that is being scanned */
	bool		known;			/* does the last one say all that counts? */
	bool		next_known;
	bool		same;			/* are both the same until here? */
} Pattern;

extern void pattern_init(Pattern *pattern);
extern void pattern_add(Pattern *pattern, int code, const char *token);
extern bool pattern_end(Pattern *pattern);

#endif							/* GOOSEPLUS_PATTERN_H */
