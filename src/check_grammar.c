/*-------------------------------------------------------------------------
 *
 * check_grammar.c
 *	  Finds what is wrong with the statements of a migration before they run.
 *
 * PostgreSQL's grammar says what commands they are.  Those that the run cannot
 * hold are found by atomic_rules.c and deploy_rules.c.  That the file can be
 * read is known: see check.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/proclang.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "atomic_rules.h"
#include "check.h"
#include "copy_data.h"
#include "deploy_rules.h"
#include "languages.h"
#include "report.h"
#include "statement.h"

/* Arguments of the functions that are called through report_try(). */
typedef struct GrammarState
{
	Migration  *migration;
	CheckMode	mode;
	ScriptReader *reader;
	StatementPlace place;
	bool		conforming;		/* strings are what the standard says */
	int			read;			/* the last statement read */
	int			taken;			/* the last one without a problem */
	MemoryContext statement_context;
	MemoryContext problem_context;
	bool	   *languages_come; /* do earlier statements create languages? */
	List	  **problems;
} GrammarState;

/*
 * Adds a problem of the statement at hand.
 */
static void
add_statement_problem(GrammarState *state, Problem *problem)
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
check_command(GrammarState *state, const RawStmt *raw, bool alone)
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
check_language(GrammarState *state, const RawStmt *raw)
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
is_taken(const GrammarState *state, int ordinal)
{
	return state->migration->alike != NULL && state->conforming &&
		state->taken == ordinal - 1 && state->migration->alike[ordinal];
}

/*
 * Passes over the next statements as long as that is known of them.
 */
static void
skip_taken(GrammarState *state)
{
	while (is_taken(state, state->read + 1) && script_skip(state->reader))
	{
		CHECK_FOR_INTERRUPTS();
		state->taken = ++state->read;
	}
}

/*
 * Parses the statements that the reader has left.
 */
static void
parse_statements(void *arg)
{
	GrammarState *state = arg;
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
		skip_taken(state);
		if (script_next(state->reader, &script) != SCRIPT_STATEMENT)
			break;
		state->read = script.ordinal;
		if (is_taken(state, script.ordinal))
		{
			state->taken = script.ordinal;
			continue;
		}
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
	GrammarState state = {
		.migration = unconstify(Migration *, migration),
		.mode = mode,
		.problem_context = CurrentMemoryContext,
		.languages_come = languages_come,
		.problems = problems
	};
	ScriptOptions options;
	ErrorData  *error;

	check_script_options(settings, &options);
	state.conforming = options.standard_conforming_strings;
	state.reader = check_open(migration, direction, &options);
	state.statement_context = AllocSetContextCreate(CurrentMemoryContext,
													"gooseplus check",
													ALLOCSET_DEFAULT_SIZES);
	while (list_length(*problems) < CHECK_PROBLEMS_MAX &&
		   (error = report_try(parse_statements, &state)) != NULL)
	{
		Problem    *problem;

		check_rethrow_unless_of_file(error);
		problem = problem_from_error(migration->source->label, error);
		problem->hint = problem->hint ? problem->hint :
			explain_text(state.place.sql);
		add_statement_problem(&state, problem);
	}
	script_close(state.reader);
	MemoryContextDelete(state.statement_context);
}
