/*-------------------------------------------------------------------------
 *
 * line.h
 *	  The lines of a migration file, as goose sees them.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LINE_H
#define GOOSEPLUS_LINE_H

#include "ground.h"

typedef struct Line
{
	const char *text;			/* without its end */
	size_t		length;
	size_t		indent;			/* bytes of white space in front */
	bool		comment;		/* "--" comes first */
	bool		too_long;		/* for the goose command */
	int			number;			/* in the file, from 1 */
} Line;

typedef struct LineReader
{
	const char *text;			/* the file */
	size_t		length;
	size_t		at;				/* where the next line begins */
	int			number;			/* of the line read last */
} LineReader;

extern bool line_open(LineReader *reader, const char *text, size_t length);
extern void line_skip(LineReader *reader, size_t to);
extern bool line_next(LineReader *reader, Line *line);
extern bool line_ends_statement(const char *text, size_t length);

#endif							/* GOOSEPLUS_LINE_H */
