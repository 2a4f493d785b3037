/*-------------------------------------------------------------------------
 *
 * copy_command.h
 *	  Finds the command COPY ... FROM stdin among the tokens of a text.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_COPY_COMMAND_H
#define GOOSEPLUS_COPY_COMMAND_H

#include "ground.h"

/* How much of COPY table FROM stdin has been seen. */
typedef enum CopyCommandStep
{
	COPY_COMMAND_START,			/* no token of the command yet */
	COPY_COMMAND_TABLE,			/* COPY was there, FROM or TO not yet */
	COPY_COMMAND_DOT,			/* and the last token was a dot */
	COPY_COMMAND_FROM,			/* the last token was FROM */
	COPY_COMMAND_OTHER			/* nothing more to see */
} CopyCommandStep;

typedef struct CopyCommand
{
	CopyCommandStep step;
	bool		found;			/* COPY ... FROM stdin was there */
} CopyCommand;

extern void copy_command_token(CopyCommand *copy, const char *word,
							   size_t length, bool in_parentheses);
extern void copy_command_dot(CopyCommand *copy, bool in_parentheses);
extern void copy_command_semicolon(CopyCommand *copy);

#endif							/* GOOSEPLUS_COPY_COMMAND_H */
