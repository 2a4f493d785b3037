/*-------------------------------------------------------------------------
 *
 * pattern.c
 *	  INSERT statements that differ in nothing but constants.
 *
 * A file of data is one INSERT after the other.  If one is the same, byte by
 * byte, as the one before but for numbers and strings, then so are its tokens:
 * it need not be scanned for the checksum.  And once the grammar has taken
 * one, it takes the next: it sees only what kind of a constant stands there.
 * There are places where it looks at the value (FLOAT(54), INTERVAL '1'
 * DAY(7)); each has a keyword that cannot be the name of a column, so few of
 * those are let in.  Neither are strings whose value can be wrong (E'', U&''),
 * nor other commands behind the first.
 *
 * The tokens of the first one are those of PostgreSQL's scanner, and a
 * statement counts only if what is found here by itself is the same; what
 * comes of it is the business of checksum.c and check.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"

#include "pattern.h"

/* The most digits of which any number fits into the grammar's integers. */
#define INTEGER_DIGITS 9

/* And the least of which none does, if the first is not 0. */
#define NUMERIC_DIGITS 11

/* Makes an empty pattern, which is like no statement. */
void
pattern_init(Pattern *pattern)
{
	memset(pattern, 0, sizeof(*pattern));
	initStringInfo(&pattern->text);
	initStringInfo(&pattern->tokens);
	pattern->space = 8;
	pattern->constants = palloc(pattern->space * sizeof(PatternConstant));
}

/*
 * Finds the end of a string constant that begins here, with standard conforming
 * strings.  Returns NULL if it has none.
 */
static const char *
string_end(const char *at, const char *end)
{
	while ((at = memchr(at + 1, '\'', end - at - 1)) != NULL)
	{
		if (++at == end || *at != '\'')
			return at;
	}
	return NULL;
}

static const char *
digits_end(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/*
 * Returns what kind of a constant begins here, and its length, as long as what
 * follows cannot be a part of it.
 */
static PatternKind
constant_kind(const char *at, const char *end, int *length)
{
	const char *stop;

	if (at < end && *at == '\'')
	{
		stop = string_end(at, end);
		*length = stop == NULL ? 0 : stop - at;
		return stop == NULL ? PATTERN_FIXED : PATTERN_STRING;
	}
	stop = digits_end(at, end);
	*length = stop - at;
	if (*length > 0 && end - stop >= 2 && *stop == '.' &&
		digits_end(stop + 1, end) > stop + 1)
	{
		*length = digits_end(stop + 1, end) - at;
		return PATTERN_NUMERIC;
	}
	if (*length >= NUMERIC_DIGITS && *at != '0')
		return PATTERN_NUMERIC;
	return *length > 0 && *length <= INTEGER_DIGITS ? PATTERN_INTEGER :
		PATTERN_FIXED;
}

/*
 * Adds the token of a constant: of a string the quote it begins with, and its
 * value.
 */
static void
add_constant(StringInfo tokens, PatternKind kind, const char *at, int length)
{
	const char *end = at + length;
	const char *quote;

	if (kind == PATTERN_STRING)
	{
		appendBinaryStringInfo(tokens, "'", 2);
		at++;
		end--;
		while ((quote = memchr(at, '\'', end - at)) != NULL)
		{
			appendBinaryStringInfo(tokens, at, quote + 1 - at);
			at = quote + 2;
		}
	}
	appendBinaryStringInfo(tokens, at, end - at);
	appendStringInfoChar(tokens, '\0');
}

/*
 * Adds the tokens of a statement if it is like the last one.  Returns whether
 * it is, and so is taken by the grammar if that one is.
 */
static bool
add_tokens(const Pattern *pattern, const char *at, const char *end,
		   StringInfo tokens)
{
	int			from = 0;		/* in the last one */
	int			token = 0;		/* in its tokens */

	for (int i = 0; i < pattern->nconstants; i++)
	{
		const PatternConstant *constant = &pattern->constants[i];
		int			length = constant->at - from;

		if (end - at < length ||
			memcmp(at, pattern->text.data + from, length) != 0)
			return false;
		at += length;
		if (constant_kind(at, end, &length) != constant->kind)
			return false;
		appendBinaryStringInfo(tokens, pattern->tokens.data + token,
							   constant->from - token);
		add_constant(tokens, constant->kind, at, length);
		at += length;
		from = constant->at + constant->length;
		token = constant->to;
	}
	appendBinaryStringInfo(tokens, pattern->tokens.data + token,
						   pattern->tokens.len - token);
	return end - at == pattern->text.len - from &&
		memcmp(at, pattern->text.data + from, end - at) == 0;
}

/* From now on no statement is like the last one. */
void
pattern_forget(Pattern *pattern)
{
	pattern->known = false;
}

/*
 * Is the statement like the last one?  Then its tokens, pattern->ntokens of
 * them, are added to those that are given, and the grammar takes it if it has
 * taken the last one.
 */
bool
pattern_match(const Pattern *pattern, const char *text, size_t length,
			  StringInfo tokens)
{
	int			before = tokens->len;

	if (!pattern->known || length > PATTERN_LENGTH_MAX)
		return false;
	if (add_tokens(pattern, text, text + length, tokens))
		return true;
	tokens->len = before;
	return false;
}

/*
 * Begins with another statement.  The caller is going to gather its tokens
 * behind those that are given.
 */
void
pattern_begin(Pattern *pattern, const char *text, size_t length,
			  const StringInfoData *tokens)
{
	pattern->known = length <= PATTERN_LENGTH_MAX &&
		pg_strncasecmp(text, "insert", strlen("insert")) == 0;
	if (!pattern->known)
		return;
	resetStringInfo(&pattern->text);
	appendBinaryStringInfo(&pattern->text, text, length);
	pattern->begin = tokens->len;
	pattern->ntokens = 0;
	pattern->ended = false;
	pattern->nconstants = 0;
}

/*
 * Is the token one of those of which the grammar does not look at the
 * constants beside it?
 */
static bool
is_plain(const char *token)
{
	static const char *const words[] = {
		"into", "values", "null", "true", "false", "default"
	};
	char		first = token[0];
	int			keyword;

	if (first == '"')
		return true;
	if (!isalpha((unsigned char) first) && first != '_' && !IS_HIGHBIT_SET(first))
		return strchr("(),.-+", first) != NULL && token[1] == '\0';
	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (pg_strcasecmp(token, words[i]) == 0)
			return true;
	}
	/* neither U&"name" nor X'00' is a word */
	if (token[strcspn(token, "'\"&")] != '\0')
		return false;
	keyword = ScanKeywordLookup(token, &ScanKeywords);
	return keyword < 0 || ScanKeywordCategories[keyword] == UNRESERVED_KEYWORD;
}

