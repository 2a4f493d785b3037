/*-------------------------------------------------------------------------
 *
 * lexer.h
 *	  Is this point of an SQL text inside something that a cut would break?
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LEXER_H
#define GOOSEPLUS_LEXER_H

#include "copy_command.h"
#include "routine.h"

/* The innermost thing that is open. */
typedef enum LexerInside
{
	LEXER_NOTHING,
	LEXER_STRING,
	LEXER_IDENTIFIER,
	LEXER_DOLLAR_QUOTE,
	LEXER_COMMENT,
	LEXER_PARENTHESIS,
	LEXER_BODY					/* BEGIN ATOMIC */
} LexerInside;

/* What the next byte belongs to. */
typedef enum LexerMode
{
	LEXER_MODE_CODE,
	LEXER_MODE_PLAIN,			/* string whose quotes are doubled */
	LEXER_MODE_ESCAPED,			/* the same, and with backslashes */
	LEXER_MODE_BITS,			/* string without any way to write a quote */
	LEXER_MODE_AFTER_STRING,	/* white space that a string may continue on */
	LEXER_MODE_IDENTIFIER,
	LEXER_MODE_DOLLAR_QUOTE,
	LEXER_MODE_COMMENT
} LexerMode;

/* Private to lexer.c; shown so that a caller can embed it. */
typedef struct Lexer
{
	bool		standard_conforming_strings;
	LexerMode	mode;
	LexerMode	string_mode;	/* of the string that just ended */
	bool		string_newline; /* a line ended since then */
	size_t		start;			/* of the string, identifier or comment */
	size_t		tag_length;		/* of the dollar quote, both signs included */
	size_t		comments;		/* depth of nested comments */
	size_t		parentheses;	/* depth */
	size_t		parenthesis;	/* the outermost one */
	Routine		routine;
	CopyCommand copy;
} Lexer;

extern void lexer_init(Lexer *lexer, bool standard_conforming_strings);
extern void lexer_reset(Lexer *lexer);
extern void lexer_feed(Lexer *lexer, const char *text, size_t from, size_t to);
extern LexerInside lexer_inside(const Lexer *lexer, size_t *start);

#endif							/* GOOSEPLUS_LEXER_H */
