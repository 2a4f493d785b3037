/*-------------------------------------------------------------------------
 *
 * line.c
 *	  The lines of a migration file, as goose sees them.
 *
 * goose reads with Go's bufio.Scanner.  What a line is and when its end may
 * end a statement is said here; what the lines mean, in script.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "character.h"
#include "line.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/*
 * goose's scanner has a buffer of this size, which must have room for the
 * line and its line feed or, at the end of the file, for one byte more.
 */
#define GOOSE_LINE_BUFFER (4 * 1024 * 1024)

/*
 * Begins to read a text, which must stay.  Returns true if there was a byte
 * order mark, which is skipped.
 */
bool
line_open(LineReader *reader, const char *text, size_t length)
{
	size_t		mark = strlen(BYTE_ORDER_MARK);
	bool		marked;

	marked = length >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0;
	reader->text = text;
	reader->length = length;
	reader->at = marked ? mark : 0;
	reader->number = 0;
	return marked;
}

/*
 * Reads the next line: up to a line feed, which may be missing at the end of
 * the file, and without one carriage return before it.  Returns false at the
 * end.
 */
bool
line_next(LineReader *reader, Line *line)
{
	const char *newline;
	size_t		rest;

	if (reader->at >= reader->length)
		return false;

	rest = reader->length - reader->at;
	line->text = reader->text + reader->at;
	newline = memchr(line->text, '\n', rest);
	line->length = newline == NULL ? rest : (size_t) (newline - line->text);
	line->number = ++reader->number;
	reader->at += line->length + 1;

	line->too_long = line->length >= GOOSE_LINE_BUFFER;
	if (line->length > 0 && line->text[line->length - 1] == '\r')
		line->length--;
	line->indent = character_space_length(line->text, line->length);
	line->comment = line->length - line->indent >= 2 &&
		memcmp(line->text + line->indent, "--", 2) == 0;
	return true;
}

/*
 * Goes on to the line that begins at this place, which must be in the text and
 * not before the next line.
 */
void
line_skip(LineReader *reader, size_t to)
{
	const char *newline;

	while (reader->at < to &&
		   (newline = memchr(reader->text + reader->at, '\n',
							 to - reader->at)) != NULL)
	{
		reader->at = newline + 1 - reader->text;
		reader->number++;
	}
}

/*
 * Has the line two dashes anywhere?
 */
static bool
line_has_dashes(const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end && (text = memchr(text, '-', end - text)) != NULL)
	{
		text++;
		if (text < end && *text == '-')
			return true;
	}
	return false;
}

/*
 * Does goose end a statement at the end of this line?  Its rule: the last
 * word, of those before the first that begins with "--", ends in a semicolon.
 */
bool
line_ends_statement(const char *text, size_t length)
{
	bool		semicolon = false;
	size_t		at = 0;

	if (memchr(text, ';', length) == NULL)
		return false;
	if (!line_has_dashes(text, length))
	{
		character_trim(&text, &length);
		return text[length - 1] == ';';
	}
	for (;;)
	{
		size_t		word;

		at += character_space_length(text + at, length - at);
		word = character_word_length(text + at, length - at);
		if (word == 0 || (word >= 2 && memcmp(text + at, "--", 2) == 0))
			return semicolon;
		at += word;
		semicolon = text[at - 1] == ';';
	}
}
