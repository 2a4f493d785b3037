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
 *	 parenthesis or BEGIN ATOMIC body does not end a statement (lexer.c);
 * - COPY ... FROM stdin is followed by its data, and the lines \restrict and
 *	 \unrestrict of pg_dump are skipped (script_data.c).
 * Each is reported as a note, as the goose command would read such a file
 * otherwise.
 *
 * What a line is, is line.c's business; annotations are obeyed in
 * script_annotation.c; the text gathered so far is kept by script_buffer.c;
 * words for errors are problem.c's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "annotation.h"
#include "character.h"
#include "script_reader.h"

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
	script_skipper_init(&reader->skipper, options->standard_conforming_strings);
	return reader;
}

/*
 * Begins to read the Down part of a file where an earlier reader found it: see
 * script_down().  What stands before it is not read again.
 */
ScriptReader *
script_open_down(const char *text, size_t length, const ScriptDown *down,
				 const ScriptOptions *options)
{
	ScriptReader *reader = script_open(text, length, SCRIPT_DOWN, options);

	reader->marked = false;
	reader->section = SECTION_UP;
	reader->lines.at = down->at;
	reader->lines.number = down->line - 1;
	reader->envsub = down->variables;
	reader->transactional = down->transactional;
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
 * Takes the data of the COPY that ends with this line.
 */
static ScriptStep
script_take_data(ScriptReader *reader, const Line *line)
{
	if (script_data_take(&reader->lines, reader->options.longest_data,
						 &reader->data))
		return STEP_GO_ON;
	return script_fail(reader, SCRIPT_NO_DATA_END, line, line->indent, NULL);
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
	if (script_buffer_inside(&reader->buffer, &start) != LEXER_NOTHING)
	{
		script_take_note(reader, SCRIPT_NOTE_CUT_VETOED, line->number);
		return STEP_NEXT_LINE;
	}
	if (script_buffer_copies(&reader->buffer))
	{
		script_take_note(reader, SCRIPT_NOTE_COPY_DATA, line->number);
		if (script_take_data(reader, line) == STEP_FAILED)
			return STEP_FAILED;
	}
	return STEP_STATEMENT;
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
 * Follows the statements of a section that is not wanted, and passes over the
 * data of COPY.
 */
static ScriptStep
script_follow(ScriptReader *reader, const Line *line)
{
	ScriptStep	step;

	if (reader->block == BLOCK_OPEN ||
		!script_skipper_take(&reader->skipper, &reader->lines, line))
		return STEP_NEXT_LINE;
	step = script_take_data(reader, line);
	memset(&reader->data, 0, sizeof(reader->data));
	return step;
}

/*
 * Expands the variables of a line of a section that is not wanted.  After a
 * block, up to the next annotation, goose does not look at them, so a mistake
 * is none there.
 */
static ScriptStep
script_expand_skipped(ScriptReader *reader, const Line *line)
{
	if (script_add(reader, line) != STEP_FAILED)
		return STEP_GO_ON;
	if (reader->block != BLOCK_ENDED)
		return STEP_FAILED;
	memset(&reader->problem, 0, sizeof(reader->problem));
	script_buffer_clear(&reader->buffer);
	script_buffer_add(&reader->buffer, line);
	return STEP_GO_ON;
}

/*
 * Takes a line of a section that is not wanted: only wrong expansions count,
 * and data.  As in a wanted one, the line after an empty block is dropped.
 */
static ScriptStep
script_skip_line(ScriptReader *reader, const Line *line)
{
	Line		expanded = *line;
	bool		dropped = reader->block == BLOCK_ENDED && reader->block_empty;

	reader->block_empty = false;
	if (dropped)
		return STEP_NEXT_LINE;
	if (reader->envsub)
	{
		if (script_expand_skipped(reader, line) == STEP_FAILED)
			return STEP_FAILED;
		expanded.text = reader->buffer.lines.data + reader->buffer.last;
		expanded.length = reader->buffer.lines.len - reader->buffer.last - 1;
	}
	if (reader->section != SECTION_NONE &&
		script_follow(reader, &expanded) == STEP_FAILED)
		return STEP_FAILED;
	script_buffer_clear(&reader->buffer);
	reader->has_variables = false;
	return STEP_NEXT_LINE;
}

/*
 * Is it a line of pg_dump for psql, between two statements?
 */
static bool
script_is_restrict(const ScriptReader *reader, const Line *line)
{
	if (reader->section == SECTION_NONE || reader->block == BLOCK_OPEN ||
		reader->buffer.lines.len > 0 ||
		!script_skipper_is_between(&reader->skipper) ||
		(reader->block == BLOCK_ENDED &&
		 (script_is_wanted(reader) || reader->block_empty)))
		return false;
	return script_data_is_restrict(line);
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
		return script_is_wanted(reader) ? STEP_NEXT_LINE :
			script_follow(reader, line);
	if (script_is_restrict(reader, line))
	{
		script_take_note(reader, SCRIPT_NOTE_RESTRICT, line->number);
		return STEP_NEXT_LINE;
	}

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
	statement->data = reader->data;
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
 * Forgets the statement that was delivered last.
 */
static void
script_forget(ScriptReader *reader)
{
	if (reader->delivered)
		script_buffer_clear(&reader->buffer);
	reader->delivered = false;
	memset(&reader->data, 0, sizeof(reader->data));
}

/*
 * Passes over the next statement.  Returns false if it cannot, as no earlier
 * reader has noted where it stands; then script_next() gives that statement.
 */
bool
script_skip(ScriptReader *reader)
{
	script_forget(reader);
	if (!script_skip_cut(reader))
		return false;
	reader->ordinal++;
	return true;
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
	reader->marked = false;
	script_forget(reader);

	for (;;)
	{
		if (script_take_cut(reader))
			return script_deliver(reader, statement);
		if (!line_next(&reader->lines, &line))
			return script_finish(reader);
		switch (script_take_line(reader, &line))
		{
			case STEP_STATEMENT:
				script_note_cut(reader);
				return script_deliver(reader, statement);
			case STEP_FAILED:
				return SCRIPT_FAILED;
			case STEP_NEXT_LINE:
			case STEP_GO_ON:
				break;
		}
	}
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
 * Returns where the Down part begins.  To be asked after SCRIPT_END.
 */
ScriptDown
script_down(const ScriptReader *reader)
{
	ScriptDown	end = {
		.at = reader->lines.length,
		.line = reader->lines.number + 1,
		.variables = reader->envsub,
		.transactional = reader->transactional
	};

	return reader->section == SECTION_DOWN ? reader->down : end;
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
	script_skipper_free(&reader->skipper);
	pfree(reader);
}
