/*-------------------------------------------------------------------------
 *
 * check.c
 *	  Reads migrations and finds what is wrong with them before they run.
 *
 * Everything that can be known without running anything is looked at: here the
 * file, its encoding, goose's format and variables; in check_grammar.c the
 * statements.  Problems are collected, so that all of them can be reported at
 * once.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "check.h"
#include "encoding.h"
#include "report.h"

/* Arguments of the functions that are called through report_try(). */
typedef struct CheckState
{
	Migration  *migration;
	ScriptDirection direction;
	ScriptReader *reader;
	bool		vetoed;			/* noted for the statement being read */
	MemoryContext statement_context;
	MemoryContext problem_context;
	List	  **problems;
} CheckState;

/*
 * An error that is not the file's fault ends the check.
 */
void
check_rethrow_unless_of_file(ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		ReThrowError(error);
}

/*
 * Sets how scripts are read: with the session's rules for strings, and the
 * variables of the call.
 */
void
check_script_options(const Settings *settings, ScriptOptions *options)
{
	const char *conforming = GetConfigOption("standard_conforming_strings",
											 true, false);

	options->standard_conforming_strings =
		conforming == NULL || strcmp(conforming, "on") == 0;
	options->lookup = settings_variable;
	options->lookup_arg = unconstify(Settings *, settings);
	options->keep_variables = false;
	options->longest_data = NULL;
	options->cuts = NULL;
}

/*
 * Opens the script of a migration in one direction.  Once its format has been
 * checked, the other part is not read again, nor are the ends of statements
 * looked for.
 */
ScriptReader *
check_open(const Migration *migration, ScriptDirection direction,
		   const ScriptOptions *options)
{
	ScriptOptions kept = *options;

	kept.longest_data = &unconstify(Migration *, migration)->longest_data;
	/* with other rules for strings statements may end elsewhere */
	if (migration->cuts.items != NULL &&
		migration->cuts.standard_conforming_strings == options->standard_conforming_strings)
		kept.cuts = &unconstify(Migration *, migration)->cuts;
	if (migration->down.line == 0)
		return script_open(migration->text, migration->length, direction, &kept);
	if (direction == SCRIPT_UP)
		return script_open(migration->text, migration->down.at, direction, &kept);
	return script_open_down(migration->text, migration->length,
							&migration->down, &kept);
}

static void
read_text(void *arg)
{
	Migration  *migration = arg;

	/* before the text: a change between the two must not go unseen */
	migration->stamp = source_stamp(migration->source);
	migration->text = migration->source->read(migration->source,
											  &migration->length);
	memset(&migration->longest_data, 0, sizeof(ScriptData));
}

/*
 * Frees the text of a migration, if it has one, and what is known of it.
 */
void
check_free_text(Migration *migration)
{
	if (migration->text != NULL)
		pfree(migration->text);
	if (migration->cuts.items != NULL)
		pfree(migration->cuts.items);
	migration->text = NULL;
	migration->cuts.items = NULL;
}

/*
 * Returns the place of a byte of the file as line and column.
 */
static void
locate_byte(const char *text, size_t offset, int *line, int *column)
{
	const char *start = text;
	const char *newline;

	*line = 1;
	while ((newline = memchr(start, '\n', text + offset - start)) != NULL)
	{
		(*line)++;
		start = newline + 1;
	}
	*column = 1;
	while (start < text + offset)
	{
		start += pg_utf_mblen((const unsigned char *) start);
		(*column)++;
	}
}

/*
 * Adds a problem if the text cannot be used in this database.
 */
