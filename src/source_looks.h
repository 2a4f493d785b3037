/*-------------------------------------------------------------------------
 *
 * source_looks.h
 *	  A look at many files of folders at once.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_LOOKS_H
#define GOOSEPLUS_SOURCE_LOOKS_H

#include "source.h"

extern void source_looks(const Source *const *sources, size_t count,
						 SourceStamp *stamps);

#endif							/* GOOSEPLUS_SOURCE_LOOKS_H */
