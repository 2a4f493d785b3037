/*-------------------------------------------------------------------------
 *
 * check.c
 *	  Reads migrations and finds what is wrong with them before they run.
 *
 * Everything that can be known without running anything is looked at: the
 * file, its encoding, goose's format, variables, PostgreSQL's grammar, and
 * commands that one transaction cannot hold.  Problems are collected, so that
 * all of them can be reported at once.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/proclang.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "atomic_rules.h"
#include "check.h"
#include "copy_data.h"
#include "deploy_rules.h"
#include "encoding.h"
#include "languages.h"
#include "report.h"
#include "statement.h"

/* Nobody reads more; looking stops here. */
#define CHECK_PROBLEMS_MAX 200

/* Arguments of the functions that are called through report_try(). */
typedef struct CheckState
{
	Migration  *migration;
	const Settings *settings;
	ScriptDirection direction;
	CheckMode	mode;
	ScriptReader *reader;
	StatementPlace place;
	bool		vetoed;			/* noted for the statement being read */
	bool		conforming;		/* strings are what the standard says */
	int			taken;			/* the last statement without a problem */
	MemoryContext statement_context;
	MemoryContext problem_context;
	bool	   *languages_come; /* do earlier statements create languages? */
	List	  **problems;
} CheckState;

/*
 * An error that is not the file's fault ends the check.
 */
static void
rethrow_unless_of_file(ErrorData *error)
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
		rethrow_unless_of_file(error);
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
 * Opens the script for a check.
 */
static void
begin_check(CheckState *state, const Migration *migration,
			const Settings *settings, ScriptDirection direction,
			List **problems)
{
	ScriptOptions options;

	memset(state, 0, sizeof(CheckState));
	state->migration = unconstify(Migration *, migration);
	state->settings = settings;
	state->direction = direction;
	state->problems = problems;
	state->problem_context = CurrentMemoryContext;
	state->statement_context = AllocSetContextCreate(CurrentMemoryContext,
													 "gooseplus check",
													 ALLOCSET_DEFAULT_SIZES);
	check_script_options(settings, &options);
	state->conforming = options.standard_conforming_strings;
	state->reader = check_open(migration, direction, &options);
}

static void
end_check(CheckState *state)
{
	script_close(state->reader);
	MemoryContextDelete(state->statement_context);
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
	ScriptOptions options;

	check_script_options(settings, &options);
	script_cuts_init(&migration->cuts, options.standard_conforming_strings);
	for (int direction = SCRIPT_UP; direction <= SCRIPT_DOWN; direction++)
	{
		CheckState	state;
		ErrorData  *error;

		begin_check(&state, migration, settings, direction, problems);
		if (notes)
			script_set_note(state.reader, keep_note, &state);
		error = report_try(read_direction, &state);
		end_check(&state);
		if (error != NULL)
		{
			rethrow_unless_of_file(error);
			problem_add(problems, problem_from_error(migration->source->label,
													 error));
		}
	}
	script_cuts_complete(&migration->cuts);
}

/*
 * Adds a problem of the statement at hand.
 */
static void
add_statement_problem(CheckState *state, Problem *problem)
{
	problem->statement = state->place.script.ordinal;
	problem->line = state->place.line;
	problem->column = state->place.column;
	*state->problems = lappend(*state->problems, problem);
}

/*
 * Adds the problem of a command that the run cannot hold.  Returns false if
 * what follows it may not be SQL: data of COPY that were not found as such.
 */
static bool
check_command(CheckState *state, const RawStmt *raw, bool alone)
{
	bool		has_data = state->place.script.data.bytes != NULL;
	AtomicRefusal refusal;
	Problem    *problem;
	bool		by_deploy = state->mode == CHECK_DEPLOY ||
	(state->mode == CHECK_REHEARSE && !state->migration->transactional);

	if ((by_deploy ?
		 deploy_rules_judge(raw, state->migration->transactional, alone,
							has_data, &refusal) :
		 atomic_rules_judge(raw, alone, has_data, &refusal)) != ATOMIC_REFUSE)
		return true;
	MemoryContextSwitchTo(state->problem_context);
	problem = problem_make(state->migration->source->label, 0, 0,
						   refusal.sqlstate, pstrdup(refusal.message));
	problem->hint = refusal.hint;
	/* a deploy can run it, as goose can, if the file says so */
	problem->warning = state->mode == CHECK_LOOK && !state->migration->transactional &&
		refusal.sqlstate == ERRCODE_ACTIVE_SQL_TRANSACTION;
	add_statement_problem(state, problem);
	MemoryContextSwitchTo(state->statement_context);
	return has_data || !copy_data_is_for(raw);
}

