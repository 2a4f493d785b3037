/*-------------------------------------------------------------------------
 *
 * test_script.c
 *	  Tests of script.c: the statements of files that are in order.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

typedef struct ScriptCase
{
	const char *name;
	const char *text;
	const char *up;				/* as script_text.c writes it */
	const char *down;
} ScriptCase;

/*
 * Reads each script in both directions.
 */
static void
test_script_cases(const ScriptCase *cases, size_t count)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		const char *text = cases[i].text;

		unit_text(cases[i].name, cases[i].up,
				  unit_script(text, strlen(text), SCRIPT_UP));
		unit_text(cases[i].name, cases[i].down,
				  unit_script(text, strlen(text), SCRIPT_DOWN));
	}
}

/*
 * Where statements begin and end.
 */
static void
test_statements(void)
{
	static const ScriptCase cases[] = {
		{"one each", UP "select 1;\n" DOWN "select 2;\n",
		"2:1{select 1;} end", "4:1{select 2;} end"},
		{"no Down", UP "select 1;\n", "2:1{select 1;} end", "end"},
		{"nothing but Up", UP, "end", "end"},
		{"no line feed at the end", UP "a;\n" DOWN "b;", "2:1{a;} end",
		"4:1{b;} end"},
		{"annotation without line feed", "-- +goose Up", "end", "end"},
		{"several on a line are one", UP "a; b;\nc;\n",
		"2:1{a; b;} 3:1{c;} end", "end"},
		{"over lines", UP "a\n  b\n\n;\nc;\n",
		"2:1{a\n  b\n\n;} 6:1{c;} end", "end"},
		{"indented", UP "\n\n  a;  \n", "4:3{a;} end", "end"},
		{"comment after the semicolon", UP "a; -- b; c\nd; --\n",
		"2:1{a; -- b; c} 3:1{d; --} end", "end"},
		{"word before the comment counts", UP "a -- b;\n;\n",
		"2:1{a -- b;\n;} end", "end"},
		{"dashes inside a word are no comment", UP "a--b;\nc;--d\ne;\n",
		"2:1{a--b;} 3:1{c;--d\ne;} end", "end"},
		{"semicolon in front", UP "a\n; b\nc;\n", "2:1{a\n; b\nc;} end", "end"},
		{"semicolon alone", UP ";\n", "2:1{;} end", "end"},
		{"comments before are left out", UP "-- a;\n\n -- b\nc;\n",
		"5:1{c;} end", "end"},
		{"comments inside stay", UP "a\n-- b;\n\n  -- c\nd;\n-- e\n",
		"2:1{a\n-- b;\n\n  -- c\nd;} end", "end"},
		{"comments after a line of blanks stay", UP "  \n-- a\nb;\n",
		"3:1{-- a\nb;} end", "end"},
		{"blanks at the end", UP "a;\n  \n\t\n" DOWN "  \n", "2:1{a;} end",
		"end"},
		{"blanks of Unicode", UP "a;\xC2\xA0\n\xE3\x80\x80" "b;\xE2\x80\x83\n",
		"2:1{a;} 3:2{b;} end", "end"},
		{"zero width is not blank", UP "a;\xE2\x80\x8B\n;\n",
		"2:1{a;\xE2\x80\x8B\n;} end", "end"},
		{"before Up", "\n  \n-- hello\n\t-- there\n" UP "a;\n",
		"6:1{a;} end", "end"},
		{"section of comments", UP "-- a;\n" DOWN "-- b;\n", "end", "end"},
	};

	test_script_cases(cases, lengthof(cases));
}

/*
 * Line ends.
 */
static void
test_line_ends(void)
{
	static const ScriptCase cases[] = {
		{"CRLF", "-- +goose Up\r\na\r\n;\r\n-- +goose Down\r\nb;\r\n",
		"2:1{a\n;} end", "5:1{b;} end"},
		{"CRLF, empty lines before", UP "\r\na;\r\n", "3:1{a;} end", "end"},
		{"CR at the end of the file", UP "a;\r", "2:1{a;} end", "end"},
		{"CR inside a line", UP "a\rb;\r\n", "2:1{a\rb;} end", "end"},
		{"two CR", UP "a;\r\r\n", "2:1{a;} end", "end"},
		{"two CR inside", UP "a\r\r\nb;\n", "2:1{a\r\nb;} end", "end"},
		{"line of a CR", UP "\r\r\n-- b\nc;\n", "3:1{-- b\nc;} end", "end"},
		{"CR alone ends no line", "-- +goose Up\ra;\r",
		"error unknown 1:1 Up", "error unknown 1:1 Up"},
		{"byte order mark", "\xEF\xBB\xBF" UP "a;\n",
		"note mark 1 2:1{a;} end", "note mark 1 end"},
		{"byte order mark alone", "\xEF\xBB\xBF",
		"note mark 1 error no_up 1:1", "note mark 1 error no_up 1:1"},
		{"byte order mark elsewhere", UP "\xEF\xBB\xBF" "a;\n",
		"2:1{\xEF\xBB\xBF" "a;} end", "end"},
	};

	test_script_cases(cases, lengthof(cases));
}

