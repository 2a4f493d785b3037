/*-------------------------------------------------------------------------
 *
 * script_data.c
 *	  What a dump has between its SQL: data of COPY, and commands of psql.
 *
 * Data are the lines after a statement with COPY ... FROM stdin up to a line
 * that is nothing but "\.".  They are not looked at: no annotation, no
 * variable, no quote counts in them.  So they must be known in the section
 * that is not read, too, whose statements nobody would look at otherwise:
 * data may look like an annotation.  That costs time, and is done only for a
 * text that has a line "\.".
 *
 * pg_dump (since the minor releases of August 2025) writes \restrict and
 * \unrestrict around a dump, which tell psql to take no other commands of its
 * own; nothing follows from them here.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "script_data.h"

/* The line that ends data. */
#define DATA_END "\\."

/* How many bytes are compared at a time; a byte can count their line ends. */
#define COUNT_BLOCK 128

/*
 * Returns where the next line begins that ends data, or NULL.  Backslashes
 * are much less frequent than line ends, and data can be very long.
 */
static const char *
find_data_end(const char *text, const char *end)
{
	const char *at = text;

	while ((at = memchr(at, DATA_END[0], end - at)) != NULL)
	{
		const char *line = at++;

		if (line > text && line[-1] != '\n')
			continue;
		if (end - line < 2 || line[1] != DATA_END[1])
			continue;
		if (end - line == 2 || line[2] == '\n' ||
			(line[2] == '\r' && (end - line == 3 || line[3] == '\n')))
			return line;
	}
	return NULL;
}

/*
 * Returns how many lines end in a text.  Of a block whose length is a constant
 * compilers compare many bytes at once, and the data of COPY are read as often
 * as the file: this takes a quarter of a search from line end to line end.
 */
static int
count_lines(const char *text, size_t length)
{
	size_t		at = 0;
	int			lines = 0;

	for (; length - at >= COUNT_BLOCK; at += COUNT_BLOCK)
	{
		uint8		found = 0;

		for (int i = 0; i < COUNT_BLOCK; i++)
			found += text[at + i] == '\n';
		lines += found;
	}
	for (; at < length; at++)
		lines += text[at] == '\n';
	return lines;
}

/*
 * Reads lines up to and with the one that ends the data.  *data is what is
 * before that line, and belongs to the text.  Returns false if there is no
 * such line; then all lines have been read.  Unless "longest" is NULL it is
 * what earlier calls for this text have found, to be taken from there.
 */
bool
script_data_take(LineReader *lines, ScriptData *longest, ScriptData *data)
{
	const char *text = lines->text + Min(lines->at, lines->length);
	const char *end = lines->text + lines->length;
	const char *data_end;
	const char *newline;

	if (longest != NULL && longest->bytes == text)
		*data = *longest;
	else
	{
		data_end = find_data_end(text, end);
		if (data_end == NULL)
		{
			lines->at = lines->length;
			return false;
		}
		data->bytes = text;
		data->length = data_end - text;
		data->line = lines->number + 1;
		data->nlines = count_lines(text, data->length);
		if (longest != NULL && data->length > longest->length)
			*longest = *data;
	}
	data_end = text + data->length;
	newline = memchr(data_end, '\n', end - data_end);
	lines->at = newline == NULL ? lines->length :
		(size_t) (newline + 1 - lines->text);
	lines->number += data->nlines + 1;
	return true;
}

/*
 * Is the line one of those that pg_dump writes for psql: \restrict or
 * \unrestrict, and a word of letters and digits?
 */
bool
script_data_is_restrict(const Line *line)
{
	static const char *const commands[] = {"\\restrict ", "\\unrestrict "};

	for (size_t i = 0; i < lengthof(commands); i++)
	{
		size_t		at = strlen(commands[i]);

		if (line->length <= at || memcmp(line->text, commands[i], at) != 0)
			continue;
		while (at < line->length &&
			   strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
					  line->text[at]) != NULL)
			at++;
		return at == line->length;
	}
	return false;
}

/*
 * Begins to follow the section of a text that is not read.
 */
void
script_skipper_init(ScriptSkipper *skipper, bool standard_conforming_strings)
{
	skipper->asked = false;
	skipper->active = false;
	script_buffer_init(&skipper->buffer, standard_conforming_strings);
}

/*
 * Is no statement in progress?
 */
bool
script_skipper_is_between(const ScriptSkipper *skipper)
{
	return skipper->buffer.lines.len == 0;
}

/*
 * Takes the line that was read last, outside of a block.  Returns whether data
 * follow.
 */
bool
script_skipper_take(ScriptSkipper *skipper, const LineReader *lines,
					const Line *line)
{
	bool		copies;
	size_t		start;

	/* not before: most readers come to no such section, and texts are long */
	if (!skipper->asked)
		skipper->active = find_data_end(lines->text + Min(lines->at, lines->length),
										lines->text + lines->length) != NULL;
	skipper->asked = true;
	if (!skipper->active ||
		(skipper->buffer.lines.len == 0 && (line->comment || line->length == 0)))
		return false;
	script_buffer_add(&skipper->buffer, line);
	if (!script_buffer_ends_statement(&skipper->buffer) ||
		script_buffer_inside(&skipper->buffer, &start) != LEXER_NOTHING)
		return false;
	copies = script_buffer_copies(&skipper->buffer);
	script_buffer_clear(&skipper->buffer);
	return copies;
}

/*
 * Forgets the statement in progress.
 */
void
script_skipper_clear(ScriptSkipper *skipper)
{
	script_buffer_clear(&skipper->buffer);
}

/*
 * Frees what the skipper owns.
 */
void
script_skipper_free(ScriptSkipper *skipper)
{
	script_buffer_free(&skipper->buffer);
}
