/*-------------------------------------------------------------------------
 *
 * target_script.c
 *	  Fuzzing script.c: the input is a migration file.
 *
 * It is read in both directions, with variables expanded and kept, and with
 * both values of standard_conforming_strings.  Every line of a statement must
 * be the line of the file that it is said to be; and changes of the file that
 * mean nothing must change nothing.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "reading.h"

#include "character.h"

/* A file and how to read it. */
typedef struct Request
{
	const char *text;
	size_t		length;
	ScriptDirection direction;
	ScriptOptions options;
} Request;

/*
 * Reads the request with another text, in memory of exactly its size.
 */
static void
read_text(const Request *request, const char *text, size_t length,
		  Reading *reading)
{
	char	   *copy = fuzz_bytes(text, length);

	reading_make(reading, copy, length, request->direction,
				 &request->options);
	free(copy);
}

/*
 * Finds a line of the file, from 1: without its end, and without the byte
 * order mark.
 */
static const char *
find_line(const Request *request, int number, size_t *length)
{
	const char *at = request->text;
	const char *end = request->text + request->length;
	const char *newline;

	if (request->length >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	while (--number > 0)
	{
		newline = memchr(at, '\n', end - at);
		fuzz_check(newline != NULL);
		at = newline + 1;
	}
	newline = memchr(at, '\n', end - at);
	*length = (newline == NULL ? end : newline) - at;
	if (*length > 0 && at[*length - 1] == '\r')
		(*length)--;
	return at;
}

/*
 * Checks that a line of a statement is this line of the file: the whole of
 * it, but for white space in front of the statement and behind it.  A line
 * that variables can have changed is left out.
 */
static void
check_line(const Request *request, const char *text, size_t length,
		   int line, int column, bool first, bool last)
{
	size_t		rest;
	const char *found = find_line(request, line, &rest);
	size_t		skip = first ? character_space_length(found, rest) : 0;

	if (!request->options.keep_variables && memchr(found, '$', rest) != NULL)
		return;
	fuzz_check(column == 1 + character_count(found, skip));
	fuzz_check(length <= rest - skip);
	fuzz_check(memcmp(found + skip, text, length) == 0);
	skip += length;
	fuzz_check(skip == rest || last);
	fuzz_check(character_space_length(found + skip, rest - skip) ==
			   rest - skip);
}

/*
 * Checks all lines of all statements.
 */
static void
check_places(const Request *request)
{
	ScriptReader *reader = script_open(request->text, request->length,
									   request->direction, &request->options);
	ScriptStatement statement;
	ScriptNext	next;

	while ((next = script_next(reader, &statement)) == SCRIPT_STATEMENT)
	{
		size_t		from = 0;
		int			previous = 0;

		while (from < statement.length)
		{
			const char *text = statement.text + from;
			const char *newline = memchr(text, '\n', statement.length - from);
			size_t		length = newline == NULL ? statement.length - from :
			(size_t) (newline - text);
			int			line;
			int			column;

			script_locate(reader, from, &line, &column);
			fuzz_check(line >= previous);
			fuzz_check(from > 0 || line == statement.line);
			check_line(request, text, length, line, column, from == 0,
					   newline == NULL);
			previous = line;
			from += length + 1;
		}
	}
	if (next == SCRIPT_FAILED)
	{
		const ScriptProblem *problem = script_problem(reader);

		if (problem->argument != NULL)
			pfree(problem->argument);
		if (problem->message != NULL)
			pfree(problem->message);
	}
	script_close(reader);
}

/*
 * Line ends may have a carriage return.
 */
static void
check_carriage_returns(const Request *request, const Reading *reading)
{
	StringInfoData text;
	Reading		other;

	if (memchr(request->text, '\r', request->length) != NULL)
		return;
	initStringInfo(&text);
	for (size_t i = 0; i < request->length; i++)
	{
		if (request->text[i] == '\n')
			appendStringInfoChar(&text, '\r');
		appendStringInfoChar(&text, request->text[i]);
	}
	read_text(request, text.data, text.len, &other);
	fuzz_check(reading_same(reading, &other));
	reading_free(&other);
	pfree(text.data);
}

/*
 * An empty line at the end, or the line end that was missing there, means
 * nothing.
 */
static void
check_line_end(const Request *request, const Reading *reading)
{
	StringInfoData text;
	Reading		other;

	initStringInfo(&text);
	appendBinaryStringInfo(&text, request->text, request->length);
	appendStringInfoChar(&text, '\n');
	read_text(request, text.data, text.len, &other);
	fuzz_check(reading_same(reading, &other));
	reading_free(&other);
	pfree(text.data);
}

/*
 * What a statement is depends on nothing behind it: a file that ends earlier
 * begins with the same ones.  (Data are known by what ends them.)
 */
static void
check_beginning(const Request *request, const Reading *reading)
{
	size_t		length = fuzz_hash(request->text, request->length) %
	(request->length + 1);
	Reading		other;

	if (memmem(request->text, request->length, "\\.", 2) != NULL)
		return;
	while (length > 0 && request->text[length - 1] != '\n')
		length--;
	read_text(request, request->text, length, &other);
	fuzz_check(other.nstatements <= reading->nstatements);
	for (int i = 0; i < other.nstatements; i++)
		fuzz_check(reading_same_statement(&reading->statements[i],
										  &other.statements[i]));
	reading_free(&other);
}

/*
 * Options that cannot matter for this text do not.
 */
static void
check_options(const Request *request, const Reading *reading)
{
	Request		changed = *request;
	Reading		other;

	if (memchr(request->text, '$', request->length) == NULL)
		changed.options.keep_variables = !changed.options.keep_variables;
	if (memchr(request->text, '\\', request->length) == NULL)
		changed.options.standard_conforming_strings =
			!changed.options.standard_conforming_strings;
	read_text(&changed, request->text, request->length, &other);
	fuzz_check(reading_same(reading, &other));
	reading_free(&other);
}

/*
 * A Down part is the same if it is read from where it begins.
 */
static void
check_down(const Request *request, const Reading *up)
{
	Reading		down;
	Reading		other;

	if (request->direction != SCRIPT_UP || up->end != SCRIPT_END)
		return;
	reading_make(&down, request->text, request->length, SCRIPT_DOWN,
				 &request->options);
	reading_make_down(&other, request->text, request->length, &up->down,
					  &request->options);
	fuzz_check(reading_same_statements(&down, &other));
	reading_free(&down);
	reading_free(&other);
}

/*
 * With what readers of both parts have noted of its statements, a text is the
 * same, variables expanded or not.  (Cuts that were vetoed are told once only.)
 */
static void
check_cuts(const Request *request)
{
	ScriptCuts	cuts;
	ScriptOptions noting = request->options;
	ScriptOptions using = request->options;
	Reading		found;
	Reading		expected;

	script_cuts_init(&cuts, request->options.standard_conforming_strings);
	noting.keep_variables = false;
	noting.cuts = using.cuts = &cuts;
	for (int direction = SCRIPT_UP; direction <= SCRIPT_DOWN; direction++)
	{
		reading_make(&found, request->text, request->length, direction, &noting);
		reading_free(&found);
	}
	script_cuts_complete(&cuts);
	reading_make(&found, request->text, request->length, request->direction,
				 &using);
	reading_make(&expected, request->text, request->length, request->direction,
				 &request->options);
	for (int i = 0; i < found.nstatements; i++)
		found.statements[i].vetoes = 0;
	for (int i = 0; i < expected.nstatements; i++)
		expected.statements[i].vetoes = 0;
	fuzz_check(reading_same_statements(&found, &expected));
	reading_free(&found);
	reading_free(&expected);
	pfree(cuts.items);
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);

	for (int how = 0; how < 8; how++)
	{
		Request		request = {text, size, how & 1 ? SCRIPT_DOWN : SCRIPT_UP,
		{(how & 2) != 0, fuzz_lookup, NULL, (how & 4) != 0, NULL, NULL}};
		Reading		reading;

		reading_make(&reading, text, size, request.direction,
					 &request.options);
		check_places(&request);
		check_down(&request, &reading);
		check_cuts(&request);
		/* each input has some of the further checks, to go through more */
		if (fuzz_hash(data, size) % 8 == (uint64) how)
		{
			check_carriage_returns(&request, &reading);
			check_line_end(&request, &reading);
			check_beginning(&request, &reading);
			check_options(&request, &reading);
		}
		reading_free(&reading);
	}
	free(text);
	return 0;
}
