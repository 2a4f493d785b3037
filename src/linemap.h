/*-------------------------------------------------------------------------
 *
 * linemap.h
 *	  Which line of the file a byte of a statement's text came from.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LINEMAP_H
#define GOOSEPLUS_LINEMAP_H

#include "ground.h"

/*
 * From this byte of the text on, each line of the text is one of the file.
 */
typedef struct LineMark
{
	int			offset;
	int			line;			/* of the file */
	bool		expanded;		/* or all of them are that one line */
} LineMark;

typedef struct LineMap
{
	LineMark   *marks;			/* by offset; palloc'd */
	int			nmarks;
	int			space;			/* marks there is memory for */
	int			last_line;		/* of the file, added last */
} LineMap;

extern void linemap_init(LineMap *map);
extern void linemap_reset(LineMap *map);
extern void linemap_add(LineMap *map, int offset, int line, bool expanded);
extern void linemap_locate(const LineMap *map, const char *text, int offset,
						   int *line, int *column);
extern void linemap_free(LineMap *map);

#endif							/* GOOSEPLUS_LINEMAP_H */
