/*-------------------------------------------------------------------------
 *
 * test_lexer.c
 *	  Tests of lexer.c and routine.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "lexer.h"

/* Where something begins when nothing is open. */
#define NOWHERE 9999

typedef struct LexerCase
{
	const char *sql;
	LexerInside inside;
	size_t		start;
} LexerCase;

/*
 * Feeds each text at once and line by line, and checks what is open.
 */
static void
test_lexer_cases(const LexerCase *cases, size_t count,
				 bool standard_conforming_strings)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		size_t		length = strlen(cases[i].sql);
		size_t		start = NOWHERE;
		size_t		from = 0;
		size_t		to;
		Lexer		lexer;

		lexer_init(&lexer, standard_conforming_strings);
		lexer_feed(&lexer, cases[i].sql, 0, length);
		unit_number(cases[i].sql, cases[i].inside,
					lexer_inside(&lexer, &start));
		unit_number(cases[i].sql, cases[i].start, start);

		start = NOWHERE;
		lexer_reset(&lexer);
		for (to = 1; to <= length; to++)
		{
			if (to < length && cases[i].sql[to - 1] != '\n')
				continue;
			lexer_feed(&lexer, cases[i].sql, from, to);
			from = to;
		}
		unit_number(cases[i].sql, cases[i].inside,
					lexer_inside(&lexer, &start));
		unit_number(cases[i].sql, cases[i].start, start);
	}
}

/*
 * Strings and quoted identifiers.
 */
static void
test_lexer_quotes(void)
{
	static const LexerCase cases[] = {
		{"", LEXER_NOTHING, NOWHERE},
		{"select 'a';\n", LEXER_NOTHING, NOWHERE},
		{"select 'a;\n", LEXER_STRING, 7},
		{"select 'it''s;\n", LEXER_STRING, 7},
		{"select 'it''s';\n", LEXER_NOTHING, NOWHERE},
		{"select '''", LEXER_STRING, 7},
		{"select 'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select '-- /* ( $$';\n", LEXER_NOTHING, NOWHERE},
		{"select 'a' 'b;\n", LEXER_STRING, 11},

		/* escapes */
		{"select E'a\\';\n", LEXER_STRING, 7},
		{"select e'a\\\\';\n", LEXER_NOTHING, NOWHERE},
		{"select E'a\\'' '", LEXER_STRING, 14},
		{"select E'a''\\';\n", LEXER_STRING, 7},
		{"select E'a\\\n';\n", LEXER_NOTHING, NOWHERE},
		{"select fE'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select E 'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select 1E'a\\';\n", LEXER_NOTHING, NOWHERE},

		/* continued over a line end, in their own kind */
		{"select E'a'\n'b\\';\n", LEXER_STRING, 7},
		{"select E'a'\r'b\\';\n", LEXER_STRING, 7},
		{"select E'a' -- 'x\n \t'b\\';\n", LEXER_STRING, 7},
		{"select E'a'\n-- x'\n\n--\n'b\\'';\n", LEXER_NOTHING, NOWHERE},
		{"select E'a' 'b\\';\n", LEXER_NOTHING, NOWHERE},
		{"select E'a' /* */\n'b\\';\n", LEXER_NOTHING, NOWHERE},
		{"select E'a'\n, 'b\\';\n", LEXER_NOTHING, NOWHERE},
		{"select E'a'\n- 'b\\';\n", LEXER_NOTHING, NOWHERE},
		{"select 'a'\nE'b\\';\n", LEXER_STRING, 11},

		/* the other kinds */
		{"select N'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select n'a;\n", LEXER_STRING, 8},
		{"select B'1\\';\n", LEXER_NOTHING, NOWHERE},
		{"select X'1;\n", LEXER_STRING, 7},
		{"select x'1''';\n", LEXER_NOTHING, NOWHERE},
		{"select U&'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select u&'a''b;\n", LEXER_STRING, 7},
		{"select u & 'a;\n", LEXER_STRING, 11},

		/* identifiers */
		{"select \"a;\n", LEXER_IDENTIFIER, 7},
		{"select \"a\"\"b;\n", LEXER_IDENTIFIER, 7},
		{"select \"a\"\"b\";\n", LEXER_NOTHING, NOWHERE},
		{"select \"it's\";\n", LEXER_NOTHING, NOWHERE},
		{"select \"a\\\";\n", LEXER_NOTHING, NOWHERE},
		{"select \"a\"\n\"b;\n", LEXER_IDENTIFIER, 11},
		{"select U&\"a;\n", LEXER_IDENTIFIER, 7},
		{"select u&\"\\0061\" uescape '!';\n", LEXER_NOTHING, NOWHERE},
	};

	test_lexer_cases(cases, lengthof(cases), true);
}

