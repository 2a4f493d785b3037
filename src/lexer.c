/*-------------------------------------------------------------------------
 *
 * lexer.c
 *	  Is this point of an SQL text inside something that a cut would break?
 *
 * goose ends a statement at any line that ends in a semicolon.  This lexer
 * tells when such a line end lies inside a string constant, a quoted
 * identifier, a dollar quote, a block comment, parentheses or the body of
 * BEGIN ATOMIC.  It follows PostgreSQL's lexical rules (scan.l of 15 to 19)
 * closely enough to know where those begin and end, on valid SQL; what is not
 * valid it reads somehow and leaves to the server.
 *
 * BEGIN ATOMIC is a matter of tokens, and routine.c's; COPY ... FROM stdin is
 * copy_command.c's.
 *
 * The text is fed piece by piece, each piece ending with a line end, and may
 * move in memory between two pieces.  The work is linear in the text, and the
 * state is a fixed-size struct.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "lexer.h"

/*
 * The classes of scan.l.  All bytes above ASCII are letters to it.
 */
#define IS_LETTER(c) \
	((unsigned char) (((c) | 0x20) - 'a') < 26 || (c) == '_' || \
	 IS_HIGHBIT_SET(c))
#define IS_DIGIT(c) ((c) >= '0' && (c) <= '9')
#define IS_WORD(c) (IS_LETTER(c) || IS_DIGIT(c) || (c) == '$')
#define IS_NEWLINE(c) ((c) == '\n' || (c) == '\r')
#define IS_SPACE(c) ((c) == ' ' || ((c) >= '\t' && (c) <= '\r'))

/* Does the byte belong to an identifier that has begun?  Most bytes do. */
#define WORDS_4(c) \
	IS_WORD(c), IS_WORD((c) + 1), IS_WORD((c) + 2), IS_WORD((c) + 3)
#define WORDS_16(c) \
	WORDS_4(c), WORDS_4((c) + 4), WORDS_4((c) + 8), WORDS_4((c) + 12)
#define WORDS_64(c) \
	WORDS_16(c), WORDS_16((c) + 16), WORDS_16((c) + 32), WORDS_16((c) + 48)

static const bool word_bytes[] = {
	WORDS_64(0), WORDS_64(64), WORDS_64(128), WORDS_64(192)
};

/*
 * Begins a new text, with the server's setting of that name (off: backslashes
 * escape in plain strings, too).
 */
void
lexer_init(Lexer *lexer, bool standard_conforming_strings)
{
	memset(lexer, 0, sizeof(*lexer));
	lexer->standard_conforming_strings = standard_conforming_strings;
}

/*
 * Begins a new text with the same settings.
 */
void
lexer_reset(Lexer *lexer)
{
	lexer_init(lexer, lexer->standard_conforming_strings);
}

/*
 * Does text hold c at this place, before to?
 */
static bool
lexer_at(const char *text, size_t at, size_t to, char c)
{
	return at < to && text[at] == c;
}

/*
 * Returns the place of the next line end at or after from, or to.
 */
static size_t
lexer_line_end(const char *text, size_t from, size_t to)
{
	while (from < to && !IS_NEWLINE(text[from]))
		from++;
	return from;
}

/*
 * Returns the place after the identifier characters that begin at from.
 */
static size_t
lexer_word_end(const char *text, size_t from, size_t to)
{
	while (from < to && word_bytes[(unsigned char) text[from]])
		from++;
	return from;
}

/*
 * Takes notice of a token that begins at this place; word is NULL when it is
 * not an unquoted identifier or keyword.
 */
static void
lexer_token(Lexer *lexer, size_t at, const char *word, size_t length)
{
	/* most tokens are of statements that neither of them looks for */
	if (lexer->routine.step == ROUTINE_OTHER &&
		lexer->copy.step == COPY_COMMAND_OTHER)
		return;
	routine_token(&lexer->routine, at, word, length, lexer->parentheses > 0);
	copy_command_token(&lexer->copy, word, length, lexer->parentheses > 0);
}

