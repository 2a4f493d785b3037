/*-------------------------------------------------------------------------
 *
 * pattern.c
 *	  INSERT statements that differ in nothing but constants.
 *
 * A file of data is one INSERT after the other.  Once the grammar has taken
 * one, it takes the next if the tokens are the same but for numbers and
 * strings: it sees only what kind of a constant stands there.  There are
 * places where it looks at the value (FLOAT(54), INTERVAL '1' DAY(7)); each
 * has a keyword that cannot be the name of a column, so few of those are let
 * in.  Neither are strings whose value can be wrong (E'', U&'').
 *
 * The tokens are those of PostgreSQL's scanner; what comes of them is
 * check.c's business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"

#include "pattern.h"

/* Longer statements are not worth the memory. */
#define PATTERN_LENGTH_MAX 8192

/* Begins with the next statement. */
static void
begin_next(Pattern *pattern)
{
	resetStringInfo(&pattern->next);
	pattern->next_known = true;
	pattern->same = pattern->known;
}

/* Makes an empty pattern, which is like no statement. */
void
pattern_init(Pattern *pattern)
{
	initStringInfo(&pattern->last);
	initStringInfo(&pattern->next);
	pattern->known = false;
	begin_next(pattern);
}

/* Is it a constant of which only the kind counts? */
static bool
is_constant(const char *token)
{
	return token[0] == '\'' || isdigit((unsigned char) token[0]) ||
		(token[0] == '.' && isdigit((unsigned char) token[1]));
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
		return strchr("(),;.-+", first) != NULL && token[1] == '\0';
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
 * Adds a token of a statement, with the scanner's code for it.
 */
void
pattern_add(Pattern *pattern, int code, const char *token)
{
	StringInfo	next = &pattern->next;
	int			at = next->len;
	bool		constant = is_constant(token);

	if (!pattern->next_known)
		return;
	appendBinaryStringInfo(next, (const char *) &code, sizeof(code));
	if (!constant)
		appendBinaryStringInfo(next, token, strlen(token) + 1);
	pattern->same = pattern->same && next->len <= pattern->last.len &&
		memcmp(next->data + at, pattern->last.data + at, next->len - at) == 0;
	if (pattern->same)
		return;
	pattern->next_known = next->len <= PATTERN_LENGTH_MAX &&
		(at == 0 ? pg_strcasecmp(token, "insert") == 0 :
		 constant || is_plain(token));
}

/*
 * Ends a statement.  Does the grammar take it if it has taken the one before?
 */
bool
pattern_end(Pattern *pattern)
{
	StringInfoData last = pattern->last;
	bool		alike = pattern->same && pattern->next.len == last.len;

	pattern->last = pattern->next;
	pattern->known = pattern->next_known && pattern->last.len > 0;
	pattern->next = last;
	begin_next(pattern);
	return alike;
}
