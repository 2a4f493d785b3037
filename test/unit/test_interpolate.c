/*-------------------------------------------------------------------------
 *
 * test_interpolate.c
 *	  Tests of interpolate.c and interpolate_substring.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/*
 * Lines that expand; the variables are unit.c's.
 */
static void
test_expansions(void)
{
	static const char *const cases[][2] = {
		/* text */
		{"", ""},
		{"no variables; 100%", "no variables; 100%"},
		{"\\ \\\\ \\n", "\\ \\\\ \\n"},
		{"$$ \\$ \\\\$NAME", "$ $ \\\\goose"},
		{"$$$NAME $$NAME \\$NAME \\${NAME}", "$goose $NAME $NAME ${NAME}"},
		{"$(date) $($NAME)", "$(date) $(goose)"},
		{"5$", "5$"},
		{"$$$", "$$"},
		{"} $NAME }", "} goose }"},
		{REPLACEMENT "$NAME" REPLACEMENT, REPLACEMENT "goose" REPLACEMENT},

		/* plain variables */
		{"$NAME", "goose"},
		{"[$NAME,$NAME]", "[goose,goose]"},
		{"${NAME}s $NAMEs $NAME.s", "gooses  goose.s"},
		{"[$UNSET$EMPTY${UNSET}]", "[]"},
		{"$DOLLAR ${DOLLAR}", "$NAME $NAME"},
		{"${N\xC2\xBD} $N\xC2\xBD $\xC3\x89T\xC3\x89!", "half half summer!"},
		{"$name", ""},

		/* defaults */
		{"${NAME:-x} ${NAME-x}", "goose goose"},
		{"${UNSET:-x} ${UNSET-x}", "x x"},
		{"[${EMPTY:-x}] [${EMPTY-x}]", "[x] []"},
		{"${UNSET:-}${UNSET-}", ""},
		{"${UNSET:-a:b-c?d{e}f", "a:b-c?d{ef"},
		{"${UNSET:-\\}}", "\\}"},
		{"${UNSET:-$$\\$\\\\}", "$$\\\\"},
		{"${UNSET:--1}", "-1"},
		{"${UNSET--1}", "-1"},
		{"${UNSET:-$NAME}", "goose"},
		{"${UNSET:-${EMPTY:-${UNSET-$(deep)}}}", "$(deep)"},
		{"${UNSET:-a${NAME}b$NAME}c", "agoosebgoosec"},
		{"${NAME:-${UNSET?not evaluated}}", "goose"},

		/* required */
		{"${NAME?must be set}", "goose"},
		{"[${EMPTY?must be set}]", "[]"},
		{"${NAME?${UNSET?not evaluated}}", "goose"},

		/* parts */
		{"${NAME:0} ${NAME:2} ${NAME:5}.", "goose ose ."},
		{"${NAME:6}${NAME:99}.", "."},
		{"${NAME: -2} ${NAME:+1}", "se oose"},
		{"${NAME: -9}", "goose"},
		{"${NAME:1:3} ${NAME:0:0}. ${NAME:1:99}", "oos . oose"},
		{"${NAME:1:-1} ${NAME:1:-4}. ${NAME:1:-99}.", "oos . ."},
		{"${NAME: -3:2}", "os"},
		{"${NAME: \t1\xC2\xA0:\xE2\x80\x83" "2 }", "oo"},
		{"${NAME:1" REPLACEMENT "2}", "oo"},
		{"${NAME:001:1}${NAME:-0:1}", "ogoose"},
		{"${NAME:0:9223372036854775807}", "goose"},
		{"${NAME:9223372036854775807}", ""},
		{"${NAME: -9223372036854775808}", "goose"},
		{"${NAME:1:-9223372036854775808}", ""},
		{"${UNSET:3:4}${EMPTY:1:9223372036854775807}", ""},
		{"${BIRD:0:1} ${BIRD:1:2} ${BIRD:3}", "a \xC3\xA9 \xE2\x82\xAC"},
		{"${BIRD:0:2}${BIRD:2}", "a\xC3\xA9\xE2\x82\xAC"},
		{"${BIRD:2:0}", ""},
		{"${UNSET:-x}${NAME:-${BIRD:2}}", "xgoose"},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		InterpolateProblem problem;
		StringInfoData out;

		initStringInfo(&out);
		appendStringInfoString(&out, "before ");
		unit_number(cases[i][0], INTERPOLATE_OK,
					interpolate_line(cases[i][0], strlen(cases[i][0]),
									 unit_lookup, NULL, &out, &problem));
		unit_text(cases[i][0], cases[i][1], out.data + strlen("before "));
	}
}

/*
 * Lines that do not.
 */
