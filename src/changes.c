/*-------------------------------------------------------------------------
 *
 * changes.c
 *	  Migrations that have changed since they were applied, and what the
 *	  setting gooseplus.checksum makes of them.
 *
 * Each migration that is at hand and recorded is compared with what the
 * history says of its text.  A file that has the size and the time of change
 * that it had then is not read: with a hundred thousand files even a look that
 * changes nothing would take seconds.
 *
 * What a checksum is made of is in checksum.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "changes.h"
#include "checksum.h"

/* How many of them a message lists. */
#define CHANGE_LIST_MAX 50

/*
 * Is the migration what it was?  "stamp" is what tells its file now, or NULL
 * if that has not been looked at.  If it cannot be read, *why says why.  If its
 * file had to be read and is the same, *new_stamp is what tells it from now
 * on; without it there is nothing to tell it by.  Either may be NULL.
 */
bool
changes_is_same(const Source *source, const HistoryText *text,
				const SourceStamp *stamp, const char **why,
				SourceStamp *new_stamp)
{
	Migration	migration = {.source = source};
	List	   *problems = NIL;
	SourceStamp seen;
	bool		same = false;

	if (new_stamp != NULL)
		new_stamp->size = -1;
	if (text->file_size >= 0)
	{
		seen = stamp != NULL ? *stamp : source_stamp(source);
		if (seen.size == text->file_size && seen.changed == text->file_changed)
			return true;
	}
	if (check_read(&migration, &problems))
		same = strcmp(checksum_migration(&migration), text->checksum) == 0;
	else if (why != NULL)
		*why = ((Problem *) linitial(problems))->message;
	if (same && new_stamp != NULL)
		*new_stamp = migration.stamp;
	check_free_text(&migration);
	return same;
}

/* A version, and what the history knows of its text. */
typedef struct Known
{
	int64		version;
	const HistoryText *text;
} Known;

/* The migrations that can be compared, and what they are compared with. */
typedef struct Comparisons
{
	const Source **sources;
	const HistoryText **texts;
	SourceStamp *stamps;		/* what tells their files now */
	size_t		count;
} Comparisons;

static int
compare_known(const void *a, const void *b)
{
	int64		first = ((const Known *) a)->version;
	int64		second = ((const Known *) b)->version;

	return (first > second) - (first < second);
}

/*
 * Returns what the history knows of the recorded versions, in their order,
 * palloc'd.
 */
static Known *
find_known(const VersionRows *rows, const HistoryTexts *texts, size_t *count)
{
	Known	   *known = MemoryContextAllocHuge(CurrentMemoryContext,
											   (rows->nitems + 1) * sizeof(Known));
	size_t		n = 0;

	/* the first recorded first: nearly their order already */
	for (size_t i = rows->nitems; i > 0; i--)
	{
		const VersionRow *row = &rows->items[i - 1];

		known[n].version = row->version;
		known[n].text = history_texts_find(texts, row->version, row->id);
		if (known[n].text != NULL)
			n++;
	}
	if (n > 1)
		qsort(known, n, sizeof(Known), compare_known);
	*count = n;
	return known;
}

/* Returns memory for a member for each migration of a set, palloc'd. */
static void *
for_each_of(const SourceSet *sources, size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext,
								  (sources->nitems + 1) * size);
}

/*
 * Returns the migrations that are at hand and recorded, ascending by version,
 * with what the history knows of their texts, palloc'd.
 */
static Comparisons
find_comparisons(const SourceSet *sources, const VersionRows *rows,
				 const HistoryTexts *texts)
{
	Comparisons found = {
		.sources = for_each_of(sources, sizeof(Source *)),
		.texts = for_each_of(sources, sizeof(HistoryText *)),
		.stamps = for_each_of(sources, sizeof(SourceStamp))
	};
	size_t		count;
	Known	   *known = find_known(rows, texts, &count);
	size_t		k = 0;

	for (size_t i = 0; i < sources->nitems; i++)
	{
		const Source *source = &sources->items[i];

		while (k < count && known[k].version < source->version)
			k++;
		if (k == count)
			break;
		/* what a registered function does is not in its call */
		if (known[k].version != source->version || source->called != NULL)
			continue;
		found.sources[found.count] = source;
		found.texts[found.count++] = known[k].text;
	}
	source_stamps(found.sources, found.count, found.stamps);
	return found;
}