/*
 * StatementBegin and StatementEnd.
 */
static void
test_blocks(void)
{
	static const ScriptCase cases[] = {
		{"block", UP BEGIN "a;\nb;\n" END "c;\n" DOWN BEGIN "d;\n" END,
		"3:1{a;\nb;} 6:1{c;} end", "9:1{d;} end"},
		{"no semicolon needed", UP BEGIN "a\n" END "b;\n",
		"3:1{a} 5:1{b;} end", "end"},
		{"blocks side by side", UP BEGIN "a\n" END BEGIN "b\n" END,
		"3:1{a} 6:1{b} end", "end"},
		{"comments in front are left out", UP BEGIN "-- a\n\nb\n-- c\n" END,
		"5:1{b\n-- c} end", "end"},
		{"after the beginning of a statement", UP "a\n" BEGIN "b;\nc\n" END,
		"2:1{a\nb;\nc} end", "end"},
		{"nothing is lexed", UP BEGIN "it's;\n" END "a;\n",
		"3:1{it's;} 5:1{a;} end", "end"},
		{"empty, at the end", UP BEGIN END, "end", "end"},
		{"empty, then comments only", UP BEGIN END "-- a\n\n", "end", "end"},
		{"empty, then a line", UP BEGIN END "a;\nb;\n",
		"note dropped 4 2:1{} 5:1{b;} end", "end"},
		{"empty, comment, then a line", UP BEGIN "\n" END "-- a\nb;\nc;\n",
		"note dropped 6 2:1{} 7:1{c;} end", "end"},
		{"empty, then blanks", UP BEGIN END " \nb;\n",
		"2:1{} 5:1{b;} end", "end"},
		{"of blanks", UP BEGIN "  \n" END "b;\n", "4:1{} 5:1{b;} end",
		"end"},
		{"empty, then a block", UP BEGIN END BEGIN "a\n" END,
		"5:1{a} end", "end"},
		{"empty, then Down", UP BEGIN END DOWN "a;\n", "end", "5:1{a;} end"},
		{"empty, in Down", UP "a;\n" DOWN BEGIN END "b;\nc;\n",
		"2:1{a;} end", "note dropped 6 4:1{} 7:1{c;} end"},
	};

	test_script_cases(cases, lengthof(cases));
}

/*
 * Annotations in odd places, and NO TRANSACTION.
 */
static void
test_annotations(void)
{
	static const ScriptCase cases[] = {
		{"NO TRANSACTION", "-- +goose NO TRANSACTION\n" UP "a;\n" DOWN "b;\n",
		"3:1{a;} end outside", "5:1{b;} end outside"},
		{"NO TRANSACTION in Down", UP "a;\n" DOWN "-- +goose no transaction\n",
		"2:1{a;} end outside", "end outside"},
		{"NO TRANSACTION inside a statement",
			UP "a\n-- +goose NO TRANSACTION\nb;\n",
		"2:1{a\nb;} end outside", "end outside"},
		{"inside a string", UP "'\n-- +goose NO TRANSACTION\n';\n",
		"2:1{'\n';} end outside", "end outside"},
		{"case and blanks", "--+GOOSE up\n--   +goose   UP  \na;\n",
		"3:1{a;} end", "end"},
		{"text after a mark elsewhere", UP "a; -- +goose Down\nb;\n",
		"2:1{a; -- +goose Down} 3:1{b;} end", "end"},
		{"no space", "--+goose Up\na;\n--+goose Down\nb;\n", "2:1{a;} end",
		"4:1{b;} end"},
	};

	test_script_cases(cases, lengthof(cases));
}

/*
 * ENVSUB; the variables are unit.c's.
 */
