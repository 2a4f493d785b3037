/*-------------------------------------------------------------------------
 *
 * script_buffer.c
 *	  The lines of one statement, gathered until it is complete.
 *
 * The text, where in the file it came from, and what the lexer says of it.
 * When a statement is complete is script.c's business.  The buffer is used
 * again for the next statement, so that memory does not depend on their
 * number.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "character.h"
#include "script_buffer.h"

/*
 * Makes an empty buffer, in the current memory context.
 */
void
script_buffer_init(ScriptBuffer *buffer, bool standard_conforming_strings)
{
	memset(buffer, 0, sizeof(*buffer));
	initStringInfo(&buffer->lines);
	linemap_init(&buffer->map);
	lexer_init(&buffer->lexer, standard_conforming_strings);
}

/*
 * Forgets all lines and keeps the memory.
 */
void
script_buffer_clear(ScriptBuffer *buffer)
{
	resetStringInfo(&buffer->lines);
	linemap_reset(&buffer->map);
	if (buffer->lexed > 0)
		lexer_reset(&buffer->lexer);
	buffer->last = 0;
	buffer->lexed = 0;
	buffer->begin = 0;
	buffer->end = 0;
}

/*
 * Frees what the buffer owns.
 */
void
script_buffer_free(ScriptBuffer *buffer)
{
	linemap_free(&buffer->map);
	pfree(buffer->lines.data);
}

/*
 * Adds a line as it is.
 */
void
script_buffer_add(ScriptBuffer *buffer, const Line *line)
{
	buffer->last = buffer->lines.len;
	appendBinaryStringInfo(&buffer->lines, line->text, line->length);
	appendStringInfoChar(&buffer->lines, '\n');
	linemap_add(&buffer->map, buffer->last, line->number, false);
}

/*
 * Adds whole lines as they are, with their line feeds.  The first of them is
 * that line of the file, and the others follow it there.  That they end a
 * statement must be known: the lexer is not asked any more.
 */
void
script_buffer_add_lines(ScriptBuffer *buffer, const char *text, size_t length,
						int line)
{
	appendBinaryStringInfo(&buffer->lines, text, (int) length);
	linemap_add(&buffer->map, 0, line, false);
}

/*
 * Adds a line with its variables expanded.  When that fails, *problem is as
 * interpolate_line() leaves it and the buffer good for nothing.
 */
InterpolateResult
script_buffer_expand(ScriptBuffer *buffer, const Line *line,
					 InterpolateLookup lookup, void *lookup_arg,
					 InterpolateProblem *problem)
{
	StringInfo	lines = &buffer->lines;
	InterpolateResult result;
	bool		expanded;

	buffer->last = lines->len;
	result = interpolate_line(line->text, line->length, lookup, lookup_arg,
							  lines, problem);
	if (result != INTERPOLATE_OK)
		return result;
	expanded = memchr(lines->data + buffer->last, '\n',
					  lines->len - buffer->last) != NULL;
	appendStringInfoChar(lines, '\n');
	linemap_add(&buffer->map, buffer->last, line->number, expanded);
	return INTERPOLATE_OK;
}

/*
 * Lets an empty buffer have come from that line of the file.
 */
void
script_buffer_place_empty(ScriptBuffer *buffer, int line)
{
	linemap_add(&buffer->map, 0, line, false);
}

/*
 * Does goose end a statement after the line that was added last?
 */
bool
script_buffer_ends_statement(const ScriptBuffer *buffer)
{
	return line_ends_statement(buffer->lines.data + buffer->last,
							   buffer->lines.len - buffer->last - 1);
}

/*
 * Tells what the lines end inside of; *start is where in the buffer it began,
 * or unchanged for LEXER_NOTHING.
 */
LexerInside
script_buffer_inside(ScriptBuffer *buffer, size_t *start)
{
	lexer_feed(&buffer->lexer, buffer->lines.data, buffer->lexed,
			   buffer->lines.len);
	buffer->lexed = buffer->lines.len;
	return lexer_inside(&buffer->lexer, start);
}

/*
 * Is there COPY ... FROM stdin among the lines?  To be asked after
 * script_buffer_inside().
 */
bool
script_buffer_copies(const ScriptBuffer *buffer)
{
	return buffer->lexer.copy.found;
}

/*
 * Finds the trimmed text, which may be empty.
 */
void
script_buffer_trim(ScriptBuffer *buffer)
{
	const char *text = buffer->lines.data;
	size_t		length = buffer->lines.len;

	character_trim(&text, &length);
	buffer->begin = text - buffer->lines.data;
	buffer->end = buffer->begin + length;
}

/*
 * Gives the line and the column of the file of a byte of the buffer.  There
 * must have been a line.
 */
void
script_buffer_locate(const ScriptBuffer *buffer, size_t offset,
					 int *line, int *column)
{
	linemap_locate(&buffer->map, buffer->lines.data, (int) offset,
				   line, column);
}

/*
 * Is there text left that is not a finished statement?  Then *problem says
 * what is missing and where: where something inside began that is still open,
 * or where the statement began that has no semicolon.
 */
bool
script_buffer_unfinished(ScriptBuffer *buffer, ScriptProblem *problem)
{
	static const ScriptError errors[] = {
		[LEXER_NOTHING] = SCRIPT_NO_SEMICOLON,
		[LEXER_STRING] = SCRIPT_UNTERMINATED_STRING,
		[LEXER_IDENTIFIER] = SCRIPT_UNTERMINATED_IDENTIFIER,
		[LEXER_DOLLAR_QUOTE] = SCRIPT_UNTERMINATED_DOLLAR_QUOTE,
		[LEXER_COMMENT] = SCRIPT_UNTERMINATED_COMMENT,
		[LEXER_PARENTHESIS] = SCRIPT_UNTERMINATED_PARENTHESIS,
		[LEXER_BODY] = SCRIPT_UNTERMINATED_BODY,
	};
	size_t		start;

	script_buffer_trim(buffer);
	if (buffer->begin == buffer->end)
		return false;

	start = buffer->begin;
	problem->error = errors[script_buffer_inside(buffer, &start)];
	script_buffer_locate(buffer, start, &problem->line, &problem->column);
	problem->argument = character_excerpt(buffer->lines.data + start,
										  buffer->end - start);
	return true;
}