/*
 * Enters a string, quoted identifier or comment that begins at start.
 */
static void
lexer_enter(Lexer *lexer, LexerMode mode, size_t start)
{
	lexer->mode = mode;
	lexer->start = start;
}

/*
 * Reads a token that begins with a letter: an identifier, or the prefix of a
 * string or of a quoted identifier, up to the quote.  (N'...' is a keyword
 * and a plain string to PostgreSQL, and so here.)
 */
static size_t
lexer_letter(Lexer *lexer, const char *text, size_t at, size_t to)
{
	size_t		from = at;
	char		letter = text[at] | 0x20;

	if (letter == 'e' && lexer_at(text, at + 1, to, '\''))
		lexer_enter(lexer, LEXER_MODE_ESCAPED, at);
	else if ((letter == 'b' || letter == 'x') &&
			 lexer_at(text, at + 1, to, '\''))
		lexer_enter(lexer, LEXER_MODE_BITS, at);
	else if (letter == 'u' && lexer_at(text, at + 1, to, '&') &&
			 lexer_at(text, at + 2, to, '\''))
		lexer_enter(lexer, LEXER_MODE_PLAIN, at);
	else if (letter == 'u' && lexer_at(text, at + 1, to, '&') &&
			 lexer_at(text, at + 2, to, '"'))
		lexer_enter(lexer, LEXER_MODE_IDENTIFIER, at);

	if (lexer->mode != LEXER_MODE_CODE)
	{
		lexer_token(lexer, at, NULL, 0);
		return at + (letter == 'u' ? 3 : 2);
	}

	at = lexer_word_end(text, at, to);
	lexer_token(lexer, from, text + from, at - from);
	return at;
}

/*
 * Reads a token that begins with a dollar sign: a parameter, with letters
 * that follow (scan.l's param_junk), the opening of a dollar quote, or else
 * the sign alone.
 */
static size_t
lexer_dollar(Lexer *lexer, const char *text, size_t at, size_t to)
{
	size_t		end = at + 1;

	lexer_token(lexer, at, NULL, 0);
	if (end < to && IS_DIGIT(text[end]))
	{
		while (end < to && IS_DIGIT(text[end]))
			end++;
		return end < to && IS_LETTER(text[end]) ?
			lexer_word_end(text, end, to) : end;
	}

	while (end < to && (IS_LETTER(text[end]) || IS_DIGIT(text[end])))
		end++;
	if (!lexer_at(text, end, to, '$'))
		return at + 1;
	lexer_enter(lexer, LEXER_MODE_DOLLAR_QUOTE, at);
	lexer->tag_length = end + 1 - at;
	return end + 1;
}

/*
 * Reads a number, or what it has before the sign of an exponent.  Letters
 * that follow the digits belong to it, as in 0x1F or 1e5, and if they do not
 * make sense the whole word is still one token (scan.l's integer_junk).
 */
static size_t
lexer_number(Lexer *lexer, const char *text, size_t at, size_t to)
{
	lexer_token(lexer, at, NULL, 0);
	while (at < to && (IS_DIGIT(text[at]) || text[at] == '.'))
		at++;
	return at < to && IS_LETTER(text[at]) ? lexer_word_end(text, at, to) : at;
}

/*
 * Reads a byte that is neither white space nor part of a word, number, quote
 * or comment.
 */
static size_t
lexer_sign(Lexer *lexer, const char *text, size_t at)
{
	lexer_token(lexer, at, NULL, 0);
	if (text[at] == '(')
	{
		if (lexer->parentheses++ == 0)
			lexer->parenthesis = at;
	}
	else if (text[at] == ')')
	{
		if (lexer->parentheses > 0)
			lexer->parentheses--;
	}
	else if (text[at] == '.')
		copy_command_dot(&lexer->copy, lexer->parentheses > 0);
	else if (text[at] == ';' && lexer->parentheses == 0)
	{
		routine_semicolon(&lexer->routine);
		copy_command_semicolon(&lexer->copy);
	}
	return at + 1;
}