static void
test_envsub(void)
{
	static const ScriptCase cases[] = {
		{"off by default", UP "$NAME;\n", "2:1{$NAME;} end", "end"},
		{"on", UP ENVSUB "$NAME ${NAME:1:2};\n" DOWN "$NAME;\n",
		"3:1{goose oo;} end", "5:1{goose;} end"},
		{"on before Up", ENVSUB UP "$NAME;\n", "3:1{goose;} end", "end"},
		{"off again", UP ENVSUB "$NAME;\n-- +goose ENVSUB OFF\n$NAME;\n",
		"3:1{goose;} 5:1{$NAME;} end", "end"},
		{"inside a statement", UP "$NAME\n" ENVSUB "$NAME\n"
			"-- +goose ENVSUB OFF\n$NAME;\n",
		"2:1{$NAME\ngoose\n$NAME;} end", "end"},
		{"in a block", UP BEGIN ENVSUB "$NAME;\n" END, "4:1{goose;} end", "end"},
		{"semicolon comes from a variable", UP ENVSUB "a $SEMICOLON\nb;\n",
		"3:1{a ;} 4:1{b;} end", "end"},
		{"comment comes from a variable", UP ENVSUB "a; ${COMMENT} b\nc;\n",
		"3:1{a; -- b} 4:1{c;} end", "end"},
		{"lines come from a variable", UP ENVSUB "a $LINES\nb;\n",
		"3:1{a one\ntwo;} 4:1{b;} end", "end"},
		{"quote comes from a variable", UP ENVSUB "a${QUOTE} ;\nb$QUOTE;\n",
		"note veto 3 3:1{a' ;\nb';} end", "end"},
		{"annotation cannot", UP ENVSUB "$COMMENT +goose Down\n;\n",
		"3:1{-- +goose Down\n;} end", "end"},
		{"nothing is left of a line", UP ENVSUB "$EMPTY\n-- a\n;\n",
		"4:1{-- a\n;} end", "end"},
		{"comments in front are not expanded", UP ENVSUB "-- $1\na;\n",
		"4:1{a;} end", "end"},
		{"comments inside are", UP ENVSUB "a\n-- $NAME\n;\n",
		"3:1{a\n-- goose\n;} end", "end"},
		{"mistakes after a block of the other section", UP ENVSUB BEGIN "a\n"
			END "$1;\n" DOWN "b;\n",
		"4:1{a} error name 6:1 1", "8:1{b;} end"},
	};

	test_script_cases(cases, lengthof(cases));
}

/*
 * Line ends that do not end a statement.
 */
static void
test_vetoes(void)
{
	static const ScriptCase cases[] = {
		{"string", UP "a 'b;\nc';\nd;\n",
		"note veto 2 2:1{a 'b;\nc';} 4:1{d;} end", "end"},
		{"each line", UP "a 'b;\n;\n;';\n",
		"note veto 2 note veto 3 2:1{a 'b;\n;\n;';} end", "end"},
		{"dollar quote", UP "do $$\nbegin\n a;\nend;\n$$;\nb;\n",
			"note veto 4 note veto 5 2:1{do $$\nbegin\n a;\nend;\n$$;} "
		"7:1{b;} end", "end"},
		{"identifier", UP "a \"b;\nc\";\n",
		"note veto 2 2:1{a \"b;\nc\";} end", "end"},
		{"comment", UP "/* a;\n*/ b;\n",
		"note veto 2 2:1{/* a;\n*/ b;} end", "end"},
		{"parenthesis", UP "a (b;\nc;\n);\n",
		"note veto 2 note veto 3 2:1{a (b;\nc;\n);} end", "end"},
		{"body", UP "create function f() begin atomic\n a;\nend;\nb;\n",
			"note veto 3 2:1{create function f() begin atomic\n a;\nend;} "
		"5:1{b;} end", "end"},
		{"comment with dashes inside a string", UP "a ' -- b;\n';\n",
		"2:1{a ' -- b;\n';} end", "end"},
		{"not in the other section", UP "a 'b;\n';\n" DOWN "c 'd;\n';\n",
		"note veto 2 2:1{a 'b;\n';} end", "note veto 5 5:1{c 'd;\n';} end"},
		{"forgotten after the statement", UP BEGIN "a ('\n" END "b;\n",
		"3:1{a ('} 5:1{b;} end", "end"},
	};

	test_script_cases(cases, lengthof(cases));
}

void
test_script(void)
{
	unit_suite("script");
	test_statements();
	test_line_ends();
	test_blocks();
	test_annotations();
	test_envsub();
	test_vetoes();
}
