/*-------------------------------------------------------------------------
 *
 * script_buffer.h
 *	  The lines of one statement, gathered until it is complete.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SCRIPT_BUFFER_H
#define GOOSEPLUS_SCRIPT_BUFFER_H

#include "lexer.h"
#include "line.h"
#include "linemap.h"
#include "script.h"

typedef struct ScriptBuffer
{
	StringInfoData lines;		/* each with its line feed */
	LineMap		map;			/* where they came from */
	Lexer		lexer;
	int			last;			/* where the last line begins */
	size_t		lexed;			/* how far the lexer has come */
	size_t		begin;			/* of the trimmed text */
	size_t		end;
} ScriptBuffer;

extern void script_buffer_init(ScriptBuffer *buffer,
							   bool standard_conforming_strings);
extern void script_buffer_clear(ScriptBuffer *buffer);
extern void script_buffer_free(ScriptBuffer *buffer);
extern void script_buffer_add(ScriptBuffer *buffer, const Line *line);
extern void script_buffer_add_lines(ScriptBuffer *buffer, const char *text,
									size_t length, int line);
extern InterpolateResult script_buffer_expand(ScriptBuffer *buffer,
											  const Line *line,
											  InterpolateLookup lookup,
											  void *lookup_arg,
											  InterpolateProblem *problem);
extern void script_buffer_place_empty(ScriptBuffer *buffer, int line);
extern bool script_buffer_ends_statement(const ScriptBuffer *buffer);
extern LexerInside script_buffer_inside(ScriptBuffer *buffer, size_t *start);
extern bool script_buffer_copies(const ScriptBuffer *buffer);
extern void script_buffer_trim(ScriptBuffer *buffer);
extern void script_buffer_locate(const ScriptBuffer *buffer, size_t offset,
								 int *line, int *column);
extern bool script_buffer_unfinished(ScriptBuffer *buffer,
									 ScriptProblem *problem);

#endif							/* GOOSEPLUS_SCRIPT_BUFFER_H */
