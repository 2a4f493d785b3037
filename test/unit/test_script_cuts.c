/*-------------------------------------------------------------------------
 *
 * test_script_cuts.c
 *	  Tests of script_cuts.c: which statements are noted for later readers.
 *
 * That later readers give the same is checked for every script of the tests;
 * see script_text.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

/*
 * Notes the statements of the Up part.  Returns where they stand, as one text
 * that is palloc'd.
 */
static char *
note_cuts(const char *text)
{
	ScriptCuts	cuts;
	ScriptOptions options = {true, unit_lookup, NULL, false, NULL, &cuts};
	ScriptReader *reader;
	ScriptStatement statement;
	StringInfoData out;

	script_cuts_init(&cuts, true);
	reader = script_open(text, strlen(text), SCRIPT_UP, &options);
	while (script_next(reader, &statement) == SCRIPT_STATEMENT)
		continue;
	script_close(reader);
	script_cuts_complete(&cuts);
	initStringInfo(&out);
	for (uint32 i = 0; i < cuts.nitems; i++)
		appendStringInfo(&out, "[%.*s]",
						 (int) (cuts.items[i].end - cuts.items[i].begin),
						 text + cuts.items[i].begin);
	pfree(cuts.items);
	return out.data;
}

static void
test_noted(void)
{
	static const struct
	{
		const char *name;
		const char *text;
		const char *cuts;
	}			cases[] = {
		{"statements", UP "a;\nb\nc;\n", "[a;\n][b\nc;\n]"},
		{"blanks and comments between", UP "\n-- x\n a;\n\n\nb;\n", "[ a;\n][b;\n]"},
		{"comments inside", UP "a\n-- x\nb; -- y\n", "[a\n-- x\nb; -- y\n]"},
		{"a cut that the lexer vetoed", UP "'a;\nb';\n", "['a;\nb';\n]"},
		{"the other part", UP "a;\n" DOWN "b;\n", "[a;\n]"},
		{"no line end", UP "a;\nb;", "[a;\n]"},
		{"carriage returns", UP "a;\r\nb\r\nc;\r\nd;\n", "[d;\n]"},
		{"a carriage return and no line end", UP "a\r\nb;", ""},
		{"an annotation inside", UP "a\n-- +goose NO TRANSACTION\nb;\nc;\n", "[c;\n]"},
		{"blocks", UP BEGIN "a;\nb;\n" END "c;\n", "[c;\n]"},
		{"variables", UP "a;\n" ENVSUB "$NAME;\nb;\n", "[a;\n]"},
		{"variables off", UP ENVSUB "a;\n-- +goose ENVSUB OFF\nb;\n", "[b;\n]"},
		{"data", UP "copy a from stdin;\n1\n\\.\nb;\n", "[b;\n]"},
		{"up to an error", UP "a;\n'b;\n", "[a;\n]"},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		char	   *cuts = note_cuts(cases[i].text);

		unit_text(cases[i].name, cases[i].cuts, cuts);
		pfree(cuts);
	}
}

/*
 * A reader that does not expand variables can come to a statement that was
 * noted in the middle of another one, or where the line is dropped.
 */
static void
test_other_readers(void)
{
	static const char off[] = "-- +goose ENVSUB OFF\n";
	char	   *text = psprintf("%s%sa $SEMICOLON\n%sb;\nc;\n", UP, ENVSUB, off);
	char	   *script = unit_script(text, strlen(text), SCRIPT_UP);

	unit_text("inside another one", "3:1{a ;} 5:1{b;} 6:1{c;} end", script);
	text = psprintf("%s%sa $COMMENT;\n%s%s%sb;\nc;\n", UP, ENVSUB, BEGIN, END,
					off);
	script = unit_script(text, strlen(text), SCRIPT_UP);
	unit_text("after an empty block", "3:1{a --;} 7:1{b;} 8:1{c;} end", script);
}

void
test_script_cuts(void)
{
	unit_suite("script_cuts");
	test_noted();
	test_other_readers();
}
