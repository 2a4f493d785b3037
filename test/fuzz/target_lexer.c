/*-------------------------------------------------------------------------
 *
 * target_lexer.c
 *	  Fuzzing lexer.c: the input is SQL.
 *
 * What the server's own scanner says of these inputs is scanner.pl's business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "lexer.h"

/*
 * Returns where the line that begins at from ends, its line feed included.
 */
static size_t
line_end(const char *text, size_t from, size_t length)
{
	const char *newline = memchr(text + from, '\n', length - from);

	return newline == NULL ? length : (size_t) (newline - text) + 1;
}

/*
 * Feeds the text line by line, each time with nothing behind the line and at
 * another place in memory.
 */
static void
feed_lines(Lexer *lexer, const char *text, size_t length)
{
	size_t		from = 0;

	while (from < length)
	{
		size_t		to = line_end(text, from, length);
		char	   *copy = fuzz_bytes(text, to);

		lexer_feed(lexer, copy, from, to);
		free(copy);
		from = to;
	}
}

/*
 * Do both say the same?
 */
static bool
same(const Lexer *a, const Lexer *b)
{
	size_t		start_a = 0;
	size_t		start_b = 0;

	return lexer_inside(a, &start_a) == lexer_inside(b, &start_b) &&
		start_a == start_b && a->copy.found == b->copy.found &&
		a->copy.step == b->copy.step && a->routine.step == b->routine.step;
}

/*
 * Checks the place where what is open is said to begin.
 */
static void
check_start(LexerInside inside, const char *at, size_t length)
{
	char		lower = at[0] | 0x20;

	fuzz_check(length > 0);
	switch (inside)
	{
		case LEXER_NOTHING:
			fuzz_check(false);
			break;
		case LEXER_STRING:
			fuzz_check(at[0] == '\'' ||
					   (lower == 'u' && length > 2 && at[2] == '\'') ||
					   (strchr("ebx", lower) != NULL && length > 1 &&
						at[1] == '\''));
			break;
		case LEXER_IDENTIFIER:
			fuzz_check(at[0] == '"' ||
					   (lower == 'u' && length > 2 && at[2] == '"'));
			break;
		case LEXER_DOLLAR_QUOTE:
			fuzz_check(at[0] == '$');
			break;
		case LEXER_COMMENT:
			fuzz_check(length > 1 && at[0] == '/' && at[1] == '*');
			break;
		case LEXER_PARENTHESIS:
			fuzz_check(at[0] == '(');
			break;
		case LEXER_BODY:
			fuzz_check(length >= 5 && pg_strncasecmp(at, "begin", 5) == 0);
			break;
	}
}

/*
 * Whatever is open can be closed, from the inside out: appends what closes it
 * until nothing is open.  The text ends with a line feed.
 */
static void
check_closing(Lexer *lexer, StringInfo text)
{
	size_t		start;
	LexerInside inside;

	while ((inside = lexer_inside(lexer, &start)) != LEXER_NOTHING)
	{
		int			from = text->len;
		int			length;
		const char *end;

		switch (inside)
		{
			case LEXER_STRING:
				appendStringInfoString(text, "';\n");
				break;
			case LEXER_IDENTIFIER:
				appendStringInfoString(text, "\";\n");
				break;
			case LEXER_DOLLAR_QUOTE:
				end = memchr(text->data + start + 1, '$',
							 text->len - start - 1);
				fuzz_check(end != NULL);
				length = end + 1 - (text->data + start);
				for (int i = 0; i < length; i++)
					appendStringInfoChar(text, text->data[start + i]);
				appendStringInfoChar(text, '\n');
				break;
			case LEXER_COMMENT:
				appendStringInfoString(text, "*/\n");
				break;
			case LEXER_PARENTHESIS:
				appendStringInfoString(text, ")\n");
				break;
			default:
				appendStringInfoString(text, ";end\n");
				break;
		}
		lexer_feed(lexer, text->data, from, text->len);
		/* no more of them than the text could have opened */
		fuzz_check(text->len < 100 + 20 * 4096);
	}
}

/*
 * Checks a text with one value of the setting.
 */
static void
check(const char *text, size_t length, bool standard_conforming_strings)
{
	Lexer		whole;
	Lexer		lines;
	LexerInside inside;
	size_t		start = length;

	lexer_init(&whole, standard_conforming_strings);
	lexer_feed(&whole, text, 0, length);
	inside = lexer_inside(&whole, &start);
	if (inside == LEXER_NOTHING)
		fuzz_check(start == length);
	else
	{
		fuzz_check(start < length);
		check_start(inside, text + start, length - start);
	}

	lexer_init(&lines, standard_conforming_strings);
	feed_lines(&lines, text, length);
	fuzz_check(same(&whole, &lines));

	if (length > 0 && text[length - 1] == '\n')
	{
		StringInfoData open;

		initStringInfo(&open);
		appendBinaryStringInfo(&open, text, length);
		check_closing(&whole, &open);
		pfree(open.data);
	}

	lexer_reset(&lines);
	lexer_init(&whole, standard_conforming_strings);
	fuzz_check(same(&whole, &lines));
	fuzz_check(lines.standard_conforming_strings ==
			   standard_conforming_strings);
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);

	check(text, size, true);
	check(text, size, false);
	free(text);
	return 0;
}