/*
 * Adds a problem if a command needs a procedural language that is neither
 * installed nor created by an earlier statement.  Which languages an extension
 * brings is not known before it is there.
 */
static void
check_language(CheckState *state, const RawStmt *raw)
{
	const char *needed = languages_needed(raw->stmt);
	Problem    *problem;

	if (languages_are_created(raw->stmt))
		*state->languages_come = true;
	if (needed == NULL || *state->languages_come ||
		OidIsValid(get_language_oid(needed, true)))
		return;
	MemoryContextSwitchTo(state->problem_context);
	problem = problem_make(state->migration->source->label, 0, 0,
						   ERRCODE_UNDEFINED_OBJECT,
						   psprintf("language \"%s\" does not exist", needed));
	problem->hint = psprintf("Use CREATE EXTENSION %s to load the language into the database.",
							 needed);
	add_statement_problem(state, problem);
	MemoryContextSwitchTo(state->statement_context);
}

/*
 * Is it known that the grammar takes a statement, as it took the one before?
 * Such statements are INSERTs, in which nothing else is to be looked at.
 */
static bool
is_taken(CheckState *state, int ordinal)
{
	if (state->migration->alike == NULL || !state->conforming ||
		!state->migration->alike[ordinal] || state->taken != ordinal - 1)
		return false;
	state->taken = ordinal;
	return true;
}

/*
 * Parses the statements that the reader has left.
 */
static void
parse_statements(void *arg)
{
	CheckState *state = arg;
	ScriptStatement script;

	report_be_quiet();
	MemoryContextSwitchTo(state->statement_context);
	for (;;)
	{
		ListCell   *cell;
		List	   *raws;
		int			before = list_length(*state->problems);

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(state->statement_context);
		if (script_next(state->reader, &script) != SCRIPT_STATEMENT)
			break;
		if (is_taken(state, script.ordinal))
			continue;
		statement_push_place(&state->place, state->migration->source->label,
							 state->reader, &script);
		raws = statement_parse(state->place.sql);
		if (deploy_rules_ends_transaction(raws))
			state->migration->commits = true;
		foreach(cell, raws)
		{
			if (!check_command(state, lfirst_node(RawStmt, cell),
							   list_length(raws) == 1))
			{
				statement_pop_place(&state->place);
				MemoryContextSwitchTo(state->problem_context);
				return;
			}
			check_language(state, lfirst_node(RawStmt, cell));
		}
		statement_pop_place(&state->place);
		/* what is wrong with it is wrong with the next one, and told of both */
		if (list_length(*state->problems) == before)
			state->taken = script.ordinal;
	}
	MemoryContextSwitchTo(state->problem_context);
}

/*
 * Returns a hint for text that PostgreSQL's grammar refuses because it is
 * meant for psql, or for goose's variables, or NULL.
 */
static const char *
explain_text(const char *sql)
{
	if (strncmp(sql, "\\.", 2) == 0)
		return copy_data_hint;
	if (sql[0] == '\\')
		return "Commands of psql do not work in a migration.";
	if (pg_strncasecmp(sql, "copy", 4) == 0 && strchr(sql, '\n') != NULL)
		return copy_data_hint;
	if (strstr(sql, "${") != NULL)
		return "Variables are put in after a line \"-- +goose ENVSUB ON\".";
	return NULL;
}

/*
 * Checks the statements of one direction of a migration whose format is good:
 * PostgreSQL's grammar, and commands that the run cannot hold.  Outside of a
 * run these are warnings where a deploy can run them.  *languages_come is true
 * once a statement, over the checks of one call, may create procedural
 * languages.
 */
void
check_grammar(const Migration *migration, const Settings *settings,
			  ScriptDirection direction, CheckMode mode, bool *languages_come,
			  List **problems)
{
	CheckState	state;
	ErrorData  *error;

	begin_check(&state, migration, settings, direction, problems);
	state.mode = mode;
	state.languages_come = languages_come;
	while (list_length(*problems) < CHECK_PROBLEMS_MAX &&
		   (error = report_try(parse_statements, &state)) != NULL)
	{
		Problem    *problem;

		rethrow_unless_of_file(error);
		problem = problem_from_error(migration->source->label, error);
		problem->hint = problem->hint ? problem->hint :
			explain_text(state.place.sql);
		add_statement_problem(&state, problem);
	}
	end_check(&state);
}
