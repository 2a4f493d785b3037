/*-------------------------------------------------------------------------
 *
 * look.c
 *	  What can be seen without changing anything.
 *
 * One listing of the directory and one query each.  Nothing here takes the
 * migration lock, creates the version table, or needs to write: all of it
 * works while a run is on, and on a hot standby.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "changes.h"
#include "check.h"
#include "collect.h"
#include "encoding.h"
#include "history_table.h"
#include "look.h"
#include "plan_look.h"
#include "repeatable.h"
#include "version_table.h"

/*
 * Returns the migrations at hand, each version once.
 */
static SourceSet *
read_sources(const char *env, const Settings *settings)
{
	SourceSet  *sources = collect_sources(settings, env, true, NULL);

	source_set_refuse_duplicates(sources);
	return sources;
}

/*
 * Returns the rows of the version table, none if there is no table or if
 * versioning is off: then everything is pending, as goose says.
 */
static VersionRows *
read_rows(const Settings *settings)
{
	if (!settings->versioning)
		return palloc0(sizeof(VersionRows));
	return version_table_read(version_table_find(settings, AccessShareLock));
}

/* Later rows of a version first. */
static int
compare_rows(const void *a, const void *b)
{
	const VersionRow *first = a;
	const VersionRow *second = b;

	if (first->version != second->version)
		return first->version < second->version ? -1 : 1;
	if (first->applied_at != second->applied_at)
		return first->applied_at > second->applied_at ? -1 : 1;
	return 0;
}

/*
 * Orders the rows by version, and leaves each version once, with the last
 * time it was recorded, as goose shows it; row 0 is left out.
 */
static void
sort_rows(VersionRows *rows)
{
	size_t		kept = 0;

	/* nearly in order then, which is soon sorted */
	version_rows_reverse(rows);
	if (rows->nitems > 1)
		qsort(rows->items, rows->nitems, sizeof(VersionRow), compare_rows);
	for (size_t i = 0; i < rows->nitems; i++)
	{
		if (rows->items[i].version < 1 ||
			(kept > 0 && rows->items[kept - 1].version == rows->items[i].version))
			continue;
		rows->items[kept++] = rows->items[i];
	}
	rows->nitems = kept;
}

/*
 * Returns the migrations that have changed since they were applied, as a list
 * of Change, ascending by version.
 */
static List *
find_changes(const SourceSet *sources, const VersionRows *rows,
			 const Settings *settings)
{
	if (settings->checksum == CHECKSUM_OFF)
		return NIL;
	return changes_find(sources, rows, history_find_readable(settings),
						settings, NULL);
}

/*
 * Adds the state of each repeatable migration.  Returns how many they are.
 */
static size_t
add_repeatables(LookStatus *result, const List *repeatables)
{
	ListCell   *cell;

	foreach(cell, repeatables)
	{
		const Repeatable *repeatable = lfirst(cell);
		LookStatus *status = &result[foreach_current_index(cell)];

		memset(status, 0, sizeof(LookStatus));
		status->source = repeatable->source->label;
		status->environment = repeatable->source->environment;
		status->state = repeatable->due ? "pending" : "applied";
		status->has_applied_at = repeatable->earlier != NULL;
		if (status->has_applied_at)
			status->applied_at =
				DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp,
													  TimestampTzGetDatum(repeatable->earlier->ended)));
	}
	return list_length(repeatables);
}

/*
 * Returns the state of each migration, palloc'd: numbered ones ascending by
 * version, then repeatable ones by name.
 */