static void
test_mistakes(void)
{
	static const struct
	{
		const char *line;
		InterpolateResult result;
		int			offset;
		const char *argument;
		const char *message;
	}			cases[] = {
		{"a $1", INTERPOLATE_NO_IDENTIFIER, 2, "1", NULL},
		{"$ x", INTERPOLATE_NO_IDENTIFIER, 0, " ", NULL},
		{"$_x", INTERPOLATE_NO_IDENTIFIER, 0, "_", NULL},
		{"${", INTERPOLATE_NO_IDENTIFIER, 0, "", NULL},
		{"${}", INTERPOLATE_NO_IDENTIFIER, 0, "}", NULL},
		{"${$NAME}", INTERPOLATE_NO_IDENTIFIER, 0, "$", NULL},
		{"$\xE2\x82\xAC", INTERPOLATE_NO_IDENTIFIER, 0, "\xE2\x82\xAC", NULL},
		{"$\xC2\xBD", INTERPOLATE_NO_IDENTIFIER, 0, "\xC2\xBD", NULL},
		{"${UNSET:-$}", INTERPOLATE_NO_IDENTIFIER, 9, "}", NULL},
		{"${NAME", INTERPOLATE_NO_OPERATOR, 0, "", NULL},
		{"${NAME!}", INTERPOLATE_NO_OPERATOR, 0, "!", NULL},
		{"${NAME x}", INTERPOLATE_NO_OPERATOR, 0, " ", NULL},
		{"${NAME+x}", INTERPOLATE_NO_OPERATOR, 0, "+", NULL},
		{"x ${NAME:-y", INTERPOLATE_NO_CLOSING_BRACE, 2, "", NULL},
		{"${NAME-y", INTERPOLATE_NO_CLOSING_BRACE, 0, "", NULL},
		{"${NAME?", INTERPOLATE_NO_CLOSING_BRACE, 0, "", NULL},
		{"${NAME:1:2", INTERPOLATE_NO_CLOSING_BRACE, 0, "", NULL},
		{"${NAME:1:2" REPLACEMENT "}", INTERPOLATE_NO_CLOSING_BRACE, 0,
		REPLACEMENT, NULL},
		{"${UNSET:-${NAME:-x}", INTERPOLATE_NO_CLOSING_BRACE, 0, "", NULL},
		{"${NAME:}", INTERPOLATE_BAD_OFFSET, 0, "", NULL},
		{"${NAME:x}", INTERPOLATE_BAD_OFFSET, 0, "x", NULL},
		{"${NAME:1 2}", INTERPOLATE_BAD_OFFSET, 0, "1 2", NULL},
		{"${NAME:=x}", INTERPOLATE_BAD_OFFSET, 0, "=x", NULL},
		{"${NAME:9223372036854775808}", INTERPOLATE_BAD_OFFSET, 0,
		"9223372036854775808", NULL},
		{"${NAME:1:}", INTERPOLATE_BAD_LENGTH, 0, "", NULL},
		{"${NAME:1", INTERPOLATE_BAD_LENGTH, 0, "", NULL},
		{"${NAME:1:2:3}", INTERPOLATE_BAD_LENGTH, 0, "2:3", NULL},
		{"${NAME:1:9223372036854775807}", INTERPOLATE_BAD_LENGTH, 0,
		"9223372036854775807", NULL},
		{"${UNSET?}", INTERPOLATE_REQUIRED, 0, "UNSET", "not set"},
		{"a ${UNSET?say ${NAME}!} b", INTERPOLATE_REQUIRED, 2, "UNSET",
		"say goose!"},
		{"${UNSET?${NEITHER?inner}}", INTERPOLATE_REQUIRED, 8, "NEITHER",
		"inner"},
		{"${EMPTY:-${UNSET?inner}}", INTERPOLATE_REQUIRED, 9, "UNSET",
		"inner"},
		{"${ONE?first} ${TWO?second}", INTERPOLATE_REQUIRED, 0, "ONE",
		"first"},

		/* the syntax of the whole line comes first */
		{"${UNSET?first} $1", INTERPOLATE_NO_IDENTIFIER, 15, "1", NULL},
		{"${NAME:-$1}", INTERPOLATE_NO_IDENTIFIER, 8, "1", NULL},

		/* characters cut in two */
		{"x${BIRD:2}", INTERPOLATE_BAD_OFFSET, 1, "2", NULL},
		{"x${BIRD:0:2}y", INTERPOLATE_BAD_LENGTH, 1, "2", NULL},
		{"${UNSET?${BIRD:0:2}}", INTERPOLATE_BAD_LENGTH, 8, "2", NULL},
		{"${UNSET?${BIRD:0:2}${BIRD:2:1}}", INTERPOLATE_REQUIRED, 0, "UNSET",
		"a\xC3\xA9"},
		{"${BIRD:0:4} ${BIRD:2}", INTERPOLATE_BAD_LENGTH, 0, "4", NULL},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		InterpolateProblem problem = {0, NULL, NULL};
		StringInfoData out;

		initStringInfo(&out);
		unit_number(cases[i].line, cases[i].result,
					interpolate_line(cases[i].line, strlen(cases[i].line),
									 unit_lookup, NULL, &out, &problem));
		unit_number(cases[i].line, cases[i].offset, problem.offset);
		unit_text(cases[i].line, cases[i].argument, problem.argument);
		unit_text(cases[i].line, cases[i].message, problem.message);
	}
}

/*
 * Nesting up to the limit, and one more.
 */
static void
test_depth(void)
{
	InterpolateProblem problem;
	StringInfoData line;
	StringInfoData out;
	int			i;

	initStringInfo(&line);
	initStringInfo(&out);
	for (i = 0; i < 1000; i++)
		appendStringInfoString(&line, "${UNSET:-");
	appendStringInfoString(&line, "egg");
	for (i = 0; i < 1000; i++)
		appendStringInfoChar(&line, '}');
	unit_number("1000 deep", INTERPOLATE_OK,
				interpolate_line(line.data, line.len, NULL, NULL, &out,
								 &problem));
	unit_text("1000 deep", "egg", out.data);

	resetStringInfo(&line);
	for (i = 0; i < 100000; i++)
		appendStringInfoString(&line, "${UNSET:-");
	unit_number("too deep", INTERPOLATE_TOO_DEEP,
				interpolate_line(line.data, line.len, NULL, NULL, &out,
								 &problem));
	unit_number("too deep", 9000, problem.offset);
}

void
test_interpolate(void)
{
	unit_suite("interpolate");
	test_expansions();
	test_mistakes();
	test_depth();
}
