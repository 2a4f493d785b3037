/*-------------------------------------------------------------------------
 *
 * copy_command.c
 *	  Finds the command COPY ... FROM stdin among the tokens of a text.
 *
 * The lines after such a command are its data (see script.c), so it must be
 * found without PostgreSQL's grammar.  The rule for CopyStmt in gram.y leaves
 * little room: the first FROM or TO outside of parentheses decides, unless it
 * is a name after a dot; and the token after FROM tells a file, a program or
 * stdin.  (The grammar takes STDOUT for STDIN, too.)
 *
 * Tokens come from lexer.c, which knows what they are.  A struct of zeros is
 * the state before the first token.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "copy_command.h"

/*
 * Is this word that keyword (given in lower case)?
 */
static bool
copy_command_is(const char *word, size_t length, const char *keyword)
{
	return word != NULL && length == strlen(keyword) &&
		pg_strncasecmp(word, keyword, length) == 0;
}

/*
 * Takes notice of a token.  word is NULL when it is not an unquoted
 * identifier or keyword.
 */
void
copy_command_token(CopyCommand *copy, const char *word, size_t length,
				   bool in_parentheses)
{
	if (in_parentheses)
		return;
	switch (copy->step)
	{
		case COPY_COMMAND_START:
			copy->step = copy_command_is(word, length, "copy") ?
				COPY_COMMAND_TABLE : COPY_COMMAND_OTHER;
			break;
		case COPY_COMMAND_TABLE:
			if (copy_command_is(word, length, "from"))
				copy->step = COPY_COMMAND_FROM;
			else if (copy_command_is(word, length, "to"))
				copy->step = COPY_COMMAND_OTHER;
			break;
		case COPY_COMMAND_DOT:
			copy->step = COPY_COMMAND_TABLE;
			break;
		case COPY_COMMAND_FROM:
			copy->found = copy->found ||
				copy_command_is(word, length, "stdin") ||
				copy_command_is(word, length, "stdout");
			copy->step = COPY_COMMAND_OTHER;
			break;
		case COPY_COMMAND_OTHER:
			break;
	}
}

/*
 * The token just noticed was a dot: the next one is a name, whatever it is.
 */
void
copy_command_dot(CopyCommand *copy, bool in_parentheses)
{
	if (!in_parentheses && copy->step == COPY_COMMAND_TABLE)
		copy->step = COPY_COMMAND_DOT;
}

/*
 * Takes notice of a semicolon outside parentheses: a new command begins.
 */
void
copy_command_semicolon(CopyCommand *copy)
{
	copy->step = COPY_COMMAND_START;
}
