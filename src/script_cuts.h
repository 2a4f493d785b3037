/*-------------------------------------------------------------------------
 *
 * script_cuts.h
 *	  Where the statements of a file stand, so that they are found once only.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SCRIPT_CUTS_H
#define GOOSEPLUS_SCRIPT_CUTS_H

#include "ground.h"

/* The lines of a statement: bytes of the file, the last line's end included. */
typedef struct ScriptCut
{
	uint32		begin;
	uint32		end;
} ScriptCut;

typedef struct ScriptCuts
{
	ScriptCut  *items;			/* ascending; palloc'd */
	uint32		nitems;
	uint32		space;			/* items there is memory for */
	bool		complete;		/* the file has been read to its end */
	bool		standard_conforming_strings;	/* as it was read */
} ScriptCuts;

extern void script_cuts_init(ScriptCuts *cuts, bool standard_conforming_strings);
extern void script_cuts_complete(ScriptCuts *cuts);

#endif							/* GOOSEPLUS_SCRIPT_CUTS_H */
