/*-------------------------------------------------------------------------
 *
 * reading.h
 *	  All that script.c gives for a text in one direction, kept for targets to
 *	  check and compare.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_READING_H
#define GOOSEPLUS_READING_H

#include "fuzz.h"

#include "script.h"

#define READING_NOTES (SCRIPT_NOTE_RESTRICT + 1)

typedef struct ReadingStatement
{
	char	   *text;			/* a copy */
	size_t		length;
	int			line;			/* of the file */
	int			column;
	int			cut_line;		/* after which it was complete */
	int			vetoes;			/* cuts that the lexer refused in it */
	ScriptData	data;			/* in the text that was read */
} ReadingStatement;

typedef struct Reading
{
	ReadingStatement *statements;
	int			nstatements;
	ScriptNext	end;			/* SCRIPT_END or SCRIPT_FAILED */
	ScriptError error;
	InterpolateResult interpolate;
	int			error_line;
	int			error_column;
	bool		transactional;
	ScriptDown	down;			/* if it was read to its end */
	int			notes[READING_NOTES];	/* how many of each kind */
	int			last_note;		/* line of the last one */
	int			vetoes;			/* since the last statement */
} Reading;

extern void reading_make(Reading *reading, const char *text, size_t length,
						 ScriptDirection direction,
						 const ScriptOptions *options);
extern void reading_make_down(Reading *reading, const char *text, size_t length,
							  const ScriptDown *down,
							  const ScriptOptions *options);
extern void reading_free(Reading *reading);
extern bool reading_same_statement(const ReadingStatement *a,
								   const ReadingStatement *b);
extern bool reading_same_statements(const Reading *a, const Reading *b);
extern bool reading_same(const Reading *a, const Reading *b);

#endif							/* GOOSEPLUS_READING_H */