/*
 * Adds a constant that may differ, if the token is one and both its ends are
 * so plain that no other constant would be read together with what is there.
 */
static void
add_if_varying(Pattern *pattern, int location, int from, int to)
{
	const char *text = pattern->text.data;
	const char *end = text + pattern->text.len;
	PatternConstant *constant;
	int			length;
	PatternKind kind = constant_kind(text + location, end, &length);

	if (kind == PATTERN_FIXED ||
		strchr(" \t\n(,+-", text[location - 1]) == NULL ||
		strchr(" \t\n),;", text[location + length]) == NULL)
		return;
	if (pattern->nconstants == pattern->space)
	{
		pattern->space *= 2;
		pattern->constants = repalloc(pattern->constants,
									  pattern->space * sizeof(PatternConstant));
	}
	constant = &pattern->constants[pattern->nconstants++];
	constant->kind = kind;
	constant->at = location;
	constant->length = length;
	constant->from = from - pattern->begin;
	constant->to = to - pattern->begin;
}

/*
 * Adds a token of the statement, the place where it stands, and those among
 * the tokens gathered.
 */
void
pattern_add(Pattern *pattern, const char *token, int location, int from, int to)
{
	bool		digit = isdigit((unsigned char) token[token[0] == '.' ? 1 : 0]);

	if (!pattern->known)
		return;
	if (pattern->ntokens++ == 0)
		pattern->known = pg_strcasecmp(token, "insert") == 0;
	else if (pattern->ended)
		pattern->known = false; /* it is several commands */
	else if (strcmp(token, ";") == 0)
		pattern->ended = true;
	else if (digit || token[0] == '\'')
		add_if_varying(pattern, location, from, to);
	else
		pattern->known = is_plain(token);
}

/*
 * Ends the statement, whose tokens have been gathered.  It must be like
 * itself, or what the scanner made of it is not what is made of it here.
 */
void
pattern_end(Pattern *pattern, StringInfo tokens)
{
	int			end = tokens->len;
	int			length = end - pattern->begin;

	if (!pattern->known)
		return;
	resetStringInfo(&pattern->tokens);
	appendBinaryStringInfo(&pattern->tokens, tokens->data + pattern->begin,
						   length);
	pattern->known = pattern_match(pattern, pattern->text.data,
								   pattern->text.len, tokens) &&
		tokens->len - end == length &&
		memcmp(tokens->data + end, pattern->tokens.data, length) == 0;
	tokens->len = end;
}
