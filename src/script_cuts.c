/*-------------------------------------------------------------------------
 *
 * script_cuts.c
 *	  Where the statements of a file stand, so that they are found once only.
 *
 * A migration is read for its format, for its checksum, for its grammar, and
 * when it runs.  Most of the work is to follow the lexical structure, and it
 * comes to the same each time.  So the first reader notes which lines of the
 * file are a statement, and a later one that comes to the first of them takes
 * them all.
 *
 * Only statements are noted that stand in the file byte by byte as they are
 * handed out; script.c decides which do.  The others are read again.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "script_cuts.h"

/*
 * Makes an empty list, in the current memory context.  The setting is the one
 * that the file is going to be read with.
 */
void
script_cuts_init(ScriptCuts *cuts, bool standard_conforming_strings)
{
	memset(cuts, 0, sizeof(*cuts));
	cuts->space = 8;
	cuts->items = palloc(cuts->space * sizeof(ScriptCut));
	cuts->standard_conforming_strings = standard_conforming_strings;
}

/*
 * Notes a statement behind those that have been noted.
 */
void
script_cuts_add(ScriptCuts *cuts, size_t begin, size_t end)
{
	if (end > PG_UINT32_MAX)
		return;
	if (cuts->nitems == cuts->space)
	{
		cuts->space *= 2;
		cuts->items = repalloc(cuts->items, cuts->space * sizeof(ScriptCut));
	}
	cuts->items[cuts->nitems].begin = (uint32) begin;
	cuts->items[cuts->nitems].end = (uint32) end;
	cuts->nitems++;
}

/*
 * The file has been read: from now on the list is used.  What it does not need
 * of its memory is given back.
 */
void
script_cuts_complete(ScriptCuts *cuts)
{
	cuts->space = Max(cuts->nitems, 1);
	cuts->items = repalloc(cuts->items, cuts->space * sizeof(ScriptCut));
	cuts->complete = true;
}

/*
 * Returns the statement that has been noted for this place, or NULL.  *next is
 * the caller's, who begins with 0 and asks for places in ascending order.
 */
const ScriptCut *
script_cuts_find(const ScriptCuts *cuts, uint32 *next, size_t at)
{
	while (*next < cuts->nitems && cuts->items[*next].begin < at)
		(*next)++;
	return *next < cuts->nitems && cuts->items[*next].begin == at ?
		&cuts->items[*next] : NULL;
}
