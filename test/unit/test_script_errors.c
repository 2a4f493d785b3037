/*-------------------------------------------------------------------------
 *
 * test_script_errors.c
 *	  Tests of script.c: files that goose refuses, and where they are wrong.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#define LONG_WORD "0123456789012345678901234567890123456789012345678901234567"

void
test_script_errors(void)
{
	static const struct
	{
		const char *text;
		const char *up;			/* as script_text.c writes it */
		const char *down;		/* NULL: the same */
	}			cases[] = {
		/* annotations */
		{"\n -- +goose Up\n", "error indented 2:2", NULL},
		{UP "a\n\t-- +goose Down\n", "error indented 3:2", NULL},
		{UP "\xC2\xA0-- +goose\n", "error empty 2:2", NULL},
		{UP "-- +goose up +goose down\n", "error repeated 2:1", NULL},
		{UP "-- the +goose way\n", "error unknown 2:1 the  way", NULL},
		{UP "-- +goose " LONG_WORD "ab\n", "error unknown 2:1 " LONG_WORD "ab",
		NULL},
		{UP "-- +goose " LONG_WORD "abc\n",
			"error unknown 2:1 012345678901234567890123456789012345678901234567"
		"890123456...", NULL},
		{UP "$$\n-- +goose x\n$$;\n", "error unknown 3:1 x", NULL},
		{"-- +goose x\n", "error unknown 1:1 x", NULL},

		/* order */
		{"", "error no_up 1:1", NULL},
		{"\n-- hello\n\n", "error no_up 1:1", NULL},
		{ENVSUB "-- +goose NO TRANSACTION\n", "error no_up 1:1", NULL},
		{UP "a;\n" UP, "2:1{a;} error up 3:1", "error up 3:1"},
		{UP DOWN UP, "error up 3:1", NULL},
		{UP BEGIN UP, "error up 3:1", NULL},
		{DOWN, "error down 1:1", NULL},
		{UP DOWN "a;\n" DOWN, "error down 4:1", "3:1{a;} error down 4:1"},
		{UP BEGIN "a\n" DOWN, "error down 4:1", NULL},
		{BEGIN, "error begin 1:1", NULL},
		{UP BEGIN "a\n" BEGIN, "error begin 4:1", NULL},
		{UP DOWN BEGIN "a\n" BEGIN, "error begin 5:1", NULL},
		{END, "error end 1:1", NULL},
		{UP "a;\n" END, "2:1{a;} error end 3:1", "error end 3:1"},
		{UP BEGIN "a\n" END END, "3:1{a} error end 5:1", "error end 5:1"},
		{UP "\n" BEGIN "a;\n", "error no_end 3:1", NULL},
		{UP DOWN BEGIN "a;\n", "error no_end 3:1", NULL},
		{"a;\n" UP, "error before_up 1:1 a;", NULL},
		{"\n  -- x\n  create table t ();\n",
		"error before_up 3:3 create table t ();", NULL},

		/* unfinished statements */
		{UP "a;\n\n  b\n c\n", "2:1{a;} error semicolon 4:3 b", "end"},
		{UP "a\n" DOWN "b;\n", "error semicolon 2:1 a", "4:1{b;} end"},
		{UP "a;\n" DOWN "b\n", "2:1{a;} end", "error semicolon 4:1 b"},
		{UP "a; -- b\nc -- ;", "2:1{a; -- b} error semicolon 3:1 c -- ;",
		"end"},
		{UP "  \n-- only a comment\n", "error semicolon 3:1 -- only a comment",
		"end"},
		{UP "a\n  b 'c;\n", "note veto 3 error string 3:5 'c;", "end"},
		{UP "a E'b\\';\n" DOWN, "note veto 2 error string 2:3 E'b\\';", "end"},
		{UP "\xC3\xA9\xC3\xA9 \"b\n", "error identifier 2:4 \"b", "end"},
		{UP "do $x$\n;\n$X$;\n" DOWN "a;\n",
		"note veto 3 note veto 4 error dollar 2:4 $x$", "6:1{a;} end"},
		{UP "a;\nb /* c\n/* */;\n",
		"2:1{a;} note veto 4 error comment 3:3 /* c", "end"},
		{UP "a\n(b (c\n);\n", "note veto 4 error parenthesis 3:1 (b (c", "end"},
		{UP "create function f()\n begin atomic\n a;\n",
		"note veto 4 error body 3:2 begin atomic", "end"},
		{UP "a '\n-- +goose ENVSUB ON\n\n'\n  \"\n",
		"error identifier 6:3 \"", "end"},
		{UP "a '\n" BEGIN "';\n" END "b 'c\n",
		"2:1{a '\n';} error string 6:3 'c", "end"},

		/* variables */
		{UP ENVSUB "a\n  \xC3\xA9 $1;\n", "error name 4:5 1", NULL},
		{UP ENVSUB "a ${NAME!};\n", "error operator 3:3 !", NULL},
		{UP ENVSUB "a ${NAME:-;\n", "error brace 3:3 ", NULL},
		{UP ENVSUB "a ${NAME:x};\n", "error offset 3:3 x", NULL},
		{UP ENVSUB "a ${NAME:1:x};\n", "error length 3:3 x", NULL},
		{UP ENVSUB "a ${UNSET?};\n", "error required 3:3 UNSET: not set", NULL},
		{UP ENVSUB "a ${UNSET?wanted};\n",
		"error required 3:3 UNSET: wanted", NULL},
		{ENVSUB "${UNSET?};\n", "error required 2:1 UNSET: not set", NULL},
		{UP "a;\n" DOWN ENVSUB "${UNSET?};\n",
			"2:1{a;} error required 5:1 UNSET: not set",
		"error required 5:1 UNSET: not set"},
		{UP ENVSUB "  \n" DOWN "-- $1\n", "error name 5:4 1", "end"},
	};
	size_t		i;

	unit_suite("script_errors");
	for (i = 0; i < lengthof(cases); i++)
	{
		const char *text = cases[i].text;

		unit_text(text, cases[i].up,
				  unit_script(text, strlen(text), SCRIPT_UP));
		unit_text(text, cases[i].down == NULL ? cases[i].up : cases[i].down,
				  unit_script(text, strlen(text), SCRIPT_DOWN));
	}
}
