/*-------------------------------------------------------------------------
 *
 * script.h
 *	  goose's file format: reads the statements of one direction, one by one.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SCRIPT_H
#define GOOSEPLUS_SCRIPT_H

#include "ground.h"
#include "interpolate.h"
#include "script_cuts.h"

typedef enum ScriptDirection
{
	SCRIPT_UP,
	SCRIPT_DOWN
} ScriptDirection;

/* The lines between COPY ... FROM stdin and the line "\." */
typedef struct ScriptData
{
	const char *bytes;			/* in the text of the file; NULL: no data */
	size_t		length;			/* line ends included */
	int			line;			/* of the file, of the first of them */
	int			nlines;
} ScriptData;

typedef struct ScriptOptions
{
	bool		standard_conforming_strings;
	InterpolateLookup lookup;	/* for ENVSUB; NULL: no variable is set */
	void	   *lookup_arg;
	bool		keep_variables; /* leave ENVSUB's ${...} as they stand */
	ScriptData *longest_data;	/* of this text, found by an earlier reader
								 * and not searched again; NULL: not kept */
	ScriptCuts *cuts;			/* of this text, noted by the reader, or used
								 * by it once they are complete; NULL: neither */
} ScriptOptions;

typedef enum ScriptError
{
	SCRIPT_NO_ERROR,
	SCRIPT_ANNOTATION_INDENTED, /* blank or tab before "-- +goose" */
	SCRIPT_ANNOTATION_EMPTY,	/* "-- +goose" and nothing else */
	SCRIPT_ANNOTATION_REPEATED, /* "+goose" twice on a line */
	SCRIPT_ANNOTATION_UNKNOWN,
	SCRIPT_DUPLICATE_UP,
	SCRIPT_DOWN_NOT_AFTER_UP,	/* first, repeated, or inside a block */
	SCRIPT_BEGIN_MISPLACED,		/* StatementBegin before Up or inside a block */
	SCRIPT_END_MISPLACED,		/* StatementEnd without StatementBegin */
	SCRIPT_NO_STATEMENT_END,	/* end of file inside a block */
	SCRIPT_NO_UP,				/* end of file and no annotation Up */
	SCRIPT_TEXT_BEFORE_UP,		/* SQL before the annotation Up */
	SCRIPT_NO_SEMICOLON,		/* the section ends inside a statement */
	SCRIPT_UNTERMINATED_STRING, /* the same, inside a string constant ... */
	SCRIPT_UNTERMINATED_IDENTIFIER,
	SCRIPT_UNTERMINATED_DOLLAR_QUOTE,
	SCRIPT_UNTERMINATED_COMMENT,
	SCRIPT_UNTERMINATED_PARENTHESIS,
	SCRIPT_UNTERMINATED_BODY,	/* ... inside BEGIN ATOMIC */
	SCRIPT_NO_DATA_END,			/* end of file inside the data of COPY */
	SCRIPT_VARIABLE				/* ENVSUB failed; see .interpolate */
} ScriptError;

typedef struct ScriptProblem
{
	ScriptError error;
	InterpolateResult interpolate;
	int			line;			/* of the file, from 1 */
	int			column;			/* in characters, from 1 */
	char	   *argument;		/* offending text, or NULL; palloc'd */
	char	   *message;		/* see InterpolateProblem */
} ScriptProblem;

/* Where the goose command reads the file otherwise than we do. */
typedef enum ScriptNoteKind
{
	SCRIPT_NOTE_BYTE_ORDER_MARK,	/* goose refuses the file */
	SCRIPT_NOTE_LONG_LINE,		/* goose refuses lines of 4 MiB and more */
	SCRIPT_NOTE_CUT_VETOED,		/* goose ends the statement on this line */
	SCRIPT_NOTE_LINE_DROPPED,	/* goose, and so we, drop this line: it
								 * follows an empty
								 * StatementBegin/StatementEnd block */
	SCRIPT_NOTE_COPY_DATA,		/* to goose, the data of COPY after this line
								 * are SQL */
	SCRIPT_NOTE_RESTRICT		/* and so is pg_dump's \restrict */
} ScriptNoteKind;

typedef void (*ScriptNote) (void *arg, ScriptNoteKind kind, int line);

typedef struct ScriptStatement
{
	const char *text;			/* UTF-8, NUL-terminated, trimmed as goose
								 * trims; good until the next script_next() */
	size_t		length;
	int			ordinal;		/* from 1 */
	int			line;			/* of the file, where the text begins */
	int			column;
	ScriptData	data;
} ScriptStatement;

typedef enum ScriptNext
{
	SCRIPT_STATEMENT,
	SCRIPT_END,
	SCRIPT_FAILED
} ScriptNext;

/* Where the Down part of a file begins. */
typedef struct ScriptDown
{
	size_t		at;				/* of the line with the annotation; the length
								 * of the file if there is none */
	int			line;			/* of the annotation, from 1; 0: not known */
	bool		variables;		/* is ENVSUB on there? */
	bool		transactional;	/* no NO TRANSACTION before it */
} ScriptDown;

typedef struct ScriptReader ScriptReader;

extern ScriptReader *script_open(const char *text, size_t length,
								 ScriptDirection direction,
								 const ScriptOptions *options);
extern ScriptReader *script_open_down(const char *text, size_t length,
									  const ScriptDown *down,
									  const ScriptOptions *options);
extern void script_set_note(ScriptReader *reader, ScriptNote note, void *arg);
extern bool script_skip(ScriptReader *reader);
extern ScriptNext script_next(ScriptReader *reader, ScriptStatement *statement);
extern const ScriptProblem *script_problem(const ScriptReader *reader);
extern bool script_has_variables(ScriptReader *reader);
extern bool script_transactional(const ScriptReader *reader);
extern ScriptDown script_down(const ScriptReader *reader);
extern void script_locate(const ScriptReader *reader, size_t offset,
						  int *line, int *column);
extern void script_close(ScriptReader *reader);

#endif							/* GOOSEPLUS_SCRIPT_H */
