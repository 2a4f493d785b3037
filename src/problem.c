/*-------------------------------------------------------------------------
 *
 * problem.c
 *	  What is wrong with migrations, before any of them runs.
 *
 * A problem has a place in a file, an SQLSTATE and words.  The words for the
 * error codes of the ground floor are all here, and nowhere else.  Finding
 * problems is not done here (see check.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "encoding.h"
#include "problem.h"

/* How many problems the detail of one error lists. */
#define PROBLEM_LIST_MAX 50

/*
 * Returns a new problem, palloc'd; the strings are not copied.
 */
Problem *
problem_make(const char *source, int line, int column, int sqlstate,
			 const char *message)
{
	Problem    *problem = palloc0(sizeof(Problem));

	problem->source = source;
	problem->line = line;
	problem->column = column;
	problem->sqlstate = sqlstate;
	problem->message = message;
	return problem;
}

/*
 * Returns text of the ground floor, UTF-8 or NULL, as a palloc'd string in
 * the database's encoding.
 */
static char *
argument_text(const char *argument)
{
	return argument == NULL ? pstrdup("") :
		pstrdup(encoding_to_server(argument, strlen(argument)));
}

/*
 * Words for a failed ENVSUB.
 */
static const char *
interpolate_message(const ScriptProblem *script)
{
	char	   *argument = argument_text(script->argument);

	switch (script->interpolate)
	{
		case INTERPOLATE_OK:
			break;
		case INTERPOLATE_NO_IDENTIFIER:
			return psprintf("variable name expected after \"$\", found \"%s\"",
							argument);
		case INTERPOLATE_NO_OPERATOR:
			return psprintf("\":-\", \"-\", \":\", \"?\" or \"}\" expected after the variable name, found \"%s\"",
							argument);
		case INTERPOLATE_NO_CLOSING_BRACE:
			return "closing brace of a variable expansion is missing";
		case INTERPOLATE_BAD_OFFSET:
			return psprintf("invalid offset \"%s\" in a variable expansion",
							argument);
		case INTERPOLATE_BAD_LENGTH:
			return psprintf("invalid length \"%s\" in a variable expansion",
							argument);
		case INTERPOLATE_REQUIRED:
			return psprintf("variable \"%s\": %s", argument,
							argument_text(script->message));
		case INTERPOLATE_TOO_DEEP:
			return "variable expansions are nested too deeply";
	}
	return psprintf("variable expansion failed with code %d",
					(int) script->interpolate);
}

/*
 * Words for a file that is not in goose's format.
 */
static const char *
script_message(const ScriptProblem *script)
{
	switch (script->error)
	{
		case SCRIPT_NO_ERROR:
			break;
		case SCRIPT_ANNOTATION_INDENTED:
			return "annotation must begin at the start of its line";
		case SCRIPT_ANNOTATION_EMPTY:
			return "annotation \"-- +goose\" without a command";
		case SCRIPT_ANNOTATION_REPEATED:
			return "more than one annotation on a line";
		case SCRIPT_ANNOTATION_UNKNOWN:
			return psprintf("unrecognized annotation \"%s\"",
							argument_text(script->argument));
		case SCRIPT_DUPLICATE_UP:
			return "duplicate annotation \"-- +goose Up\"";
		case SCRIPT_DOWN_NOT_AFTER_UP:
			return "annotation \"-- +goose Down\" must follow the section of \"-- +goose Up\"";
		case SCRIPT_BEGIN_MISPLACED:
			return "annotation \"-- +goose StatementBegin\" must follow \"-- +goose Up\" or \"-- +goose Down\", outside of a block";
		case SCRIPT_END_MISPLACED:
			return "annotation \"-- +goose StatementEnd\" without \"-- +goose StatementBegin\"";
		case SCRIPT_NO_STATEMENT_END:
			return "annotation \"-- +goose StatementEnd\" is missing";
		case SCRIPT_NO_UP:
			return "annotation \"-- +goose Up\" is missing";
		case SCRIPT_TEXT_BEFORE_UP:
			return "statement before the annotation \"-- +goose Up\"";
		case SCRIPT_NO_SEMICOLON:
			return "statement is not terminated by a semicolon at the end of a line";
		case SCRIPT_UNTERMINATED_STRING:
			return "unterminated quoted string";
		case SCRIPT_UNTERMINATED_IDENTIFIER:
			return "unterminated quoted identifier";
		case SCRIPT_UNTERMINATED_DOLLAR_QUOTE:
			return "unterminated dollar-quoted string";
		case SCRIPT_UNTERMINATED_COMMENT:
			return "unterminated /* comment";
		case SCRIPT_UNTERMINATED_PARENTHESIS:
			return "unclosed parenthesis";
		case SCRIPT_UNTERMINATED_BODY:
			return "unterminated BEGIN ATOMIC body";
		case SCRIPT_NO_DATA_END:
			return "data of COPY FROM stdin have no end";
		case SCRIPT_VARIABLE:
			return interpolate_message(script);
	}
	return psprintf("file format error %d", (int) script->error);
}