/*
 * Reads code up to the beginning of something else.
 */
static size_t
lexer_code(Lexer *lexer, const char *text, size_t at, size_t to)
{
	while (at < to && lexer->mode == LEXER_MODE_CODE)
	{
		char		c = text[at];

		if (IS_SPACE(c))
			at++;
		else if (IS_LETTER(c))
			at = lexer_letter(lexer, text, at, to);
		else if (IS_DIGIT(c))
			at = lexer_number(lexer, text, at, to);
		else if (c == '$')
			at = lexer_dollar(lexer, text, at, to);
		else if (c == '\'')
		{
			lexer_token(lexer, at, NULL, 0);
			lexer_enter(lexer, lexer->standard_conforming_strings ?
						LEXER_MODE_PLAIN : LEXER_MODE_ESCAPED, at);
			at++;
		}
		else if (c == '"')
		{
			lexer_token(lexer, at, NULL, 0);
			lexer_enter(lexer, LEXER_MODE_IDENTIFIER, at);
			at++;
		}
		else if (c == '-' && lexer_at(text, at + 1, to, '-'))
			at = lexer_line_end(text, at, to);
		else if (c == '/' && lexer_at(text, at + 1, to, '*'))
		{
			lexer_enter(lexer, LEXER_MODE_COMMENT, at);
			lexer->comments = 1;
			at += 2;
		}
		else
			at = lexer_sign(lexer, text, at);
	}
	return at;
}

/*
 * Returns the place of the next quote at or after from, or to.
 */
static size_t
lexer_quote(const char *text, size_t from, size_t to)
{
	const char *quote = memchr(text + from, '\'', to - from);

	return quote == NULL ? to : (size_t) (quote - text);
}

/*
 * Reads a string up to and with its closing quote.
 */
static size_t
lexer_string(Lexer *lexer, const char *text, size_t at, size_t to)
{
	bool		escapes = lexer->mode == LEXER_MODE_ESCAPED;
	bool		doubled = lexer->mode != LEXER_MODE_BITS;

	while (at < to)
	{
		if (escapes && text[at] == '\\')
			at += 2;
		else if (text[at] != '\'')
			at = escapes ? at + 1 : lexer_quote(text, at, to);
		else if (doubled && lexer_at(text, at + 1, to, '\''))
			at += 2;
		else
		{
			lexer->string_mode = lexer->mode;
			lexer->string_newline = false;
			lexer->mode = LEXER_MODE_AFTER_STRING;
			return at + 1;
		}
	}
	return to;
}

/*
 * Reads what follows a string: after white space with a line end in it, and
 * line comments, a quote continues the string, in its own kind.
 */
static size_t
lexer_after_string(Lexer *lexer, const char *text, size_t at, size_t to)
{
	while (at < to)
	{
		if (IS_SPACE(text[at]))
		{
			if (IS_NEWLINE(text[at]))
				lexer->string_newline = true;
			at++;
		}
		else if (text[at] == '-' && lexer_at(text, at + 1, to, '-'))
			at = lexer_line_end(text, at, to);
		else if (text[at] == '\'' && lexer->string_newline)
		{
			lexer->mode = lexer->string_mode;
			return at + 1;
		}
		else
		{
			lexer->mode = LEXER_MODE_CODE;
			return at;
		}
	}
	return at;
}

/*
 * Reads a quoted identifier up to and with its closing quote.  (A doubled
 * quote ends it and begins it anew, which comes to the same.)
 */
