/*-------------------------------------------------------------------------
 *
 * target_copy_command.c
 *	  Fuzzing copy_command.c: the words of the input are tokens.
 *
 * What it finds is compared with a search backwards from the end of the
 * command, and with what the lexer finds in a text of these tokens.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "copy_command.h"
#include "lexer.h"

/* A token outside of parentheses. */
typedef struct Token
{
	const char *text;			/* a word, or one sign */
	size_t		length;
	bool		word;
} Token;

/*
 * Is the byte one of a word, to this target?
 */
static bool
is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/*
 * Is the token this word, but for case?
 */
static bool
is_word(const Token *token, const char *word)
{
	return token->word && token->length == strlen(word) &&
		pg_strncasecmp(token->text, word, token->length) == 0;
}

/*
 * Is there COPY ... FROM stdin in the tokens of one command?
 */
static bool
is_copy(const Token *tokens, int count)
{
	if (count == 0 || !is_word(&tokens[0], "copy"))
		return false;
	for (int i = 1; i < count; i++)
	{
		if (tokens[i - 1].text[0] == '.')
			continue;
		if (is_word(&tokens[i], "to"))
			return false;
		if (is_word(&tokens[i], "from"))
			return i + 1 < count && (is_word(&tokens[i + 1], "stdin") ||
									 is_word(&tokens[i + 1], "stdout"));
	}
	return false;
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	Token	   *tokens = malloc((size + 1) * sizeof(Token));
	int			count = 0;
	int			parentheses = 0;
	bool		expected = false;
	CopyCommand copy = {COPY_COMMAND_START, false};
	StringInfoData sql;
	Lexer		lexer;
	size_t		at = 0;

	initStringInfo(&sql);
	while (at < size)
	{
		Token		token = {text + at, 1, is_letter(text[at])};

		while (token.word && at + token.length < size &&
			   is_letter(text[at + token.length]))
			token.length++;
		at += token.length;
		if (!token.word && strchr(".();,*=", token.text[0]) == NULL)
			continue;
		appendBinaryStringInfo(&sql, token.text, token.length);
		appendStringInfoChar(&sql, ' ');

		if (token.word)
		{
			/* a word of exactly its size */
			char	   *word = fuzz_bytes(token.text, token.length);

			copy_command_token(&copy, word, token.length, parentheses > 0);
			free(word);
		}
		else
			copy_command_token(&copy, NULL, 0, parentheses > 0);
		if (parentheses == 0 && token.text[0] == ';')
		{
			expected = expected || is_copy(tokens, count);
			count = 0;
			copy_command_semicolon(&copy);
		}
		else if (parentheses == 0)
			tokens[count++] = token;
		if (token.text[0] == '.')
			copy_command_dot(&copy, parentheses > 0);
		if (token.text[0] == '(')
			parentheses++;
		else if (token.text[0] == ')' && parentheses > 0)
			parentheses--;
	}
	fuzz_check(copy.found == (expected || is_copy(tokens, count)));

	lexer_init(&lexer, true);
	lexer_feed(&lexer, sql.data, 0, sql.len);
	fuzz_check(lexer.copy.found == copy.found);
	fuzz_check(lexer.copy.step == copy.step);
	pfree(sql.data);
	free(tokens);
	free(text);
	return 0;
}
