/*-------------------------------------------------------------------------
 *
 * script_text.c
 *	  Everything that a script gives, as one text that a test can compare.
 *
 * The parts, with a blank between them:
 *
 *	LINE:COLUMN{TEXT}					a statement
 *	data LINE[TEXT]						what follows it
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
		"string", "identifier", "dollar", "comment", "parenthesis", "body",
		"data"
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
	static const char *const kinds[] = {"mark", "long", "veto", "dropped", "data",
	"restrict"};

	appendStringInfo((StringInfo) arg, "note %s %d ", kinds[kind], line);
}

/*
 * Reads the statements that a reader gives.
 */
static ScriptNext
script_text_statements(ScriptReader *reader, StringInfo out)
{
	ScriptStatement statement;
	ScriptNext	next;

	while ((next = script_next(reader, &statement)) == SCRIPT_STATEMENT)
	{
		appendStringInfo(out, "%d:%d{%s} ", statement.line, statement.column,
						 statement.text);
		if (statement.data.bytes != NULL)
			appendStringInfo(out, "data %d[%.*s] ", statement.data.line,
							 (int) statement.data.length, statement.data.bytes);
	}
	return next;
}

/*
 * Does the part of a good script, read by itself and with what another reader
 * has found of its data, give the same statements as the whole?
 */
static bool
script_text_part_agrees(const char *text, size_t length,
						ScriptDirection direction,
						const ScriptOptions *options, ScriptDown down)
{
	ScriptOptions plain = *options;
	ScriptReader *whole;
	ScriptReader *part = direction == SCRIPT_UP ?
	script_open(text, down.at, direction, options) :
	script_open_down(text, length, &down, options);
	StringInfoData expected;
	StringInfoData found;
	bool		agrees;

	plain.longest_data = NULL;
	whole = script_open(text, length, direction, &plain);
	initStringInfo(&expected);
	initStringInfo(&found);
	agrees = script_text_statements(whole, &expected) == SCRIPT_END &&
		script_text_statements(part, &found) == SCRIPT_END &&
		strcmp(expected.data, found.data) == 0 &&
		(direction == SCRIPT_UP ||
		 script_transactional(whole) == script_transactional(part));
	script_close(whole);
	script_close(part);
	return agrees;
}

/*
 * Reads the statements of one direction into the text.
 */
static ScriptNext
script_text_read(const char *text, size_t length, ScriptDirection direction,
				 const ScriptOptions *options, StringInfo out)
{
	ScriptReader *reader = script_open(text, length, direction, options);
	ScriptNext	next;

	resetStringInfo(out);
	next = script_text_statements(reader, out);
	script_close(reader);
	return next;
}

/*
 * Does a reader give the same statements when earlier ones have noted where
 * they stand?  It may leave variables as they are, which those expanded.
 */
static bool
script_text_cuts_agree(const char *text, size_t length,
					   ScriptDirection direction,
					   const ScriptOptions *options)
{
	ScriptCuts	cuts;
	ScriptOptions noting = *options;
	ScriptOptions plain = *options;
	StringInfoData expected;
	StringInfoData found;
	bool		agrees = true;

	initStringInfo(&expected);
	initStringInfo(&found);
	script_cuts_init(&cuts, options->standard_conforming_strings);
	noting.cuts = &cuts;
	(void) script_text_read(text, length, SCRIPT_UP, &noting, &found);
	(void) script_text_read(text, length, SCRIPT_DOWN, &noting, &found);
	script_cuts_complete(&cuts);
	for (int keep = 0; keep < 2; keep++)
	{
		noting.keep_variables = plain.keep_variables = keep == 1;
		agrees = agrees &&
			script_text_read(text, length, direction, &noting, &found) ==
			script_text_read(text, length, direction, &plain, &expected) &&
			strcmp(found.data, expected.data) == 0;
	}
	pfree(cuts.items);
	pfree(found.data);
	pfree(expected.data);
	return agrees;
}

/*
 * Reads a whole script in one direction.  The result is palloc'd.
 */
char *
unit_script(const char *text, size_t length, ScriptDirection direction)
{
	ScriptData	longest = {0};
	ScriptOptions options = {true, unit_lookup, NULL, false, &longest, NULL};
	ScriptReader *reader = script_open(text, length, direction, &options);
	ScriptNext	next;
	StringInfoData out;

	initStringInfo(&out);
	script_set_note(reader, script_text_note, &out);
	next = script_text_statements(reader, &out);
	if (next == SCRIPT_END &&
		!script_text_part_agrees(text, length, direction, &options,
								 script_down(reader)))
		appendStringInfoString(&out, "its part differs ");
	if (!script_text_cuts_agree(text, length, direction, &options))
		appendStringInfoString(&out, "its cuts differ ");

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
