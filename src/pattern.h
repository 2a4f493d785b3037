/*-------------------------------------------------------------------------
 *
 * pattern.h
 *	  INSERT statements that differ in nothing but constants.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PATTERN_H
#define GOOSEPLUS_PATTERN_H

#include "lib/stringinfo.h"

/* Longer statements are not worth the memory. */
#define PATTERN_LENGTH_MAX 2048

/* What kind of a constant it is to the grammar. */
typedef enum PatternKind
{
	PATTERN_FIXED,				/* not one that may differ */
	PATTERN_INTEGER,
	PATTERN_NUMERIC,
	PATTERN_STRING
} PatternKind;

/* A constant that may differ. */
typedef struct PatternConstant
{
	PatternKind kind;
	int			at;				/* in the statement */
	int			length;
	int			from;			/* in its tokens */
	int			to;
} PatternConstant;

/* The statement that has been scanned last. */
typedef struct Pattern
{
	bool		known;			/* is it one that others can be like? */
	StringInfoData text;
	StringInfoData tokens;		/* as the caller writes them */
	int			begin;			/* of them, where the caller gathers tokens */
	int			ntokens;
	bool		ended;			/* by a semicolon */
	PatternConstant *constants; /* palloc'd */
	int			nconstants;
	int			space;			/* constants there is memory for */
} Pattern;

extern void pattern_init(Pattern *pattern);
extern void pattern_forget(Pattern *pattern);
extern bool pattern_match(const Pattern *pattern, const char *text,
						  size_t length, StringInfo tokens);
extern void pattern_begin(Pattern *pattern, const char *text, size_t length,
						  const StringInfoData *tokens);
extern void pattern_add(Pattern *pattern, const char *token, int location,
						int from, int to);
extern void pattern_end(Pattern *pattern, StringInfo tokens);

#endif							/* GOOSEPLUS_PATTERN_H */
