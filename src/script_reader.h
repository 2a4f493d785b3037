/*-------------------------------------------------------------------------
 *
 * script_reader.h
 *	  The state of the reader of goose's file format.
 *
 * Private to script.c, script_annotation.c and script_cuts.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SCRIPT_READER_H
#define GOOSEPLUS_SCRIPT_READER_H

#include "annotation.h"
#include "script.h"
#include "script_buffer.h"
#include "script_data.h"

typedef enum ScriptSection
{
	SECTION_NONE,				/* no annotation Up yet */
	SECTION_UP,
	SECTION_DOWN
} ScriptSection;

typedef enum ScriptBlock
{
	BLOCK_NONE,
	BLOCK_OPEN,					/* after StatementBegin */
	BLOCK_ENDED					/* after StatementEnd, until the next line
								 * that is not skipped */
} ScriptBlock;

/* What a line, or an annotation, leads to. */
typedef enum ScriptStep
{
	STEP_NEXT_LINE,
	STEP_GO_ON,					/* the annotation's line itself counts, too */
	STEP_STATEMENT,				/* the buffer is a statement */
	STEP_FAILED
} ScriptStep;

struct ScriptReader
{
	LineReader	lines;			/* of the file */
	ScriptDirection direction;
	ScriptOptions options;
	ScriptNote	note;
	void	   *note_arg;

	ScriptSection section;
	ScriptBlock block;
	int			block_line;		/* of the last StatementBegin */
	bool		block_empty;	/* nothing was in it, in a section that is not
								 * wanted */
	bool		envsub;
	bool		has_variables;	/* kept ones, see script_has_variables() */
	bool		transactional;
	ScriptDown	down;			/* where the Down part begins */
	bool		marked;			/* by a byte order mark, not noted yet */

	ScriptBuffer buffer;		/* the statement so far */
	uint32		next_cut;		/* in the list of the options */
	ScriptData	data;			/* that follow it */
	ScriptSkipper skipper;		/* of the section that is not wanted */
	bool		delivered;		/* it is complete, and with the caller */
	int			ordinal;

	ScriptProblem problem;
};

extern void script_note_cut(ScriptReader *reader);
extern bool script_take_cut(ScriptReader *reader);
extern bool script_skip_cut(ScriptReader *reader);
extern void script_take_note(const ScriptReader *reader, ScriptNoteKind kind,
							 int line);
extern ScriptStep script_fail(ScriptReader *reader, ScriptError error,
							  const Line *line, size_t offset,
							  char *argument);
extern bool script_is_wanted(const ScriptReader *reader);
extern ScriptStep script_obey(ScriptReader *reader, Annotation annotation,
							  const Line *line, char *argument);

#endif							/* GOOSEPLUS_SCRIPT_READER_H */
