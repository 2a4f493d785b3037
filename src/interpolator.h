/*-------------------------------------------------------------------------
 *
 * interpolator.h
 *	  What the two files that implement interpolate.h share.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_INTERPOLATOR_H
#define GOOSEPLUS_INTERPOLATOR_H

#include "interpolate.h"

typedef struct Interpolator
{
	const char *line;
	size_t		length;
	size_t		at;				/* next byte to read */
	int			depth;			/* expansions open */
	InterpolateLookup lookup;
	void	   *lookup_arg;
	InterpolateProblem *problem;
	InterpolateResult cut;		/* an expansion cut a character in two, which
								 * matters if nothing mends it */
	size_t		cut_offset;		/* where that expansion begins */
	const char *cut_number;		/* the number that cut */
	size_t		cut_length;		/* of that */
} Interpolator;

extern const char *interpolate_value(Interpolator *ip, const char *name,
									 size_t name_length, size_t *length);
extern InterpolateResult interpolate_fail(Interpolator *ip,
										  InterpolateResult result,
										  size_t offset, const char *argument,
										  size_t argument_length);
extern bool interpolate_at(const Interpolator *ip, char byte);
extern InterpolateResult interpolate_substring(Interpolator *ip, size_t start,
											   const char *name,
											   size_t name_length,
											   StringInfo out);

#endif							/* GOOSEPLUS_INTERPOLATOR_H */
