/*-------------------------------------------------------------------------
 *
 * plan_look.c
 *	  What a run would do, and where that is dangerous.
 *
 * The migrations are those that a run would take, read and checked as a run
 * does it.  Nothing runs, nothing is created, and no lock is taken but those
 * of reading catalogs and the version table: it works while a run is on, and
 * on a hot standby.
 *
 * What is dangerous is decided in hazards.c, what cannot run in a transaction
 * in deploy_rules.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "utils/memutils.h"

#include "collect.h"
#include "deploy_rules.h"
#include "hazards.h"
#include "plan_look.h"
#include "problem.h"
#include "repeatable.h"
#include "statement.h"
#include "steps.h"

/* Longer statements are cut; in bytes. */
#define SHORT_BYTES 100

/*
 * Skips the blanks and comments before a command.
 */
static const char *
skip_blanks(const char *sql)
{
	int			depth = 0;

	while (*sql != '\0')
	{
		if (sql[0] == '/' && sql[1] == '*')
		{
			depth++;
			sql += 2;
		}
		else if (depth > 0 && sql[0] == '*' && sql[1] == '/')
		{
			depth--;
			sql += 2;
		}
		else if (depth > 0 || scanner_isspace(*sql))
			sql++;
		else if (sql[0] == '-' && sql[1] == '-')
			sql += strcspn(sql, "\r\n");
		else
			break;
	}
	return sql;
}

/*
 * Returns the beginning of a statement on one line, palloc'd.
 */
static char *
shorten(const char *sql)
{
	const char *text = skip_blanks(sql);
	char	   *result = palloc(SHORT_BYTES + sizeof("..."));
	int			length = 0;

	while (*text != '\0' && length + MAX_MULTIBYTE_CHAR_LEN <= SHORT_BYTES)
	{
		int			bytes = pg_mblen(text);

		if (scanner_isspace(*text))
		{
			if (result[length - 1] != ' ')
				result[length++] = ' ';
		}
		else
		{
			memcpy(result + length, text, bytes);
			length += bytes;
		}
		text += bytes;
	}
	strcpy(result + length, *text == '\0' ? "" : "...");
	return result;
}

/*
 * Returns why one of the commands of a statement cannot run in a transaction,
 * or not in that of gooseplus_migrate, palloc'd; NULL if all can.
 */
static const char *
find_reason(const List *raws, bool has_data)
{
	bool		alone = list_length(raws) == 1;
	ListCell   *cell;

	foreach(cell, raws)
	{
		const RawStmt *raw = lfirst_node(RawStmt, cell);
		AtomicRefusal refusal;

		if (deploy_rules_judge(raw, true, alone, has_data,
							   &refusal) == ATOMIC_REFUSE ||
			atomic_rules_judge(raw, alone, has_data,
							   &refusal) == ATOMIC_REFUSE)
			return refusal.message;
	}
	return NULL;
}

/*
 * Gives the receiver the items of one statement.
 */
static void
receive_statement(StatementPlace *place, PlanItem *item,
				  PlanObjects *objects, PlanReceive receive, void *arg)
{
	List	   *raws = statement_parse(place->sql);
	bool		received = false;
	ListCell   *cell;

	item->ordinal = place->script.ordinal;
	item->statement = shorten(place->sql);
	item->reason = find_reason(raws, place->script.data.bytes != NULL);
	if (item->reason == NULL && !item->transactional)
		item->reason = "NO TRANSACTION in the file";
	foreach(cell, raws)
	{
		const RawStmt *raw = lfirst_node(RawStmt, cell);
		int			start = skip_blanks(place->sql + raw->stmt_location) - place->sql;
		ListCell   *each;

		foreach(each, hazards_find(objects, raw))
		{
			const Hazard *hazard = lfirst(each);

			item->line = statement_line(place, hazard->location < 0 ? start :
										hazard->location);
			item->hazard = hazard->message;
			item->advice = hazard->advice;
			receive(arg, item);
			received = true;
		}
	}
	item->line = place->script.line;
	item->hazard = item->advice = NULL;
	if (!received)
		receive(arg, item);
}

/*
 * Gives the receiver the items of the Up part of a migration that has been
 * found good, and notes what it would make.
 */
void
plan_look_migration(const Migration *migration, const Settings *settings,
					PlanObjects *objects, PlanReceive receive, void *arg)
{
	PlanItem	item = {0};
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "gooseplus plan",
												  ALLOCSET_DEFAULT_SIZES);

	item.source = migration->source;
	item.transactional = migration->transactional;
	plan_objects_begin(objects, migration->transactional);
	check_script_options(settings, &options);
	reader = check_open(migration, SCRIPT_UP, &options);
	MemoryContextSwitchTo(context);
	while (script_next(reader, &script) == SCRIPT_STATEMENT)
	{
		StatementPlace place = {0};

		CHECK_FOR_INTERRUPTS();
		statement_push_place(&place, migration->source->label, reader,
							 &script);
		receive_statement(&place, &item, objects, receive, arg);
		statement_pop_place(&place);
		MemoryContextReset(context);
	}
	if (item.ordinal == 0)
		receive(arg, &item);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	script_close(reader);
}

/*
 * Reads and checks a migration.  Returns false, with problems, if every kind
 * of run would refuse it.  That one transaction cannot hold a command is said
 * in its item.
 */
static bool
check_migration(Migration *migration, const Settings *settings,
				bool *languages_come, List **problems)
{
	List	   *found = NIL;
	int			before = list_length(*problems);
	ListCell   *cell;

	if (check_read(migration, &found))
		check_format(migration, settings, false, &found);
	if (found == NIL)
		check_grammar(migration, settings, SCRIPT_UP, CHECK_DEPLOY,
					  languages_come, &found);
	foreach(cell, found)
	{
		Problem    *problem = lfirst(cell);

		if (!problem->warning &&
			problem->sqlstate != ERRCODE_ACTIVE_SQL_TRANSACTION)
			problem_add(problems, problem);
	}
	return list_length(*problems) == before;
}

/*
 * Gives the receiver what a run up to a version, or PLAN_NO_TARGET, would do,
 * in order.  Errors are those of a run before its first statement, if a deploy
 * has them, too.
 */
void
plan_look(const char *env, int64 version, const Settings *settings,
		  PlanReceive receive, void *arg)
{
	RunRequest	request = {0};
	SourceSet  *sources = collect_sources(settings, env, true, NULL);
	VersionRows *rows = NULL;
	PlanObjects *objects = plan_objects_create();
	List	   *problems = NIL;
	bool		languages_come = false;
	Step	   *steps;
	size_t		nsteps;

	request.function = "gooseplus_plan";
	request.command = COMMAND_UP;
	request.version = version;
	request.env = env;
	request.settings = settings;
	source_set_refuse_duplicates(sources);
	if (settings->versioning)
		rows = version_table_read(version_table_find(settings,
													 AccessShareLock));
	steps = steps_make(&request, sources, rows, &nsteps);
	steps = repeatable_add_steps(&request, sources, steps, &nsteps);
	for (size_t i = 0; i < nsteps; i++)
	{
		Migration	migration = {0};

		CHECK_FOR_INTERRUPTS();
		migration.source = steps[i].source;
		if (check_migration(&migration, settings, &languages_come, &problems) &&
			problems == NIL)
			plan_look_migration(&migration, settings, objects, receive, arg);
		check_free_text(&migration);
	}
	if (problems != NIL)
		problem_raise(problems);
}