/*
 * Adds to a list of HistoryStamp what tells a file from now on.
 */
static void
add_stamp(List **stamps, const HistoryText *text, const SourceStamp *stamp)
{
	HistoryStamp *item = palloc(sizeof(HistoryStamp));

	item->id = text->id;
	item->file_size = stamp->size;
	item->file_changed = stamp->changed;
	*stamps = lappend(*stamps, item);
}

/* Adds to a list of Change. */
static void
add_change(List **changes, const Source *source, const char *why)
{
	Change	   *change = palloc(sizeof(Change));

	change->source = source;
	change->why = why == NULL ? NULL : pstrdup(why);
	*changes = lappend(*changes, change);
}

/*
 * Returns the migrations that have changed since they were applied, as a list
 * of Change, palloc'd, ascending by version.  "history" may be NULL.  Unless
 * "stamps" is NULL it gets what the history should know of the others, so that
 * their files need not be read again: a list of HistoryStamp, palloc'd.
 */
List *
changes_find(const SourceSet *sources, const VersionRows *rows,
			 const TrustedTable *history, const Settings *settings,
			 List **stamps)
{
	List	   *changes = NIL;
	Comparisons compared;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext whole;
	MemoryContext context;

	if (settings->checksum == CHECKSUM_OFF || history == NULL)
		return NIL;
	whole = AllocSetContextCreate(caller, "gooseplus changes",
								  ALLOCSET_DEFAULT_SIZES);
	context = AllocSetContextCreate(whole, "gooseplus file",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(whole);
	compared = find_comparisons(sources, rows, history_texts_read(history));
	for (size_t i = 0; i < compared.count; i++)
	{
		const Source *source = compared.sources[i];
		const HistoryText *text = compared.texts[i];
		const char *why = NULL;
		SourceStamp stamp;
		bool		same;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		same = changes_is_same(source, text, &compared.stamps[i], &why, &stamp);
		MemoryContextSwitchTo(caller);
		if (!same)
			add_change(&changes, source, why);
		else if (stamps != NULL && stamp.size >= 0)
			add_stamp(stamps, text, &stamp);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(whole);
	return changes;
}

/*
 * Returns a change as a problem, palloc'd: a warning, unless the settings call
 * it an error.
 */
Problem *
changes_problem(const Change *change, const Settings *settings)
{
	Problem    *problem = problem_make(change->source->label, 0, 0,
									   ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
									   change->why == NULL ?
									   "The file has changed since it was applied." :
									   psprintf("The file has been applied, and cannot be compared with what was: %s",
												change->why));

	problem->warning = settings->checksum != CHECKSUM_ERROR;
	return problem;
}

/*
 * Raises a warning or an error, as the settings say, if there are changes.
 */
void
changes_report(const List *changes, const Settings *settings)
{
	StringInfoData list;
	ListCell   *cell;

	if (changes == NIL)
		return;
	initStringInfo(&list);
	foreach(cell, changes)
	{
		const Change *change = lfirst(cell);

		if (foreach_current_index(cell) == CHANGE_LIST_MAX)
		{
			appendStringInfo(&list, ", and %d more",
							 list_length(changes) - CHANGE_LIST_MAX);
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
						 change->source->label);
		if (change->why != NULL)
			appendStringInfo(&list, " (%s)", change->why);
	}
	ereport(settings->checksum == CHECKSUM_ERROR ? ERROR : WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg_plural("%d applied migration has changed since it was applied",
						   "%d applied migrations have changed since they were applied",
						   list_length(changes), list_length(changes)),
			 errdetail("Changed: %s.", list.data),
			 errhint("Put the changes into new migrations and the files back as they were, or accept them with gooseplus_repair().")));
}
