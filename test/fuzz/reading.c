/*-------------------------------------------------------------------------
 *
 * reading.c
 *	  All that script.c gives for a text in one direction, kept for targets to
 *	  check and compare.
 *
 * Checked here is what holds for a reader of any text: its statements are in
 * order, all its places are inside the file, and what it has said stays.
 * Whether the statements are those of the file is the targets' business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "reading.h"

#include "character.h"
#include "script_reader.h"

/*
 * Returns the number of line ends in a text.
 */
static int
count_lines(const char *text, size_t length)
{
	int			count = 0;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '\n')
			count++;
	return count;
}

/*
 * A ScriptNote that counts.
 */
static void
take_note(void *arg, ScriptNoteKind kind, int line)
{
	Reading    *reading = arg;

	fuzz_check(kind < READING_NOTES);
	fuzz_check(line >= 1);
	fuzz_check(line >= reading->last_note);
	reading->last_note = line;
	reading->notes[kind]++;
	if (kind == SCRIPT_NOTE_CUT_VETOED)
		reading->vetoes++;
}

/*
 * Checks the data that follow a statement, and the lines around them.
 */
static void
check_data(const ScriptData *data, const char *text, size_t length)
{
	size_t		from;
	size_t		to;

	if (data->bytes == NULL)
		return;
	fuzz_check(data->bytes > text);
	from = data->bytes - text;
	to = from + data->length;
	fuzz_check(to + 2 <= length);
	fuzz_check(text[from - 1] == '\n');
	fuzz_check(text[to - 1] == '\n');
	fuzz_check(memcmp(text + to, "\\.", 2) == 0);
	fuzz_check(data->line == 1 + count_lines(text, from));
}

/*
 * Adds a statement.
 */
static void
add(Reading *reading, const ScriptStatement *from, int cut_line)
{
	ReadingStatement *statement;
	int			previous = 0;

	if (reading->nstatements > 0)
		previous = reading->statements[reading->nstatements - 1].cut_line;
	reading->statements = realloc(reading->statements,
								  (reading->nstatements + 1) *
								  sizeof(ReadingStatement));
	statement = &reading->statements[reading->nstatements++];
	statement->text = fuzz_bytes(from->text, from->length);
	statement->length = from->length;
	statement->line = from->line;
	statement->column = from->column;
	statement->cut_line = cut_line;
	statement->vetoes = reading->vetoes;
	statement->data = from->data;
	reading->vetoes = 0;

	fuzz_check(from->ordinal == reading->nstatements);
	fuzz_check(from->text[from->length] == '\0');
	fuzz_check(strlen(from->text) == from->length);
	fuzz_check(character_space_length(from->text, from->length) == 0);
	fuzz_check(from->line > previous);
	fuzz_check(from->line <= cut_line);
	fuzz_check(from->column >= 1);
}

/*
 * Checks the end, and what is said of it.
 */
static void
finish(Reading *reading, ScriptReader *reader, int lines)
{
	ScriptStatement statement;
	const ScriptProblem *problem = script_problem(reader);

	fuzz_check(script_next(reader, &statement) == reading->end);
	fuzz_check((problem->error != SCRIPT_NO_ERROR) ==
			   (reading->end == SCRIPT_FAILED));
	fuzz_check(reading->last_note <= Max(lines, 1));
	reading->error = problem->error;
	reading->interpolate = problem->interpolate;
	reading->error_line = problem->line;
	reading->error_column = problem->column;
	reading->transactional = script_transactional(reader);
	if (reading->end == SCRIPT_END)
	{
		reading->down = script_down(reader);
		return;
	}

	fuzz_check(problem->line >= 1 && problem->line <= Max(lines, 1));
	fuzz_check(problem->column >= 1);
	fuzz_check((problem->error == SCRIPT_VARIABLE) ==
			   (problem->interpolate != INTERPOLATE_OK));
	if (problem->argument != NULL)
		pfree(problem->argument);
	if (problem->message != NULL)
		pfree(problem->message);
}

/*
 * Reads all that a reader gives, and closes it.
 */
static void
read_all(Reading *reading, ScriptReader *reader, const char *text,
		 size_t length)
{
	ScriptStatement statement;
	int			lines = count_lines(text, length);

	if (length > 0 && text[length - 1] != '\n')
		lines++;
	memset(reading, 0, sizeof(*reading));
	script_set_note(reader, take_note, reading);
	while ((reading->end = script_next(reader, &statement)) == SCRIPT_STATEMENT)
	{
		int			cut_line = reader->lines.number;
		int			line;
		int			column;

		fuzz_check(cut_line <= lines);
		check_data(&statement.data, text, length);
		if (statement.data.bytes != NULL)
			cut_line = statement.data.line - 1;
		add(reading, &statement, cut_line);
		script_locate(reader, statement.length, &line, &column);
		fuzz_check(line >= statement.line && line <= cut_line);
		(void) script_has_variables(reader);
	}
	finish(reading, reader, lines);
	script_close(reader);
}

/*
 * Reads the whole text; to be freed by reading_free().  The text must stay,
 * as data point into it.
 */
void
reading_make(Reading *reading, const char *text, size_t length,
			 ScriptDirection direction, const ScriptOptions *options)
{
	read_all(reading, script_open(text, length, direction, options), text,
			 length);
}

/*
 * The same, for a Down part where another reading has found it.
 */
void
reading_make_down(Reading *reading, const char *text, size_t length,
				  const ScriptDown *down, const ScriptOptions *options)
{
	read_all(reading, script_open_down(text, length, down, options), text,
			 length);
}

/*
 * Frees what the reading owns.
 */
void
reading_free(Reading *reading)
{
	for (int i = 0; i < reading->nstatements; i++)
		free(reading->statements[i].text);
	free(reading->statements);
}

/*
 * Are the statements the same, and where they are?  Of data only the place
 * counts.
 */
bool
reading_same_statement(const ReadingStatement *a, const ReadingStatement *b)
{
	return a->length == b->length && a->line == b->line &&
		a->column == b->column && a->cut_line == b->cut_line &&
		a->vetoes == b->vetoes &&
		(a->data.bytes == NULL) == (b->data.bytes == NULL) &&
		a->data.line == b->data.line &&
		memcmp(a->text, b->text, a->length) == 0;
}

/*
 * Do both readings give the same statements and the same end?
 */
bool
reading_same_statements(const Reading *a, const Reading *b)
{
	if (a->nstatements != b->nstatements || a->end != b->end ||
		a->error != b->error || a->interpolate != b->interpolate ||
		a->error_line != b->error_line ||
		a->error_column != b->error_column ||
		a->transactional != b->transactional)
		return false;
	for (int i = 0; i < a->nstatements; i++)
		if (!reading_same_statement(&a->statements[i], &b->statements[i]))
			return false;
	return true;
}

/*
 * Do both readings say the same?
 */
bool
reading_same(const Reading *a, const Reading *b)
{
	return reading_same_statements(a, b) &&
		memcmp(a->notes, b->notes, sizeof(a->notes)) == 0;
}
