/*-------------------------------------------------------------------------
 *
 * script.c
 *	  goose's file format: reads the statements of one direction, one by one.
 *
 * This is goose's parser (ParseSQLMigration of its internal/sqlparser), line
 * by line and with its quirks, because the same files must mean the same to
 * the goose command and to us.  What it does, in short: annotations move a
 * small state machine; other lines of the wanted direction gather in a
 * buffer; the buffer becomes a statement at a line that ends in a semicolon
 * or, inside StatementBegin, at StatementEnd.
 *
 * Where we differ, on purpose:
 * - a byte order mark at the start is skipped;
 * - lines may have any length;
 * - a line end inside a string, quoted identifier, dollar quote, comment,
 *	 parenthesis or BEGIN ATOMIC body does not end a statement (lexer.c).
 * Each is reported as a note, as the goose command would read such a file
 * otherwise.
 *
 * What a line is, is line.c's business; the text gathered so far is kept by
 * script_buffer.c; words for errors are problem.c's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "annotation.h"
#include "character.h"
#include "script.h"
#include "script_buffer.h"

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
	bool		envsub;
	bool		has_variables;	/* kept ones, see script_has_variables() */
	bool		transactional;
	bool		marked;			/* by a byte order mark, not noted yet */

	ScriptBuffer buffer;		/* the statement so far */
	bool		delivered;		/* it is complete, and with the caller */
	int			ordinal;

	ScriptProblem problem;
};

/*
 * Begins to read the statements of one direction of a file.  The text (UTF-8,
 * no NUL) must stay as long as the reader, which belongs to the current memory
 * context; the options are copied.  Cannot fail: problems come from
 * script_next().
 */
ScriptReader *
script_open(const char *text, size_t length, ScriptDirection direction,
			const ScriptOptions *options)
{
	ScriptReader *reader = palloc0(sizeof(ScriptReader));

	reader->marked = line_open(&reader->lines, text, length);
	reader->direction = direction;
	reader->options = *options;
	reader->transactional = true;
	script_buffer_init(&reader->buffer, options->standard_conforming_strings);
	return reader;
}

/*
 * Has note called wherever the goose command reads the file otherwise.
 */
void
script_set_note(ScriptReader *reader, ScriptNote note, void *arg)
{
	reader->note = note;
	reader->note_arg = arg;
}

/*
 * Calls the note, if there is one, for a line.
 */
static void
script_take_note(const ScriptReader *reader, ScriptNoteKind kind, int line)
{
	if (reader->note != NULL)
		reader->note(reader->note_arg, kind, line);
}

/*
 * Records a problem with a line, after this many of its bytes, about the
 * argument (palloc'd, or NULL).
 */
static ScriptStep
script_fail(ScriptReader *reader, ScriptError error, const Line *line,
			size_t offset, char *argument)
{
	reader->problem.error = error;
	reader->problem.line = line->number;
	reader->problem.column = 1 + character_count(line->text, offset);
	reader->problem.argument = argument;
	return STEP_FAILED;
}

/*
 * Is the section at hand in the wanted direction?
 */
static bool
script_is_wanted(const ScriptReader *reader)
{
	return reader->section ==
		(reader->direction == SCRIPT_UP ? SECTION_UP : SECTION_DOWN);
}

/*
 * Obeys an annotation, or fails where goose refuses it.
 */
