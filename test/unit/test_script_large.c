/*-------------------------------------------------------------------------
 *
 * test_script_large.c
 *	  Tests of script.c: long lines, many statements, and any bytes at all.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#define GOOSE_BUFFER (4 * 1024 * 1024)

/*
 * Lines around the length that goose cannot read; the line feed counts, and a
 * carriage return does.
 */
static void
test_long_lines(void)
{
	static const struct
	{
		const char *name;
		int			length;		/* of the line, without its end */
		const char *end;
		const char *expected;
	}			cases[] = {
		{"longest", GOOSE_BUFFER - 1, "\n", "end"},
		{"too long", GOOSE_BUFFER, "\n", "note long 2 end"},
		{"longest with CR", GOOSE_BUFFER - 2, "\r\n", "end"},
		{"too long with CR", GOOSE_BUFFER - 1, "\r\n", "note long 2 end"},
		{"longest at the end", GOOSE_BUFFER - 1, "", "end"},
		{"too long at the end", GOOSE_BUFFER, "", "note long 2 end"},
		{"much too long", 4 * GOOSE_BUFFER, "\n", "note long 2 end"},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		StringInfoData text;
		char	   *dashes = palloc(cases[i].length);

		/* A comment, so that the result is short. */
		memset(dashes, '-', cases[i].length);
		initStringInfo(&text);
		appendStringInfoString(&text, UP);
		appendBinaryStringInfo(&text, dashes, cases[i].length);
		appendStringInfoString(&text, cases[i].end);
		unit_text(cases[i].name, cases[i].expected,
				  unit_script(text.data, text.len, SCRIPT_UP));
		pfree(text.data);
		pfree(dashes);
	}
}

/*
 * A statement of 32 MB, in one line and in two million.
 */
static void
test_long_statements(void)
{
	int			size = 32 * 1024 * 1024;
	int			lines;

	for (lines = 0; lines < 2; lines++)
	{
		ScriptOptions options = {true, NULL, NULL, false, NULL, NULL};
		StringInfoData text;
		ScriptReader *reader;
		ScriptStatement statement;
		int			line;
		int			column;

		initStringInfo(&text);
		appendStringInfoString(&text, UP "select '");
		while (text.len < size)
			appendStringInfoString(&text, lines ? "it''s; (\n;$$ x\n" :
								   "it''s; (;$$ x ");
		appendStringInfoString(&text, "';\nselect 2;\n");

		reader = script_open(text.data, text.len, SCRIPT_UP, &options);
		unit_number("long", SCRIPT_STATEMENT, script_next(reader, &statement));
		unit_number("long", text.len - strlen(UP) - strlen("\nselect 2;\n"),
					statement.length);
		unit_true("long", memcmp(statement.text, text.data + strlen(UP),
								 statement.length) == 0);
		unit_number("next", SCRIPT_STATEMENT, script_next(reader, &statement));
		unit_text("next", "select 2;", statement.text);
		script_locate(reader, 7, &line, &column);
		unit_number("column", 8, column);
		unit_number("end", SCRIPT_END, script_next(reader, &statement));
		script_close(reader);
		pfree(text.data);
	}
}

/*
 * Many statements.
 */
static void
test_many_statements(void)
{
	ScriptOptions options = {true, NULL, NULL, false, NULL, NULL};
	StringInfoData text;
	ScriptReader *reader;
	ScriptStatement statement;
	int			count = 0;
	bool		good = true;

	initStringInfo(&text);
	appendStringInfoString(&text, UP);
	while (count++ < 200000)
		appendStringInfo(&text, "insert into t values (%d);\n", count);

	reader = script_open(text.data, text.len, SCRIPT_UP, &options);
	count = 0;
	while (script_next(reader, &statement) == SCRIPT_STATEMENT)
	{
		count++;
		good = good && statement.ordinal == count &&
			statement.line == count + 1 &&
			strcmp(statement.text,
				   psprintf("insert into t values (%d);", count)) == 0;
	}
	unit_number("many", 200000, count);
	unit_true("many", good);
	script_close(reader);
	pfree(text.data);
}

/*
 * Scripts of random bytes and pieces: the reader must come to an end, and
 * each statement and problem must lie inside the file.
 */
static void
test_any_bytes(void)
{
	static const char *const pieces[] = {
		"\n", "\n", "\n", "\r", ";\n", "--", "'", "\"", "$$", "$a", "/*", "*/",
		"(", ")", "${", "}", ":-", ":1", "$", "\\", "E'", "\xEF\xBB\xBF",
		"\n" UP, "\n" DOWN, "\n" BEGIN, "\n" END, "\n" ENVSUB, "$NAME",
		"${BIRD:0:2}", "$LINES", "begin atomic", "create function", "end"
	};
	uint32		seed = 20260101;
	bool		good = true;
	int			round;

	for (round = 0; round < 20000; round++)
	{
		ScriptOptions options = {round % 3 > 0, unit_lookup, NULL, false, NULL, NULL};
		StringInfoData text;
		ScriptReader *reader;
		ScriptStatement statement;
		ScriptNext	next;
		int			lines = 1;
		int			i;

		initStringInfo(&text);
		if (round % 4 > 0)
			appendStringInfoString(&text, UP);
		for (i = 0; i < round % 24; i++)
		{
			seed = seed * 1664525 + 1013904223;
			if (seed >> 30 == 0)
				appendStringInfoChar(&text, (char) (seed >> 20));
			else
				appendStringInfoString(&text,
									   pieces[(seed >> 8) % lengthof(pieces)]);
		}
		for (i = 0; i < text.len; i++)
			lines += text.data[i] == '\n';

		reader = script_open(text.data, text.len, round % 2, &options);
		while ((next = script_next(reader, &statement)) == SCRIPT_STATEMENT)
		{
			int			line;
			int			column;

			script_locate(reader, statement.length, &line, &column);
			good = good && statement.text[statement.length] == '\0' &&
				statement.line >= 1 && statement.line <= line &&
				line <= lines && column >= 1;
		}
		if (next == SCRIPT_FAILED)
			good = good && script_problem(reader)->error != SCRIPT_NO_ERROR &&
				script_problem(reader)->line >= 1 &&
				script_problem(reader)->line <= lines &&
				script_problem(reader)->column >= 1;
		script_close(reader);
		good = good && strstr(unit_script(text.data, text.len, round % 2),
							  "its cuts differ") == NULL;
		pfree(text.data);
	}
	unit_true("any bytes", good);
}

void
test_script_large(void)
{
	unit_suite("script_large");
	test_long_lines();
	test_long_statements();
	test_many_statements();
	test_any_bytes();
}
