/*-------------------------------------------------------------------------
 *
 * script_data.h
 *	  What a dump has between its SQL: data of COPY, and commands of psql.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SCRIPT_DATA_H
#define GOOSEPLUS_SCRIPT_DATA_H

#include "line.h"
#include "script.h"
#include "script_buffer.h"

/* Follows the statements of a section that is not read. */
typedef struct ScriptSkipper
{
	bool		asked;			/* is "active" known? */
	bool		active;			/* can there be data at all? */
	ScriptBuffer buffer;		/* the statement so far; raw lines */
} ScriptSkipper;

extern bool script_data_take(LineReader *lines, ScriptData *longest,
							 ScriptData *data);
extern bool script_data_is_restrict(const Line *line);
extern void script_skipper_init(ScriptSkipper *skipper,
								bool standard_conforming_strings);
extern bool script_skipper_is_between(const ScriptSkipper *skipper);
extern bool script_skipper_take(ScriptSkipper *skipper, const LineReader *lines,
								const Line *line);
extern void script_skipper_clear(ScriptSkipper *skipper);
extern void script_skipper_free(ScriptSkipper *skipper);

#endif							/* GOOSEPLUS_SCRIPT_DATA_H */
