/*-------------------------------------------------------------------------
 *
 * test_character.c
 *	  Tests of character.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "character.h"

/*
 * Decoding, with broken sequences.
 */
static void
test_decode(void)
{
	static const struct
	{
		const char *name;
		const char *text;
		uint32		code;
		size_t		size;
	}			cases[] = {
		{"ASCII", "a", 'a', 1},
		{"two bytes", "\xC3\xA9x", 0xE9, 2},
		{"three bytes", "\xE2\x82\xAC", 0x20AC, 3},
		{"four bytes", "\xF0\x9F\x90\xA6", 0x1F426, 4},
		{"highest", "\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
		{"replacement itself", "\xEF\xBF\xBD", CHARACTER_REPLACEMENT, 3},
		{"cut short", "\xE2\x82", CHARACTER_REPLACEMENT, 1},
		{"continuation alone", "\x80", CHARACTER_REPLACEMENT, 1},
		{"not continued", "\xC3(", CHARACTER_REPLACEMENT, 1},
		{"overlong", "\xC0\xAF", CHARACTER_REPLACEMENT, 1},
		{"surrogate", "\xED\xA0\x80", CHARACTER_REPLACEMENT, 1},
		{"beyond Unicode", "\xF4\x90\x80\x80", CHARACTER_REPLACEMENT, 1},
		{"five bytes", "\xF8\x88\x80\x80\x80", CHARACTER_REPLACEMENT, 1},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		uint32		code;

		unit_number(cases[i].name, cases[i].size,
					character_decode(cases[i].text, strlen(cases[i].text),
									 &code));
		unit_number(cases[i].name, cases[i].code, code);
	}
}

/*
 * Letters, numbers and white space at the edges of Go's tables.
 */
static void
test_kinds(void)
{
	static const struct
	{
		uint32		code;
		const char *kind;		/* of "letter", "number", "space", "" */
	}			cases[] = {
		{'A', "letter"}, {'z', "letter"}, {'@', ""}, {'[', ""}, {'_', ""},
		{'0', "number"}, {'9', "number"}, {':', ""}, {0, ""},
		{'\t', "space"}, {'\r', "space"}, {' ', "space"}, {0x1F, ""},
		{0x85, "space"}, {0xA0, "space"}, {0xAA, "letter"}, {0xB2, "number"},
		{0xBD, "number"}, {0xD7, ""}, {0x017F, "letter"}, {0x0663, "number"},
		{0x1680, "space"}, {0x2000, "space"}, {0x200A, "space"},
		{0x200B, ""}, {0x2028, "space"}, {0x2029, "space"},
		{0x202F, "space"}, {0x205F, "space"}, {0x2160, "number"},
		{0x3000, "space"}, {0x4E00, "letter"}, {0xFEFF, ""}, {0xFFFD, ""},
		{0x1F426, ""}, {0x31350, "letter"}, {0x10FFFF, ""},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		const char *kind = "";

		if (character_is_letter(cases[i].code))
			kind = "letter";
		else if (character_is_number(cases[i].code))
			kind = "number";
		else if (character_is_space(cases[i].code))
			kind = "space";
		unit_text(psprintf("U+%04X", cases[i].code), cases[i].kind, kind);
	}
}

/*
 * Trimming.
 */
static void
test_trim(void)
{
	static const char *const cases[][2] = {
		{"", ""},
		{" \t\r\n\v\f", ""},
		{"  a b  ", "a b"},
		{"\xC2\xA0\xE2\x80\x83" "a\xE3\x80\x80\xC2\x85", "a"},
		{"\xE2\x80\x8B ", "\xE2\x80\x8B"},
		{"a\x85", "a\x85"},
		{"a\xA0 ", "a\xA0"},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		const char *text = cases[i][0];
		size_t		length = strlen(text);

		character_trim(&text, &length);
		unit_text("trim", cases[i][1], pnstrdup(text, length));
	}
}

/*
 * Excerpts stop at a line end and keep within 60 characters.
 */
static void
test_excerpt(void)
{
	char		sixty[61];
	StringInfoData birds;
	StringInfoData cut;
	int			i;

	memset(sixty, 'x', 60);
	sixty[60] = '\0';
	unit_text("excerpt of 60", sixty, character_excerpt(sixty, 60));
	unit_text("excerpt of a line", "one", character_excerpt("one\ntwo", 7));
	unit_text("excerpt of a CR line", "one", character_excerpt("one\r\n", 5));
	unit_text("excerpt of nothing", "", character_excerpt("", 0));

	initStringInfo(&birds);
	initStringInfo(&cut);
	for (i = 0; i < 61; i++)
	{
		appendStringInfoString(&birds, "\xF0\x9F\x90\xA6");
		if (i < 57)
			appendStringInfoString(&cut, "\xF0\x9F\x90\xA6");
	}
	appendStringInfoString(&cut, "...");
	unit_text("excerpt of 61", cut.data,
			  character_excerpt(birds.data, birds.len));
	unit_number("count", 61, character_count(birds.data, birds.len));
}

/*
 * Numbers; 12345 means that there is none.
 */
static void
test_numbers(void)
{
	static const struct
	{
		const char *text;
		int64		expected;
	}			cases[] = {
		{"0", 0}, {"7", 7}, {"+7", 7}, {"-7", -7}, {"-0", 0}, {"0008", 8},
		{"9223372036854775807", PG_INT64_MAX},
		{"-9223372036854775808", PG_INT64_MIN},
		{"9223372036854775808", 12345}, {"-9223372036854775809", 12345},
		{"99999999999999999999", 12345}, {"", 12345}, {"-", 12345},
		{"+", 12345}, {"--1", 12345}, {" 1", 12345}, {"1 ", 12345},
		{"1_000", 12345}, {"0x10", 12345}, {"1e3", 12345},
		{"\xD9\xA3", 12345},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		int64		value = 12345;
		bool		good = character_to_int64(cases[i].text,
											  strlen(cases[i].text), &value);

		unit_number(cases[i].text, cases[i].expected, value);
		unit_true(cases[i].text, good == (cases[i].expected != 12345));
	}
}

void
test_character(void)
{
	unit_suite("character");
	test_decode();
	test_kinds();
	test_trim();
	test_excerpt();
	test_numbers();
}
