/*-------------------------------------------------------------------------
 *
 * linemap.c
 *	  Which line of the file a byte of a statement's text came from.
 *
 * A statement's text is made of whole lines of the file, as a rule one after
 * the other; annotations between them are left out, and a variable may expand
 * to several lines.  Only where the line numbers do not simply go on is there
 * a mark, so that a long statement costs next to nothing; the lines between
 * two marks are counted when somebody asks.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "character.h"
#include "linemap.h"

/*
 * Makes an empty map.
 */
void
linemap_init(LineMap *map)
{
	map->space = 8;
	map->marks = palloc(map->space * sizeof(LineMark));
	linemap_reset(map);
}

/*
 * Forgets all lines and keeps the memory.
 */
void
linemap_reset(LineMap *map)
{
	map->nmarks = 0;
	map->last_line = 0;
}

/*
 * Frees what the map owns.
 */
void
linemap_free(LineMap *map)
{
	pfree(map->marks);
}

/*
 * A line of the file goes into the text at offset.  expanded: it became
 * several lines there.  Lines come in order.
 */
void
linemap_add(LineMap *map, int offset, int line, bool expanded)
{
	LineMark   *mark;
	bool		goes_on;

	goes_on = map->nmarks > 0 && line == map->last_line + 1 &&
		!expanded && !map->marks[map->nmarks - 1].expanded;
	map->last_line = line;
	if (goes_on)
		return;

	if (map->nmarks == map->space)
	{
		map->space *= 2;
		map->marks = repalloc(map->marks, map->space * sizeof(LineMark));
	}
	mark = &map->marks[map->nmarks++];
	mark->offset = offset;
	mark->line = line;
	mark->expanded = expanded;
}

/*
 * Gives the line and the column (in characters) of the file, both from 1, of
 * the byte at offset of text.  On a line with expanded variables the column
 * is that of the expanded line.  The map must not be empty.
 */
void
linemap_locate(const LineMap *map, const char *text, int offset,
			   int *line, int *column)
{
	int			low = 0;
	int			high = map->nmarks - 1;
	const LineMark *mark;
	const char *from;
	const char *newline;
	int			lines = 0;

	/* The last mark at or before offset. */
	while (low < high)
	{
		int			middle = low + (high - low + 1) / 2;

		if (map->marks[middle].offset <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	mark = &map->marks[low];

	/* where most statements begin */
	if (mark->offset == offset)
	{
		*line = mark->line;
		*column = 1;
		return;
	}
	from = text + mark->offset;
	while ((newline = memchr(from, '\n', text + offset - from)) != NULL)
	{
		from = newline + 1;
		lines++;
	}
	*line = mark->line + (mark->expanded ? 0 : lines);
	*column = 1 + character_count(from, text + offset - from);
}