static size_t
lexer_identifier(Lexer *lexer, const char *text, size_t at, size_t to)
{
	const char *quote;

	while ((quote = memchr(text + at, '"', to - at)) != NULL)
	{
		at = quote - text + 1;
		if (!lexer_at(text, at, to, '"'))
		{
			lexer->mode = LEXER_MODE_CODE;
			return at;
		}
		at++;
	}
	return to;
}

/*
 * Reads a dollar quote up to and with its closing tag, which cannot span
 * lines and so never lies in two pieces.
 */
static size_t
lexer_dollar_quote(Lexer *lexer, const char *text, size_t at, size_t to)
{
	const char *dollar;

	while ((dollar = memchr(text + at, '$', to - at)) != NULL)
	{
		at = dollar - text;
		if (to - at >= lexer->tag_length &&
			memcmp(dollar, text + lexer->start, lexer->tag_length) == 0)
		{
			lexer->mode = LEXER_MODE_CODE;
			return at + lexer->tag_length;
		}
		at++;
	}
	return to;
}

/*
 * Reads a block comment, with those nested in it, up to and with its end.
 */
static size_t
lexer_comment(Lexer *lexer, const char *text, size_t at, size_t to)
{
	while (at < to)
	{
		if (text[at] == '*' && lexer_at(text, at + 1, to, '/'))
		{
			at += 2;
			if (--lexer->comments == 0)
			{
				lexer->mode = LEXER_MODE_CODE;
				return at;
			}
		}
		else if (text[at] == '/' && lexer_at(text, at + 1, to, '*'))
		{
			lexer->comments++;
			at += 2;
		}
		else
			at++;
	}
	return to;
}

/*
 * Reads text from one byte up to another, which must follow a line end or be
 * the end of all; the bytes before from must still be those fed before.
 */
void
lexer_feed(Lexer *lexer, const char *text, size_t from, size_t to)
{
	size_t		at = from;

	while (at < to)
	{
		switch (lexer->mode)
		{
			case LEXER_MODE_CODE:
				at = lexer_code(lexer, text, at, to);
				break;
			case LEXER_MODE_PLAIN:
			case LEXER_MODE_ESCAPED:
			case LEXER_MODE_BITS:
				at = lexer_string(lexer, text, at, to);
				break;
			case LEXER_MODE_AFTER_STRING:
				at = lexer_after_string(lexer, text, at, to);
				break;
			case LEXER_MODE_IDENTIFIER:
				at = lexer_identifier(lexer, text, at, to);
				break;
			case LEXER_MODE_DOLLAR_QUOTE:
				at = lexer_dollar_quote(lexer, text, at, to);
				break;
			case LEXER_MODE_COMMENT:
				at = lexer_comment(lexer, text, at, to);
				break;
		}
	}
}

/*
 * Tells what the text fed so far ends inside of, and in *start where that
 * began; *start is left alone for LEXER_NOTHING.  Of nested comments,
 * parentheses and bodies the outermost beginning is given.
 */
LexerInside
lexer_inside(const Lexer *lexer, size_t *start)
{
	switch (lexer->mode)
	{
		case LEXER_MODE_PLAIN:
		case LEXER_MODE_ESCAPED:
		case LEXER_MODE_BITS:
			*start = lexer->start;
			return LEXER_STRING;
		case LEXER_MODE_IDENTIFIER:
			*start = lexer->start;
			return LEXER_IDENTIFIER;
		case LEXER_MODE_DOLLAR_QUOTE:
			*start = lexer->start;
			return LEXER_DOLLAR_QUOTE;
		case LEXER_MODE_COMMENT:
			*start = lexer->start;
			return LEXER_COMMENT;
		case LEXER_MODE_CODE:
		case LEXER_MODE_AFTER_STRING:
			break;
	}
	if (lexer->parentheses > 0)
	{
		*start = lexer->parenthesis;
		return LEXER_PARENTHESIS;
	}
	if (lexer->routine.bodies > 0)
	{
		*start = lexer->routine.body;
		return LEXER_BODY;
	}
	return LEXER_NOTHING;
}
