/*-------------------------------------------------------------------------
 *
 * routine.c
 *	  Finds the SQL-standard bodies of functions: BEGIN ATOMIC ... END.
 *
 * A body is entered at BEGIN directly followed by ATOMIC, outside
 * parentheses, of a statement that creates a function or procedure.  It is
 * left at an END that stands first in a statement.  The END of a CASE never
 * does, nor does the name "end" of a column, and neither END nor COMMIT is a
 * statement in a body (routine_body_stmt in PostgreSQL's gram.y); so nothing
 * else needs to be counted.
 *
 * Tokens come from lexer.c, which knows what they are.  A struct of zeros is
 * the state before the first token.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "routine.h"

/*
 * Is this word that keyword (given in lower case)?
 */
static bool
routine_is_keyword(const char *word, size_t length, const char *keyword)
{
	return word != NULL && length == strlen(keyword) &&
		pg_strncasecmp(word, keyword, length) == 0;
}

/*
 * The step after CREATE, or after CREATE OR REPLACE, and this word.
 */
static RoutineStep
routine_kind(const char *word, size_t length)
{
	if (routine_is_keyword(word, length, "function") ||
		routine_is_keyword(word, length, "procedure"))
		return ROUTINE_HEADER;
	return ROUTINE_OTHER;
}

/*
 * Takes notice of a token that begins at this place.  word is NULL when it is
 * not an unquoted identifier or keyword.
 */
void
routine_token(Routine *routine, size_t at, const char *word, size_t length,
			  bool in_parentheses)
{
	RoutineStep step = ROUTINE_OTHER;

	switch (routine->step)
	{
		case ROUTINE_START:
			if (routine_is_keyword(word, length, "create"))
				step = ROUTINE_CREATE;
			else if (routine->bodies > 0 &&
					 routine_is_keyword(word, length, "end"))
				routine->bodies--;
			break;
		case ROUTINE_CREATE:
			if (routine_is_keyword(word, length, "or"))
				step = ROUTINE_OR;
			else
				step = routine_kind(word, length);
			break;
		case ROUTINE_OR:
			if (routine_is_keyword(word, length, "replace"))
				step = ROUTINE_REPLACE;
			break;
		case ROUTINE_REPLACE:
			step = routine_kind(word, length);
			break;
		case ROUTINE_HEADER:
		case ROUTINE_BEGIN:
			if (routine->step == ROUTINE_BEGIN &&
				routine_is_keyword(word, length, "atomic"))
			{
				if (routine->bodies++ == 0)
					routine->body = routine->begin;
				step = ROUTINE_START;
			}
			else if (!in_parentheses &&
					 routine_is_keyword(word, length, "begin"))
			{
				routine->begin = at;
				step = ROUTINE_BEGIN;
			}
			else
				step = ROUTINE_HEADER;
			break;
		case ROUTINE_OTHER:
			return;
	}
	routine->step = step;
}

/*
 * Takes notice of a semicolon outside parentheses: a new statement begins,
 * maybe inside a body.
 */
void
routine_semicolon(Routine *routine)
{
	routine->step = ROUTINE_START;
}