LookStatus *
look_status(const char *env, const Settings *settings, size_t *count)
{
	SourceSet  *sources = read_sources(env, settings);
	VersionRows *rows = read_rows(settings);
	List	   *changes = find_changes(sources, rows, settings);
	List	   *repeatables = repeatable_list(sources, settings);
	LookStatus *result;
	size_t		s = 0;
	size_t		r = 0;
	size_t		n = 0;
	int			c = 0;

	sort_rows(rows);
	result = MemoryContextAllocHuge(CurrentMemoryContext,
									(sources->nitems + rows->nitems +
									 list_length(repeatables) + 1) * sizeof(LookStatus));
	while (s < sources->nitems || r < rows->nitems)
	{
		const Source *source = s < sources->nitems ? &sources->items[s] : NULL;
		const VersionRow *row = r < rows->nitems ? &rows->items[r] : NULL;
		LookStatus *status = &result[n++];

		memset(status, 0, sizeof(LookStatus));
		if (row != NULL && (source == NULL || row->version <= source->version))
		{
			status->version = row->version;
			status->state = "missing";
			status->applied_at = row->applied_at;
			status->has_applied_at = row->has_applied_at;
			r++;
		}
		if (source != NULL && (row == NULL || source->version <= row->version))
		{
			status->state = status->version == source->version ? "applied" : "pending";
			status->version = source->version;
			status->source = source->label;
			status->environment = source->environment;
			s++;
			if (c < list_length(changes) &&
				((Change *) list_nth(changes, c))->source == source)
			{
				status->state = "modified";
				c++;
			}
		}
	}
	*count = n + add_repeatables(result + n, repeatables);
	return result;
}

/*
 * Returns the version of the database: the highest recorded, 0 if none.
 */
int64
look_db_version(const Settings *settings)
{
	if (!settings->versioning)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the database has no version when versioning is off")));
	return version_rows_highest(read_rows(settings));
}

/*
 * Finds the version of the database, and the highest one at hand; 0: none.
 */
void
look_versions(const char *env, const Settings *settings, int64 *current,
			  int64 *target)
{
	SourceSet  *sources = read_sources(env, settings);

	*current = version_rows_highest(read_rows(settings));
	*target = sources->nitems == 0 ? 0 :
		sources->items[sources->nitems - 1].version;
}

/*
 * Is there anything to apply?  As goose says: versions that are out of order
 * and not allowed are an error.
 */
bool
look_has_pending(const char *env, const Settings *settings)
{
	SourceSet  *sources = read_sources(env, settings);
	VersionPlan plan;
	ListCell   *cell;

	collect_plan(sources, read_rows(settings), settings, PLAN_NO_TARGET,
				 &plan);
	collect_refuse_out_of_order(sources, &plan);
	if (plan.nversions > 0)
		return true;
	foreach(cell, repeatable_list(sources, settings))
	{
		if (((Repeatable *) lfirst(cell))->due)
			return true;
	}
	return false;
}

/* Where hazards go. */
typedef struct HazardList
{
	List	  **problems;
	MemoryContext context;
} HazardList;

/* PlanReceive: adds a hazard as a warning. */
static void
add_hazard(void *arg, const PlanItem *item)
{
	HazardList *list = arg;
	Problem    *problem;
	MemoryContext context;

	if (item->hazard == NULL)
		return;
	context = MemoryContextSwitchTo(list->context);
	problem = problem_make(item->source->label, item->line, 0,
						   ERRCODE_WARNING,
						   psprintf("%s. %s", item->hazard, item->advice));
	problem->statement = item->ordinal;
	problem->warning = true;
	*list->problems = lappend(*list->problems, problem);
	MemoryContextSwitchTo(context);
}

/*
 * Checks a migration in both directions, and its Up part for hazards if it is
 * pending: what is done is done.  Returns its problems.
 */
static List *
validate_migration(const Source *source, const Settings *settings,
				   bool pending, PlanObjects *objects, bool *languages_come)
{
	Migration	migration = {0};
	List	   *found = NIL;
	HazardList	hazards;
	ListCell   *cell;
	bool		good;

	migration.source = source;
	good = check_read(&migration, &found);
	if (good)
		check_format(&migration, settings, true, &found);
	foreach(cell, found)
		good = good && ((Problem *) lfirst(cell))->warning;
	if (good)
	{
		check_grammar(&migration, settings, SCRIPT_UP, CHECK_LOOK,
					  languages_come, &found);
		check_grammar(&migration, settings, SCRIPT_DOWN, CHECK_LOOK,
					  languages_come, &found);
	}
	foreach(cell, found)
		good = good && ((Problem *) lfirst(cell))->warning;
	if (good && pending)
	{
		hazards.problems = &found;
		hazards.context = CurrentMemoryContext;
		plan_look_migration(&migration, settings, objects, add_hazard,
							&hazards);
	}
	check_free_text(&migration);
	return found;
}