/*
 * The same with backslashes in plain strings.
 */
static void
test_lexer_nonconforming(void)
{
	static const LexerCase cases[] = {
		{"select 'a\\';\n", LEXER_STRING, 7},
		{"select 'a\\'';\n", LEXER_NOTHING, NOWHERE},
		{"select 'a'\n'b\\';\n", LEXER_STRING, 7},
		{"select N'a\\';\n", LEXER_STRING, 8},
		{"select E'a\\';\n", LEXER_STRING, 7},
		{"select B'1\\';\n", LEXER_NOTHING, NOWHERE},
		{"select B'1''\\';\n", LEXER_STRING, 11},
		{"select U&'a\\';\n", LEXER_NOTHING, NOWHERE},
		{"select \"a\\\";\n", LEXER_NOTHING, NOWHERE},
		{"select $$\\$$;\n", LEXER_NOTHING, NOWHERE},
	};

	test_lexer_cases(cases, lengthof(cases), false);
}

/*
 * Dollar quotes, and what looks like them.
 */
static void
test_lexer_dollars(void)
{
	static const LexerCase cases[] = {
		{"do $$\nbegin;\n", LEXER_DOLLAR_QUOTE, 3},
		{"do $$\nbegin;\nend $$;\n", LEXER_NOTHING, NOWHERE},
		{"do $a$ ; $$ ; $b$ ; $a ; a$ ;\n", LEXER_DOLLAR_QUOTE, 3},
		{"do $a$ ; $$ ; $b$ ; $a$;\n", LEXER_NOTHING, NOWHERE},
		{"do $a$ $A$;\n", LEXER_DOLLAR_QUOTE, 3},
		{"do $a$ $b$a$;\n", LEXER_NOTHING, NOWHERE},
		{"do $a$ $$a$;\n", LEXER_NOTHING, NOWHERE},
		{"do $a$ ' \" /* -- $a$;\n", LEXER_NOTHING, NOWHERE},
		{"do $a1_\xC3\xA9$ ;\n", LEXER_DOLLAR_QUOTE, 3},
		{"do $a1_\xC3\xA9$ ; $a1_\xC3\xA9$;\n", LEXER_NOTHING, NOWHERE},
		{"select $1a$ ';\n", LEXER_STRING, 12},
		{"select foo$$bar;\n", LEXER_NOTHING, NOWHERE},
		{"select foo$a$ ';\n", LEXER_STRING, 14},
		{"select 1$$ ';\n", LEXER_DOLLAR_QUOTE, 8},
		{"select $1$$;\n", LEXER_DOLLAR_QUOTE, 9},
		{"select $1$$ ; $$;\n", LEXER_NOTHING, NOWHERE},
		{"select $1, $2;\n", LEXER_NOTHING, NOWHERE},
		{"select $a+$b$;\n", LEXER_DOLLAR_QUOTE, 10},
		{"select $a b$ ';\n", LEXER_STRING, 13},
		{"select $;\n", LEXER_NOTHING, NOWHERE},
		{"select $a", LEXER_NOTHING, NOWHERE},
		{"select $a-$$;\n", LEXER_DOLLAR_QUOTE, 10},
		{"select 0x1F$$ ';\n", LEXER_STRING, 14},
		{"select 1.5$$ ';\n", LEXER_DOLLAR_QUOTE, 10},
	};

	test_lexer_cases(cases, lengthof(cases), true);
}

/*
 * Comments and the operators that hide in them or hide them; parentheses.
 */
