/*-------------------------------------------------------------------------
 *
 * repeatable.c
 *	  Repeatable migrations, R_name.sql: which of them are to run.
 *
 * They hold what is replaced as a whole: views, functions, grants.  They have
 * no version, and run after all numbered migrations, in the order of their
 * names, each whenever its checksum is not the one that the history has of it.
 * A run that stops before the last version at hand leaves them out: they fit
 * the last one.
 *
 * To goose their names have no number: its Provider skips them, and the goose
 * command refuses a folder that holds one.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "changes.h"
#include "history_table.h"
#include "plan.h"
#include "repeatable.h"

/* bsearch()'s comparison of a source with a member of a list of HistoryText. */
static int
compare_source(const void *source, const void *member)
{
	const HistoryText *text = lfirst((const ListCell *) member);

	return strcmp(source, text->source);
}

/*
 * Returns what the history says of a migration, or NULL.
 */
static const HistoryText *
find_text(const List *texts, const Source *source)
{
	const ListCell *cell = texts == NIL ? NULL :
	bsearch(source->label, texts->elements, list_length(texts),
			sizeof(ListCell), compare_source);
	const HistoryText *text = cell == NULL ? NULL : lfirst(cell);

	return text == NULL || text->taken_back ? NULL : text;
}

/*
 * Warns that nobody knows whether repeatable migrations are to run, if so.
 */
static bool
are_unknown(const Settings *settings)
{
	const char *hidden;

	if (!settings->versioning)
		return false;
	if (!settings->history)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("repeatable migrations are left out, as no history is kept"),
				 errhint("Set \"gooseplus.history\" to on.")));
	else if ((hidden = history_hidden(settings)) != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("repeatable migrations are left out, as the history cannot be read"),
				 errhint("GRANT SELECT ON %s TO %s gives the right.", hidden,
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
	else
		return false;
	return true;
}

/*
 * Returns the repeatable migrations at hand, in the order of their names, as a
 * list of Repeatable, palloc'd; none, with a warning, if nobody knows whether
 * they are due.  When versioning is off all of them are.
 */
List *
repeatable_list(const SourceSet *sources, const Settings *settings)
{
	List	   *list = NIL;
	List	   *texts = NIL;
	TrustedTable *history;

	if (sources->repeatables == NULL || sources->repeatables->nitems == 0 ||
		are_unknown(settings))
		return NIL;
	history = history_find_readable(settings);
	if (history != NULL)
		texts = history_texts_repeatable(history);
	for (size_t i = 0; i < sources->repeatables->nitems; i++)
	{
		Repeatable *repeatable = palloc(sizeof(Repeatable));

		repeatable->source = &sources->repeatables->items[i];
		repeatable->earlier = find_text(texts, repeatable->source);
		repeatable->due = repeatable->earlier == NULL ||
			repeatable->earlier->half_replaced ||
			!changes_is_same(repeatable->source, repeatable->earlier, NULL,
							 NULL, NULL);
		list = lappend(list, repeatable);
	}
	return list;
}

/*
 * Does the call reach the last version at hand?
 */
static bool
reaches_end(const RunRequest *request, const SourceSet *sources)
{
	return request->command == COMMAND_UP &&
		(sources->nitems == 0 ||
		 request->version >= sources->items[sources->nitems - 1].version);
}

/*
 * Returns the steps of a call with those of the repeatable migrations that are
 * due behind them, palloc'd.
 */
Step *
repeatable_add_steps(const RunRequest *request, const SourceSet *sources,
					 Step *steps, size_t *nsteps)
{
	List	   *repeatables = NIL;
	ListCell   *cell;

	if (reaches_end(request, sources))
		repeatables = repeatable_list(sources, request->settings);
	if (repeatables == NIL)
		return steps;
	steps = repalloc_huge(steps, (*nsteps + list_length(repeatables) + 1) *
						  sizeof(Step));
	foreach(cell, repeatables)
	{
		const Repeatable *repeatable = lfirst(cell);

		if (!repeatable->due)
			continue;
		steps[*nsteps].source = repeatable->source;
		steps[*nsteps].direction = SCRIPT_UP;
		steps[(*nsteps)++].earlier = repeatable->earlier;
	}
	return steps;
}
