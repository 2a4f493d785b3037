/*-------------------------------------------------------------------------
 *
 * test_script_places.c
 *	  Tests of script_locate(): from a statement's text back to the file.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "character.h"

/*
 * The place of the first "@" in each statement of a script.
 */
static void
test_marked_places(void)
{
	static const struct
	{
		const char *name;
		const char *text;
		const char *places;
	}			cases[] = {
		{"first line", UP "@a;\n", "2:1 "},
		{"later lines", UP "\n a\n\n  @;\n", "5:3 "},
		{"characters", UP "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6@;\n", "2:4 "},
		{"CRLF", UP "a\r\nb\r\n @;\r\n", "4:2 "},
		{"second statement", UP "a @;\n\n\nb\n@;\n", "2:3 6:1 "},
		{"annotation inside", UP "a\n-- +goose NO TRANSACTION\n  b @;\n",
		"4:5 "},
		{"right after an annotation", UP "a\n-- +goose NO TRANSACTION\n@;\n",
		"4:1 "},
		{"before an annotation", UP "a @\n-- +goose NO TRANSACTION\nb;\n",
		"2:3 "},
		{"annotations inside", UP "a\n" ENVSUB ENVSUB "b\n" ENVSUB "c\n@;\n",
		"8:1 "},
		{"after a block's begin", UP "a\n" BEGIN "b\n@\n" END, "5:1 "},
		{"after an expanded line", UP ENVSUB "a $NAME\n @;\n", "4:2 "},
		{"on an expanded line", UP ENVSUB "a\n$LINES @;\nb\n;\n", "4:6 "},
		{"after an expansion to lines", UP ENVSUB "$LINES a\n @\n;\n", "4:2 "},
		{"after many of them",
		UP ENVSUB "$LINES a\n$LINES\nb $LINES c\nd\n @;\n", "7:2 "},
		{"columns of the last line of an expansion", UP ENVSUB "a\n$LINES$LINES @ ;\n", "4:6 "},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		ScriptOptions options = {true, unit_lookup, NULL, false, NULL, NULL};
		ScriptReader *reader = script_open(cases[i].text,
										   strlen(cases[i].text), SCRIPT_UP,
										   &options);
		ScriptStatement statement;
		StringInfoData places;

		initStringInfo(&places);
		while (script_next(reader, &statement) == SCRIPT_STATEMENT)
		{
			const char *mark = strchr(statement.text, '@');
			int			line;
			int			column;

			if (mark == NULL)
				continue;
			script_locate(reader, mark - statement.text, &line, &column);
			appendStringInfo(&places, "%d:%d ", line, column);
		}
		unit_text(cases[i].name, cases[i].places, places.data);
		script_close(reader);
	}
}

/*
 * Offsets at the end of a statement and beyond.
 */
static void
test_ends(void)
{
	static const char text[] = UP "a\n  b;  \n";
	ScriptOptions options = {true, NULL, NULL, false, NULL, NULL};
	ScriptReader *reader = script_open(text, strlen(text), SCRIPT_UP, &options);
	ScriptStatement statement;
	int			line;
	int			column;

	unit_number("ends", SCRIPT_STATEMENT, script_next(reader, &statement));
	unit_number("length", strlen("a\n  b;"), statement.length);
	unit_number("ordinal", 1, statement.ordinal);
	script_locate(reader, statement.length, &line, &column);
	unit_number("end: line", 3, line);
	unit_number("end: column", 5, column);
	script_locate(reader, (size_t) -1, &line, &column);
	unit_number("beyond: line", 3, line);
	unit_number("beyond: column", 5, column);
	unit_number("end", SCRIPT_END, script_next(reader, &statement));
	unit_number("still the end", SCRIPT_END, script_next(reader, &statement));
	unit_number("no problem", SCRIPT_NO_ERROR, script_problem(reader)->error);
	script_close(reader);
}

/*
 * A failed reader stays so.
 */
static void
test_failed(void)
{
	static const char text[] = UP END "a;\n";
	ScriptOptions options = {true, NULL, NULL, false, NULL, NULL};
	ScriptReader *reader = script_open(text, strlen(text), SCRIPT_UP, &options);
	ScriptStatement statement;

	unit_number("failed", SCRIPT_FAILED, script_next(reader, &statement));
	unit_number("still failed", SCRIPT_FAILED, script_next(reader, &statement));
	unit_number("the same", SCRIPT_END_MISPLACED,
				script_problem(reader)->error);
	script_close(reader);
}

/*
 * With standard_conforming_strings off.
 */
static void
test_strings_setting(void)
{
	static const char text[] = UP "'\\';\n'';\n';\n";
	ScriptOptions options = {false, NULL, NULL, false, NULL, NULL};
	ScriptReader *reader = script_open(text, strlen(text), SCRIPT_UP, &options);
	ScriptStatement statement;

	unit_number("off", SCRIPT_STATEMENT, script_next(reader, &statement));
	unit_text("off", "'\\';\n'';\n';", statement.text);
	script_close(reader);

	options.standard_conforming_strings = true;
	reader = script_open(text, strlen(text), SCRIPT_UP, &options);
	unit_number("on", SCRIPT_STATEMENT, script_next(reader, &statement));
	unit_text("on", "'\\';", statement.text);
	script_close(reader);
}

void
test_script_places(void)
{
	unit_suite("script_places");
	test_marked_places();
	test_ends();
	test_failed();
	test_strings_setting();
}