static ScriptStep
script_obey(ScriptReader *reader, Annotation annotation,
			const Line *line, char *argument)
{
	ScriptError error;

	switch (annotation)
	{
		case ANNOTATION_NONE:
			return STEP_GO_ON;
		case ANNOTATION_UP:
			if (reader->section == SECTION_NONE)
			{
				reader->section = SECTION_UP;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_DUPLICATE_UP;
			break;
		case ANNOTATION_DOWN:
			if (reader->section == SECTION_UP && reader->block != BLOCK_OPEN)
			{
				if (script_buffer_unfinished(&reader->buffer,
											 &reader->problem))
					return STEP_FAILED;
				reader->section = SECTION_DOWN;
				reader->block = BLOCK_NONE;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_DOWN_NOT_AFTER_UP;
			break;
		case ANNOTATION_STATEMENT_BEGIN:
			if (reader->section != SECTION_NONE && reader->block != BLOCK_OPEN)
			{
				reader->block = BLOCK_OPEN;
				reader->block_line = line->number;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_BEGIN_MISPLACED;
			break;
		case ANNOTATION_STATEMENT_END:
			if (reader->block == BLOCK_OPEN)
			{
				reader->block = BLOCK_ENDED;
				return STEP_GO_ON;
			}
			error = SCRIPT_END_MISPLACED;
			break;
		case ANNOTATION_NO_TRANSACTION:
			reader->transactional = false;
			return STEP_NEXT_LINE;
		case ANNOTATION_ENVSUB_ON:
		case ANNOTATION_ENVSUB_OFF:
			reader->envsub = annotation == ANNOTATION_ENVSUB_ON;
			return STEP_NEXT_LINE;
		case ANNOTATION_INDENTED:
			error = SCRIPT_ANNOTATION_INDENTED;
			break;
		case ANNOTATION_EMPTY:
			error = SCRIPT_ANNOTATION_EMPTY;
			break;
		case ANNOTATION_REPEATED:
			error = SCRIPT_ANNOTATION_REPEATED;
			break;
		default:
			error = SCRIPT_ANNOTATION_UNKNOWN;
			break;
	}
	return script_fail(reader, error, line, line->indent, argument);
}

/*
 * Has the statement that was returned last lines with variables that were to
 * be expanded, but for the option to keep them?  Asked once a statement.
 */
bool
script_has_variables(ScriptReader *reader)
{
	bool		has_variables = reader->has_variables;

	reader->has_variables = false;
	return has_variables;
}

/*
 * Adds a line to the buffer, with its variables expanded where that is on.
 * Returns STEP_GO_ON, or STEP_FAILED for a wrong expansion.
 */
static ScriptStep
script_add(ScriptReader *reader, const Line *line)
{
	InterpolateProblem problem;
	InterpolateResult result;

	if (reader->envsub && reader->options.keep_variables &&
		memchr(line->text, '$', line->length) != NULL)
		reader->has_variables = true;
	if (!reader->envsub || reader->options.keep_variables)
	{
		script_buffer_add(&reader->buffer, line);
		return STEP_GO_ON;
	}
	result = script_buffer_expand(&reader->buffer, line,
								  reader->options.lookup,
								  reader->options.lookup_arg, &problem);
	if (result == INTERPOLATE_OK)
		return STEP_GO_ON;
	reader->problem.interpolate = result;
	reader->problem.message = problem.message;
	return script_fail(reader, SCRIPT_VARIABLE, line, problem.offset,
					   problem.argument);
}

/*
 * Decides whether the statement ends with this line, outside of blocks.
 */
static ScriptStep
script_end_line(ScriptReader *reader, const Line *line)
{
	size_t		start;

	if (!script_buffer_ends_statement(&reader->buffer))
		return STEP_NEXT_LINE;
	if (script_buffer_inside(&reader->buffer, &start) == LEXER_NOTHING)
		return STEP_STATEMENT;
	script_take_note(reader, SCRIPT_NOTE_CUT_VETOED, line->number);
	return STEP_NEXT_LINE;
}

/*
 * Takes the line that ends a block.  When nothing was in the block that is
 * not its annotation but the next line that counts: it is dropped, and a
 * statement without text results.
 */
static ScriptStep
script_end_block(ScriptReader *reader, const Line *line)
{
	reader->block = BLOCK_NONE;
	if (reader->buffer.lines.len == 0)
	{
		script_buffer_place_empty(&reader->buffer, reader->block_line);
		if (line->indent < line->length)
			script_take_note(reader, SCRIPT_NOTE_LINE_DROPPED, line->number);
	}
	return STEP_STATEMENT;
}

/*
 * Takes a line of a section that is not wanted: only wrong expansions count.
 * After a block goose does not even look at those, up to the next annotation.
 */
static ScriptStep
script_skip_line(ScriptReader *reader, const Line *line)
{
	if (reader->block != BLOCK_ENDED && reader->envsub &&
		script_add(reader, line) == STEP_FAILED)
		return STEP_FAILED;
	script_buffer_clear(&reader->buffer);
	reader->has_variables = false;
	return STEP_NEXT_LINE;
}

/*
 * Takes one line of the file.
 */
static ScriptStep
script_take_line(ScriptReader *reader, const Line *line)
{
	if (line->too_long)
		script_take_note(reader, SCRIPT_NOTE_LONG_LINE, line->number);
	if (reader->section == SECTION_NONE && line->indent == line->length)
		return STEP_NEXT_LINE;
	if (line->comment)
	{
		char	   *argument;
		Annotation	annotation = annotation_read(line->text, line->length,
												 &argument);
		ScriptStep	step = script_obey(reader, annotation, line, argument);

		if (step != STEP_GO_ON)
			return step;
	}

	/* Comments and empty lines count only within a statement. */
	if (reader->buffer.lines.len == 0 && (line->comment || line->length == 0))
		return STEP_NEXT_LINE;

	if (!script_is_wanted(reader))
	{
		if (script_skip_line(reader, line) == STEP_FAILED)
			return STEP_FAILED;
		if (reader->section != SECTION_NONE)
			return STEP_NEXT_LINE;
		return script_fail(reader, SCRIPT_TEXT_BEFORE_UP, line, line->indent,
						   character_excerpt(line->text + line->indent,
											 line->length - line->indent));
	}
	if (reader->block == BLOCK_ENDED)
		return script_end_block(reader, line);
	if (script_add(reader, line) == STEP_FAILED)
		return STEP_FAILED;
	if (reader->block == BLOCK_OPEN)
		return STEP_NEXT_LINE;
	return script_end_line(reader, line);
}

/*
 * Hands the buffer out as the next statement.
 */
static ScriptNext
script_deliver(ScriptReader *reader, ScriptStatement *statement)
{
	ScriptBuffer *buffer = &reader->buffer;

	script_buffer_trim(buffer);
	buffer->lines.data[buffer->end] = '\0';
	reader->delivered = true;

	statement->text = buffer->lines.data + buffer->begin;
	statement->length = buffer->end - buffer->begin;
	statement->ordinal = ++reader->ordinal;
	script_locate(reader, 0, &statement->line, &statement->column);
	return SCRIPT_STATEMENT;
}

/*
 * Judges the end of the file.
 */
static ScriptNext
script_finish(ScriptReader *reader)
{
	ScriptProblem *problem = &reader->problem;

	problem->line = 1;
	problem->column = 1;
	if (reader->section == SECTION_NONE)
		problem->error = SCRIPT_NO_UP;
	else if (reader->block == BLOCK_OPEN)
	{
		problem->error = SCRIPT_NO_STATEMENT_END;
		problem->line = reader->block_line;
	}
	else if (!script_buffer_unfinished(&reader->buffer, problem))
		return SCRIPT_END;
	return SCRIPT_FAILED;
}

/*
 * Reads the next statement.  Its text belongs to the reader.  After
 * SCRIPT_FAILED, script_problem() tells why; after that and SCRIPT_END the
 * result stays the same.
 */
ScriptNext
script_next(ScriptReader *reader, ScriptStatement *statement)
{
	Line		line;

	if (reader->problem.error != SCRIPT_NO_ERROR)
		return SCRIPT_FAILED;
	if (reader->marked)
		script_take_note(reader, SCRIPT_NOTE_BYTE_ORDER_MARK, 1);
	if (reader->delivered)
		script_buffer_clear(&reader->buffer);
	reader->marked = false;
	reader->delivered = false;

	while (line_next(&reader->lines, &line))
	{
		switch (script_take_line(reader, &line))
		{
			case STEP_STATEMENT:
				return script_deliver(reader, statement);
			case STEP_FAILED:
				return SCRIPT_FAILED;
			case STEP_NEXT_LINE:
			case STEP_GO_ON:
				break;
		}
	}
	return script_finish(reader);
}

/*
 * What was wrong; its error is SCRIPT_NO_ERROR as long as nothing was.  It
 * belongs to the reader, but its texts to the context that was current when
 * the reader failed.
 */
const ScriptProblem *
script_problem(const ScriptReader *reader)
{
	return &reader->problem;
}

/*
 * False if the annotation NO TRANSACTION was seen, in either section.  To be
 * asked after SCRIPT_END.
 */
bool
script_transactional(const ScriptReader *reader)
{
	return reader->transactional;
}

/*
 * Gives the line and the column (in characters) of the file, both from 1, of
 * a byte of the statement delivered last; an offset beyond its end means its
 * end.  The time it takes grows with the text before that byte.
 */
void
script_locate(const ScriptReader *reader, size_t offset,
			  int *line, int *column)
{
	const ScriptBuffer *buffer = &reader->buffer;

	offset = Min(offset, buffer->end - buffer->begin);
	script_buffer_locate(buffer, buffer->begin + offset, line, column);
}

/*
 * Frees the reader, and with it the last statement's text.
 */
void
script_close(ScriptReader *reader)
{
	script_buffer_free(&reader->buffer);
	pfree(reader);
}