static void
test_lexer_comments(void)
{
	static const LexerCase cases[] = {
		{"select 1 -- it's (\n;\n", LEXER_NOTHING, NOWHERE},
		{"select 1 -- it's\r';\n", LEXER_STRING, 17},
		{"select 1 --", LEXER_NOTHING, NOWHERE},
		{"select 1 - - 'a;\n", LEXER_STRING, 13},
		{"select 1 +-- '\n;\n", LEXER_NOTHING, NOWHERE},
		{"/* a;\n", LEXER_COMMENT, 0},
		{"/* a; */\n", LEXER_NOTHING, NOWHERE},
		{"/* /* a */ ;\n", LEXER_COMMENT, 0},
		{"/* /* a */ */ ;\n", LEXER_NOTHING, NOWHERE},
		{"/*/ ;\n", LEXER_COMMENT, 0},
		{"/**/ ;\n", LEXER_NOTHING, NOWHERE},
		{"/***/ ;\n", LEXER_NOTHING, NOWHERE},
		{"/*/**/ ;\n", LEXER_COMMENT, 0},
		{"/* -- */ ';\n", LEXER_STRING, 9},
		{"/* it's */ ;\n", LEXER_NOTHING, NOWHERE},
		{"*/ ;\n", LEXER_NOTHING, NOWHERE},
		{"select 2 */* ;\n", LEXER_COMMENT, 10},
		{"select @/* ; */ 1;\n", LEXER_NOTHING, NOWHERE},
		{"select 1 /-- /*\n;\n", LEXER_NOTHING, NOWHERE},
		{"select 1 / * 2;\n", LEXER_NOTHING, NOWHERE},

		{"select (1;\n", LEXER_PARENTHESIS, 7},
		{"select ((1);\n", LEXER_PARENTHESIS, 7},
		{"select (1)(;\n", LEXER_PARENTHESIS, 10},
		{"select ((1));\n", LEXER_NOTHING, NOWHERE},
		{"select 1);\n", LEXER_NOTHING, NOWHERE},
		{"select 1)) (;\n", LEXER_PARENTHESIS, 11},
		{"select ('a;\n", LEXER_STRING, 8},
		{"select '(' \"(\" $$($$ /*(*/;\n", LEXER_NOTHING, NOWHERE},
		{"select a[1;\n", LEXER_NOTHING, NOWHERE},
	};

	test_lexer_cases(cases, lengthof(cases), true);
}

/*
 * BEGIN ATOMIC.
 */
static void
test_lexer_bodies(void)
{
#define F "create function f() begin atomic "	/* BEGIN is at 20 */
	static const LexerCase cases[] = {
		{F "select 1;\n", LEXER_BODY, 20},
		{F "select 1;\nend;\n", LEXER_NOTHING, NOWHERE},
		{F "end;\n", LEXER_NOTHING, NOWHERE},
		{F "; ;\n", LEXER_BODY, 20},
		{"CREATE OR REPLACE PROCEDURE p()\nBEGIN /* x */ -- y\nATOMIC ;\n",
		LEXER_BODY, 32},
		{"Create Procedure p() Begin Atomic;\n", LEXER_BODY, 21},
		{"-- c\n/* c */ create function f() begin atomic;\n", LEXER_BODY, 33},
		{"select 1; create function f() begin atomic;\n", LEXER_BODY, 30},

		/* END of CASE, and as a name */
		{F "select case 1 when 1 then 2 end;\n", LEXER_BODY, 20},
		{F "select case 1 when 1 then 2 end; end;\n", LEXER_NOTHING, NOWHERE},
		{F "select 1 as end;\n", LEXER_BODY, 20},
		{F "select t.end, 1 end;\n", LEXER_BODY, 20},
		{F "select t.case;\nend;\n", LEXER_NOTHING, NOWHERE},
		{F "select 1 as case; select 1 case; end;\n", LEXER_NOTHING, NOWHERE},
		{F "\"end\";\n", LEXER_BODY, 20},
		{F "'end';\n", LEXER_BODY, 20},
		{F "ended;\n", LEXER_BODY, 20},
		{F "insert into t values ('; end;'); end;\n", LEXER_NOTHING, NOWHERE},
		{F "select (1; end;\n", LEXER_PARENTHESIS, 40},
		{F "create function g() begin atomic end;\n", LEXER_BODY, 20},
		{F "create function g() begin atomic end; end;\n", LEXER_NOTHING,
		NOWHERE},
		{F "end; select 1; end;\n", LEXER_NOTHING, NOWHERE},

		/* what is no body */
		{"begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create view v begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create or function f() begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create replace function f() begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"alter function f() begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"\"create\" function f() begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create function f(begin atomic);\n", LEXER_NOTHING, NOWHERE},
		{"create function f() begin x atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create function f() begin 'a' atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create function f() begin \"atomic\";\n", LEXER_NOTHING, NOWHERE},
		{"create function f(); begin atomic;\n", LEXER_NOTHING, NOWHERE},
		{"create function f(;) begin atomic;\n", LEXER_BODY, 21},
		{"create function f() begin begin atomic;\n", LEXER_BODY, 26},
		{"create function begin() begin atomic;\n", LEXER_BODY, 24},
	};

	test_lexer_cases(cases, lengthof(cases), true);
#undef F
}

void
test_lexer(void)
{
	unit_suite("lexer");
	test_lexer_quotes();
	test_lexer_nonconforming();
	test_lexer_dollars();
	test_lexer_comments();
	test_lexer_bodies();
}