/*
 * Next step for a file that is not in goose's format, or NULL.
 */
static const char *
script_hint(const ScriptProblem *script)
{
	switch (script->error)
	{
		case SCRIPT_ANNOTATION_REPEATED:
			return "Give each annotation a line of its own.";
		case SCRIPT_ANNOTATION_INDENTED:
			return "Remove the blanks before \"--\".";
		case SCRIPT_DUPLICATE_UP:
		case SCRIPT_DOWN_NOT_AFTER_UP:
			return "Put the section of \"-- +goose Up\" first, and one section of \"-- +goose Down\" after it.";
		case SCRIPT_NO_STATEMENT_END:
			return "Put it after the end of the statement that begins here.";
		case SCRIPT_UNTERMINATED_STRING:
		case SCRIPT_UNTERMINATED_IDENTIFIER:
		case SCRIPT_UNTERMINATED_DOLLAR_QUOTE:
		case SCRIPT_UNTERMINATED_COMMENT:
		case SCRIPT_UNTERMINATED_PARENTHESIS:
		case SCRIPT_UNTERMINATED_BODY:
			return "It begins here and has no end in its section of the file: look for a missing quote, parenthesis or semicolon.";
		case SCRIPT_ANNOTATION_EMPTY:
		case SCRIPT_ANNOTATION_UNKNOWN:
			return "The annotations are Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON and ENVSUB OFF.";
		case SCRIPT_NO_UP:
		case SCRIPT_TEXT_BEFORE_UP:
			return "Put a line \"-- +goose Up\" before the first statement.";
		case SCRIPT_NO_DATA_END:
			return "Put a line \"\\.\" after the data, which begin after this line.";
		case SCRIPT_NO_SEMICOLON:
			if (script->argument != NULL && script->argument[0] == '\\')
				return "Commands of psql do not work in a migration.";
			return "End the statement with a semicolon, or put it between \"-- +goose StatementBegin\" and \"-- +goose StatementEnd\".";
		case SCRIPT_VARIABLE:
			if (script->interpolate == INTERPOLATE_REQUIRED)
				return "Set it in \"gooseplus.variables\".";
			return "Write \"$$\" for a dollar sign, or \"-- +goose ENVSUB OFF\" before the line.";
		default:
			return NULL;
	}
}

/*
 * Returns the problem for what the script reader found, palloc'd.
 */
Problem *
problem_from_script(const char *source, const ScriptProblem *script)
{
	Problem    *problem;
	int			sqlstate = ERRCODE_SYNTAX_ERROR;

	if (script->error == SCRIPT_VARIABLE &&
		script->interpolate == INTERPOLATE_REQUIRED)
		sqlstate = ERRCODE_UNDEFINED_PARAMETER;
	problem = problem_make(source, script->line, script->column, sqlstate,
						   script_message(script));
	problem->hint = script_hint(script);
	return problem;
}

/*
 * Returns the warning for a line that the goose command reads otherwise.
 */
