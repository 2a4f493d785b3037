/*-------------------------------------------------------------------------
 *
 * test_annotation.c
 *	  Tests of annotation.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "annotation.h"

void
test_annotation(void)
{
	static const struct
	{
		const char *line;
		Annotation	annotation;
		const char *argument;
	}			cases[] = {
		{"-- +goose Up", ANNOTATION_UP, NULL},
		{"-- +goose Down", ANNOTATION_DOWN, NULL},
		{"-- +goose StatementBegin", ANNOTATION_STATEMENT_BEGIN, NULL},
		{"-- +goose StatementEnd", ANNOTATION_STATEMENT_END, NULL},
		{"-- +goose NO TRANSACTION", ANNOTATION_NO_TRANSACTION, NULL},
		{"-- +goose ENVSUB ON", ANNOTATION_ENVSUB_ON, NULL},
		{"-- +goose ENVSUB OFF", ANNOTATION_ENVSUB_OFF, NULL},

		/* spelling */
		{"--+goose Up", ANNOTATION_UP, NULL},
		{"--+gooseup", ANNOTATION_UP, NULL},
		{"------ +goose ---- uP --", ANNOTATION_UP, NULL},
		{"-- \t+goose\t DOWN \t\r", ANNOTATION_DOWN, NULL},
		{"-- Up +goose", ANNOTATION_UP, NULL},
		{"-- +goose State--mentBegin", ANNOTATION_STATEMENT_BEGIN, NULL},
		{"-- +goose \xC5\xBFtatementEnd", ANNOTATION_STATEMENT_END, NULL},
		{"-- +goose no tran\xC5\xBF" "action", ANNOTATION_NO_TRANSACTION, NULL},
		{"-- +goose\xC2\xA0Up\xE2\x80\x83", ANNOTATION_UP, NULL},
		{"\xC2\xA0-- +goose Up", ANNOTATION_UP, NULL},
		{"\v-- +goose Up", ANNOTATION_UP, NULL},

		/* comments */
		{"--", ANNOTATION_NONE, NULL},
		{"-- goose Up", ANNOTATION_NONE, NULL},
		{"-- +Goose Up", ANNOTATION_NONE, NULL},
		{"-- + goose Up", ANNOTATION_NONE, NULL},
		{"-- +go--ose Up", ANNOTATION_NONE, NULL},
		{"  -- +goos", ANNOTATION_NONE, NULL},
		{"-- +", ANNOTATION_NONE, NULL},

		/* mistakes */
		{" -- +goose Up", ANNOTATION_INDENTED, NULL},
		{"\t-- what +goose is", ANNOTATION_INDENTED, NULL},
		{"-- +goose", ANNOTATION_EMPTY, NULL},
		{"--+goose -- \xE3\x80\x80", ANNOTATION_EMPTY, NULL},
		{"-- +goose +goose Up", ANNOTATION_REPEATED, NULL},
		{"-- +go+gooseose Up", ANNOTATION_REPEATED, NULL},
		{"-- +goose +go--ose", ANNOTATION_REPEATED, NULL},
		{"-- +goose Sideways", ANNOTATION_UNKNOWN, "Sideways"},
		{"-- +goose Up;", ANNOTATION_UNKNOWN, "Up;"},
		{"-- +goose Up-", ANNOTATION_UNKNOWN, "Up-"},
		{"-- +goose ENVSUB  ON", ANNOTATION_UNKNOWN, "ENVSUB  ON"},
		{"-- +goose ENVSUB", ANNOTATION_UNKNOWN, "ENVSUB"},
		{"-- +goose UpDown", ANNOTATION_UNKNOWN, "UpDown"},
		{"-- +goose U", ANNOTATION_UNKNOWN, "U"},
		{"-- +goose \xC5\xBF", ANNOTATION_UNKNOWN, "\xC5\xBF"},
		{"-- +goose Up\xC5", ANNOTATION_UNKNOWN, "Up\xC5"},
		{"-- the +goose tool", ANNOTATION_UNKNOWN, "the  tool"},
	};
	size_t		i;

	unit_suite("annotation");
	for (i = 0; i < lengthof(cases); i++)
	{
		char	   *argument;

		unit_number(cases[i].line, cases[i].annotation,
					annotation_read(cases[i].line, strlen(cases[i].line),
									&argument));
		unit_text(cases[i].line, cases[i].argument, argument);
	}
}