/*
 * Adds a warning for a repeatable migration that keeps the goose command from
 * the numbered ones beside it.
 */
static void
note_repeatable(const SourceSet *sources, const Source *repeatable,
				List **problems)
{
	for (size_t i = 0; i < sources->nitems; i++)
	{
		Problem    *problem;

		if (strcmp(sources->items[i].environment, repeatable->environment) != 0)
			continue;
		problem = problem_make(repeatable->label, 0, 0, ERRCODE_WARNING,
							   "The goose command refuses a folder with a file that has no number. For its sake repeatable migrations can have an environment of their own.");
		problem->warning = true;
		*problems = lappend(*problems, problem);
		return;
	}
}

/*
 * Checks every migration at hand, applied or not, in both directions, and
 * those that are pending for hazards.  Returns a list of Problem, allocated
 * in the current context.
 */
List *
look_validate(const char *env, const Settings *settings)
{
	List	   *go_migrations = NIL;
	SourceSet  *sources = collect_sources(settings, env, true,
										  &go_migrations);
	VersionRows *rows = read_rows(settings);
	PlanObjects *objects = plan_objects_create();
	List	   *problems = source_set_duplicates(sources);
	List	   *changes;
	bool		languages_come = false;
	ListCell   *cell;

	foreach(cell, go_migrations)
	{
		Problem    *problem = problem_make(lfirst(cell), 0, 0, ERRCODE_WARNING,
										   "Go migrations do not run in the server");

		problem->warning = true;
		problems = lappend(problems, problem);
	}
	changes = find_changes(sources, rows, settings);
	foreach(cell, changes)
		problems = lappend(problems, changes_problem(lfirst(cell), settings));
	sort_rows(rows);
	for (size_t i = 0; i < sources->nitems; i++)
	{
		const Source *source = &sources->items[i];

		CHECK_FOR_INTERRUPTS();
		problems = list_concat(problems,
							   validate_migration(source, settings,
												  !version_rows_find(rows, source->version),
												  objects, &languages_come));
	}
	foreach(cell, repeatable_list(sources, settings))
	{
		const Repeatable *repeatable = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		note_repeatable(sources, repeatable->source, &problems);
		problems = list_concat(problems,
							   validate_migration(repeatable->source, settings,
												  repeatable->due, objects,
												  &languages_come));
	}
	return problems;
}

/*
 * Reads a direction: "up" or "down".
 */
ScriptDirection
look_direction(const char *direction)
{
	if (direction != NULL && strcmp(direction, "up") == 0)
		return SCRIPT_UP;
	if (direction != NULL && strcmp(direction, "down") == 0)
		return SCRIPT_DOWN;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid direction: \"%s\"",
					direction == NULL ? "null" : direction),
			 errhint("The direction is 'up' or 'down'.")));
	return SCRIPT_UP;			/* keep compiler quiet */
}

/*
 * Returns the statements of a script as goose would send them, as a list of
 * LookStatement allocated in the current context.  Nothing is run, and the
 * grammar is not checked.  Errors: the script is not in goose's format.
 */
List *
look_statements(const char *script, const char *direction,
				const Settings *settings)
{
	List	   *statements = NIL;
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement found;
	ScriptNext	next;
	ScriptDirection parsed = look_direction(direction);
	const char *text;
	ListCell   *cell;

	if (script == NULL)
		return NIL;
	text = encoding_from_server(script, strlen(script));
	check_script_options(settings, &options);
	reader = script_open(text, strlen(text), parsed, &options);
	while ((next = script_next(reader, &found)) == SCRIPT_STATEMENT)
	{
		LookStatement *statement = palloc(sizeof(LookStatement));

		CHECK_FOR_INTERRUPTS();
		statement->ordinal = found.ordinal;
		statement->line = found.line;
		statement->text = pstrdup(encoding_to_server(found.text,
													 found.length));
		statements = lappend(statements, statement);
	}
	if (next == SCRIPT_FAILED)
		problem_raise(list_make1(problem_from_script("script",
													 script_problem(reader))));
	foreach(cell, statements)
		((LookStatement *) lfirst(cell))->transactional = script_transactional(reader);
	script_close(reader);
	return statements;
}