static bool
check_encoding(const Migration *migration, List **problems)
{
	const unsigned char *bad;
	size_t		offset;
	int			line;
	int			column;
	Problem    *problem;
	EncodingResult result = encoding_check(migration->text, migration->length,
										   &offset);

	if (result == ENCODING_OK)
		return true;
	locate_byte(migration->text, offset, &line, &column);
	bad = (const unsigned char *) migration->text + offset;
	problem = problem_make(migration->source->label, line, column,
						   ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, NULL);
	switch (result)
	{
		case ENCODING_NUL:
			problem->message = "null byte in a migration file";
			break;
		case ENCODING_UNTRANSLATABLE:
			problem->sqlstate = ERRCODE_UNTRANSLATABLE_CHARACTER;
			problem->message = psprintf("character U+%04X has no equivalent in encoding \"%s\"",
										(unsigned int) utf8_to_unicode(bad),
										GetDatabaseEncodingName());
			break;
		default:
			problem->message = psprintf("invalid byte 0x%02x in a migration file, which must be UTF-8",
										*bad);
			break;
	}
	*problems = lappend(*problems, problem);
	return false;
}

/*
 * Reads the text of a migration.  Returns false, with a problem, if that
 * cannot be done or the text cannot be used in this database.
 */
bool
check_read(Migration *migration, List **problems)
{
	ErrorData  *error = report_try(read_text, migration);

	if (error != NULL)
	{
		check_rethrow_unless_of_file(error);
		*problems = lappend(*problems,
							problem_from_error(migration->source->label,
											   error));
		return false;
	}
	return check_encoding(migration, problems);
}

/*
 * ScriptNote: keeps what the goose command would read otherwise.  It would
 * cut most function bodies many times; the first time is enough.
 */
static void
keep_note(void *arg, ScriptNoteKind kind, int line)
{
	CheckState *state = arg;
	MemoryContext context;

	if (kind == SCRIPT_NOTE_CUT_VETOED && state->vetoed)
		return;
	state->vetoed = state->vetoed || kind == SCRIPT_NOTE_CUT_VETOED;
	context = MemoryContextSwitchTo(state->problem_context);
	if (list_length(*state->problems) < CHECK_PROBLEMS_MAX)
		problem_add(state->problems,
					problem_from_note(state->migration->source->label, kind,
									  line));
	MemoryContextSwitchTo(context);
}

/*
 * Reads the script in one direction to its end.
 */
static void
read_direction(void *arg)
{
	CheckState *state = arg;
	ScriptStatement script;
	ScriptNext	next;
	int			count = 0;

	MemoryContextSwitchTo(state->statement_context);
	while ((next = script_next(state->reader, &script)) == SCRIPT_STATEMENT)
	{
		CHECK_FOR_INTERRUPTS();
		count++;
		state->vetoed = false;
		MemoryContextReset(state->statement_context);
	}
	MemoryContextSwitchTo(state->problem_context);
	if (next == SCRIPT_FAILED)
		problem_add(state->problems,
					problem_from_script(state->migration->source->label,
										script_problem(state->reader)));
	else
	{
		state->migration->transactional = script_transactional(state->reader);
		if (state->direction == SCRIPT_UP)
			state->migration->down = script_down(state->reader);
	}
	state->migration->nstatements[state->direction] = count;
}

/*
 * Checks the format of a migration in both directions, as the goose Provider
 * does, and counts its statements.  With "notes" it also warns where the
 * goose command would read the file otherwise.
 */
void
check_format(Migration *migration, const Settings *settings, bool notes,
			 List **problems)
{
	CheckState	state = {
		.migration = migration,
		.problem_context = CurrentMemoryContext,
		.problems = problems
	};
	ScriptOptions options;

	check_script_options(settings, &options);
	script_cuts_init(&migration->cuts, options.standard_conforming_strings);
	state.statement_context = AllocSetContextCreate(CurrentMemoryContext,
													"gooseplus check",
													ALLOCSET_DEFAULT_SIZES);
	for (int direction = SCRIPT_UP; direction <= SCRIPT_DOWN; direction++)
	{
		ErrorData  *error;

		state.direction = direction;
		state.vetoed = false;
		state.reader = check_open(migration, direction, &options);
		if (notes)
			script_set_note(state.reader, keep_note, &state);
		error = report_try(read_direction, &state);
		script_close(state.reader);
		if (error != NULL)
		{
			check_rethrow_unless_of_file(error);
			problem_add(problems, problem_from_error(migration->source->label,
													 error));
		}
	}
	script_cuts_complete(&migration->cuts);
	MemoryContextDelete(state.statement_context);
}
