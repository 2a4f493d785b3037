/*-------------------------------------------------------------------------
 *
 * script_text.c
 *	  Everything that a script gives, as one text that a test can compare.
 *
 * The parts, with a blank between them:
 *
 *	LINE:COLUMN{TEXT}					a statement
 *	note KIND LINE						where goose differs
 *	end, or end outside					SCRIPT_END, NO TRANSACTION
 *	error NAME LINE:COLUMN ARGUMENT		SCRIPT_FAILED; the argument if there
 *										is one, then a colon and the message
 *										if there is one
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

/*
 * The name of an error, as these tests spell it.
 */
static const char *
script_text_error(const ScriptProblem *problem)
{
	static const char *const errors[] = {
		"none", "indented", "empty", "repeated", "unknown", "up", "down",
		"begin", "end", "no_end", "no_up", "before_up", "semicolon",
		"string", "identifier", "dollar", "comment", "parenthesis", "body"
	};
	static const char *const variables[] = {
		"none", "name", "operator", "brace", "offset", "length", "required",
		"deep"
	};

	if (problem->error == SCRIPT_VARIABLE)
		return variables[problem->interpolate];
	return errors[problem->error];
}

/*
 * A ScriptNote that writes into the text.
 */
static void
script_text_note(void *arg, ScriptNoteKind kind, int line)
{
	static const char *const kinds[] = {"mark", "long", "veto", "dropped"};

	appendStringInfo((StringInfo) arg, "note %s %d ", kinds[kind], line);
}

/*
 * Reads a whole script in one direction.  The result is palloc'd.
 */
char *
unit_script(const char *text, size_t length, ScriptDirection direction)
{
	ScriptOptions options = {true, unit_lookup, NULL, false};
	ScriptReader *reader = script_open(text, length, direction, &options);
	ScriptStatement statement;
	ScriptNext	next;
	StringInfoData out;

	initStringInfo(&out);
	script_set_note(reader, script_text_note, &out);
	while ((next = script_next(reader, &statement)) == SCRIPT_STATEMENT)
		appendStringInfo(&out, "%d:%d{%s} ", statement.line, statement.column,
						 statement.text);

	if (next == SCRIPT_END)
		appendStringInfo(&out, "end%s",
						 script_transactional(reader) ? "" : " outside");
	else
	{
		const ScriptProblem *problem = script_problem(reader);

		appendStringInfo(&out, "error %s %d:%d", script_text_error(problem),
						 problem->line, problem->column);
		if (problem->argument != NULL)
			appendStringInfo(&out, " %s", problem->argument);
		if (problem->message != NULL)
			appendStringInfo(&out, ": %s", problem->message);
	}
	script_close(reader);
	return out.data;
}