Problem *
problem_from_note(const char *source, ScriptNoteKind kind, int line)
{
	const char *message = NULL;
	Problem    *problem;

	switch (kind)
	{
		case SCRIPT_NOTE_BYTE_ORDER_MARK:
			message = "the goose command refuses a file that begins with a byte order mark";
			break;
		case SCRIPT_NOTE_LONG_LINE:
			message = "the goose command refuses lines this long (4 MiB or more)";
			break;
		case SCRIPT_NOTE_CUT_VETOED:
			message = "the goose command ends the statement here; it needs \"-- +goose StatementBegin\" and \"-- +goose StatementEnd\" around it";
			break;
		case SCRIPT_NOTE_LINE_DROPPED:
			message = "this line is dropped: it follows a block without a statement between \"-- +goose StatementBegin\" and \"-- +goose StatementEnd\"";
			break;
		case SCRIPT_NOTE_COPY_DATA:
			message = "the goose command cannot run COPY with data in the file";
			break;
		case SCRIPT_NOTE_RESTRICT:
			message = "the goose command takes this line, which pg_dump has written for psql, for SQL";
			break;
	}
	problem = problem_make(source, line, 1, ERRCODE_WARNING, message);
	problem->warning = true;
	return problem;
}

/*
 * Returns the problem for an error that the server raised, palloc'd.  Line
 * and column are the caller's to fill in.
 */
Problem *
problem_from_error(const char *source, const ErrorData *error)
{
	Problem    *problem = problem_make(source, 0, 0, error->sqlerrcode,
									   pstrdup(error->message));

	if (error->detail != NULL)
		problem->detail = pstrdup(error->detail);
	if (error->hint != NULL)
		problem->hint = pstrdup(error->hint);
	return problem;
}

/*
 * Adds a problem to a list unless it is there already: a file is read once
 * for each direction, or for each step, and shows the same problem each time.
 */
void
problem_add(List **problems, Problem *problem)
{
	ListCell   *cell;

	foreach(cell, *problems)
	{
		const Problem *other = lfirst(cell);

		if (other->source == problem->source &&
			other->line == problem->line &&
			other->column == problem->column &&
			strcmp(other->message, problem->message) == 0)
			return;
	}
	*problems = lappend(*problems, problem);
}

/*
 * Returns where the problem is, as "base/00001_init.sql:17:5", palloc'd.
 */
static char *
problem_place(const Problem *problem)
{
	if (problem->source == NULL)
		return pstrdup("");
	if (problem->line == 0)
		return pstrdup(problem->source);
	return psprintf("%s:%d:%d", problem->source, problem->line,
					problem->column);
}

/*
 * Returns the problems as text, a line each with its place, palloc'd.
 */
char *
problem_list(const List *problems)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, problems)
	{
		Problem    *problem = lfirst(cell);
		int			position = foreach_current_index(cell);

		if (position > 0)
			appendStringInfoChar(&text, '\n');
		if (position == PROBLEM_LIST_MAX)
		{
			appendStringInfo(&text, "and %d more",
							 list_length(problems) - PROBLEM_LIST_MAX);
			break;
		}
		appendStringInfo(&text, "%s: %s", problem_place(problem),
						 problem->message);
	}
	return text.data;
}

/*
 * Raises one problem as an error of its own.
 */
static void
raise_one(const Problem *problem)
{
	char	   *place = problem_place(problem);

	if (problem->statement > 0)
		place = psprintf("statement %d at %s", problem->statement, place);
	ereport(ERROR,
			(errcode(problem->sqlstate),
			 errmsg("%s", problem->message),
			 problem->detail ? errdetail("%s", problem->detail) : 0,
			 problem->hint ? errhint("%s", problem->hint) : 0,
			 errcontext("%s", place)));
}

/*
 * Raises all problems as one error: the SQLSTATE is that of the first, the
 * detail lists them all.
 */
void
problem_raise(List *problems)
{
	const Problem *first = linitial(problems);

	if (list_length(problems) == 1)
		raise_one(first);
	ereport(ERROR,
			(errcode(first->sqlstate),
			 errmsg("%d problems found before running any migration",
					list_length(problems)),
			 errdetail("%s", problem_list(problems)),
			 errhint("Correct the files and call again. gooseplus_validate() lists what is wrong at any time.")));
}
