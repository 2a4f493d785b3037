/*-------------------------------------------------------------------------
 *
 * stored.c
 *	  The texts of migrations, kept in the history: what is stored, and how a
 *	  migration is run from there when its file is gone.
 *
 * A file is stored in two parts, which are the file when they are put
 * together: the Up part, up to the line of the annotation Down, and the Down
 * part from there on.  They are as they stand in the file, before variables
 * are expanded, so that no secret reaches a dump of the database.  An Up part
 * that is very long is not kept; then the Down part says in front what the
 * lines before it mean for it.
 *
 * Whoever may write the history could write statements there that run with
 * the rights of somebody else.  So stored text is run only if all who may are
 * trusted.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "encoding.h"
#include "history_table.h"
#include "stored.h"

/* Longer parts are not kept, in bytes. */
#define STORED_UP_MAX ((size_t) 1024 * 1024)
#define STORED_DOWN_MAX ((size_t) 16 * 1024 * 1024)

/* Where a stored migration is. */
typedef struct Stored
{
	const Settings *settings;
	int64		id;				/* of the row of the history */
	bool		gone;			/* does it stand for its file? */
} Stored;

/*
 * Returns a part of a file in the database's encoding, palloc'd.
 */
static char *
part_text(const Migration *migration, size_t from, size_t to)
{
	char	   *part = pnstrdup(migration->text + from, to - from);

	return encoding_to_server(part, to - from);
}

/*
 * Returns the Down part of a migration whose Up part is not kept, as a script
 * of its own, palloc'd.
 */
static char *
lonely_down(const Migration *migration, const char *down)
{
	return psprintf("-- +goose Up\n%s%s%s",
					migration->transactional ? "" : "-- +goose NO TRANSACTION\n",
					migration->down.variables ? "-- +goose ENVSUB ON\n" : "",
					down);
}

/*
 * Fills in the texts of a migration, palloc'd in the current context.  One
 * that is no file has none: what a registered function would do then, nobody
 * knows.
 */
void
stored_fill(HistoryRow *row, const Migration *migration)
{
	size_t		length = migration->length;
	size_t		at = migration->down.at;

	if (migration->text == NULL || migration->checksum == NULL ||
		migration->source->called != NULL || length - at > STORED_DOWN_MAX)
		return;
	row->down = part_text(migration, at, length);
	if (at <= STORED_UP_MAX)
		row->up = part_text(migration, 0, at);
	else
		row->down = lonely_down(migration, row->down);
}

/*
 * SourceRead: returns the stored script.  Errors: it is not to be trusted, or
 * gone.
 */
static char *
stored_read(const Source *source, size_t *length)
{
	const Stored *stored = source->origin;
	TrustedTable *table = history_find(stored->settings);
	HistoryScript *script = table == NULL ? NULL :
	history_text_script(table, stored->id, true);
	char	   *text;

	if (table != NULL)
		trust_check_writers(table);
	if (script == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("the stored text of %s is gone", source->label),
				 errhint("Bring its file back.")));
	if (stored->gone)
		ereport(NOTICE,
				(errmsg("file %s is gone: its Down part is taken from the history",
						source->label)));
	text = encoding_from_server(script->text, strlen(script->text));
	*length = strlen(text);
	return text;
}

/*
 * Fills in what the migration is that a script belongs to.
 */
static void
fill_source(Source *source, const Settings *settings, int64 id,
			int64 version, const HistoryScript *script, bool gone)
{
	Stored	   *stored = palloc(sizeof(Stored));
	const char *slash = strchr(script->source, '/');

	stored->settings = settings;
	stored->id = id;
	stored->gone = gone;
	source->version = version;
	source->type = "stored";
	source->environment = script->environment;
	source->label = script->source;
	source->name = slash == NULL ? script->source : slash + 1;
	source->repeatable = version == 0;
	source->read = stored_read;
	source->origin = stored;
}

/*
 * Does the history keep Down parts of all environments that the call names?
 * Then their folders may be gone.
 */
bool
stored_has(const RunRequest *request)
{
	TrustedTable *history = history_find_readable(request->settings);
	List	   *environments = source_environments(request->settings,
												   request->env);
	List	   *stored = history == NULL ? NIL :
	history_text_environments(history);
	ListCell   *cell;

	/* the base need not have any migration */
	if (list_length(environments) > 1)
		environments = list_delete_first(environments);
	foreach(cell, environments)
	{
		if (!source_has_name(stored, lfirst(cell)))
			return false;
	}
	return true;
}

/*
 * Returns a migration as a row of the history has it, in both directions,
 * palloc'd; NULL if not all of it is kept.
 */
const Source *
stored_whole(const Settings *settings, const HistoryText *text)
{
	TrustedTable *table = history_find(settings);
	HistoryScript *script = table == NULL ? NULL :
	history_text_script(table, text->id, false);
	Source	   *source;

	if (script == NULL || !script->complete)
		return NULL;
	source = palloc0(sizeof(Source));
	fill_source(source, settings, text->id, text->version, script, false);
	return source;
}

/*
 * Returns the migration of a row of the history whose file is gone, palloc'd,
 * to take it back; NULL if its text is not kept, or the call is not about its
 * environment.
 */
const Source *
stored_gone(const RunRequest *request, const HistoryRow *row)
{
	TrustedTable *table = history_find(request->settings);
	HistoryScript *script = table == NULL ? NULL :
	history_text_script(table, row->id, false);
	Source	   *source;

	if (script == NULL ||
		!source_has_name(source_environments(request->settings, request->env),
						 script->environment))
		return NULL;
	source = palloc0(sizeof(Source));
	fill_source(source, request->settings, row->id, row->version, script,
				true);
	return source;
}

/*
 * Adds a recorded migration that is not at hand, if the history has its text
 * and the call is about its environment.
 */
static void
add_stored(SourceSet *sources, const Settings *settings,
		   const List *environments, const TrustedTable *history,
		   const HistoryText *text)
{
	HistoryScript *script = history_text_script(history, text->id, false);

	if (script == NULL || !source_has_name(environments, script->environment))
		return;
	fill_source(source_set_add(sources), settings, text->id, text->version,
				script, true);
}

/*
 * Leaves each stored version once: the version table can have two rows of it.
 */
static void
drop_repeated(SourceSet *sources)
{
	size_t		kept = 0;

	for (size_t i = 0; i < sources->nitems; i++)
	{
		if (kept == 0 || sources->items[i].read != stored_read ||
			sources->items[kept - 1].version != sources->items[i].version)
			sources->items[kept++] = sources->items[i];
	}
	sources->nitems = kept;
}

/* Does the call take this version back? */
static bool
goes_down(const RunRequest *request, int64 version)
{
	switch (request->command)
	{
		case COMMAND_DOWN:
			return version > 0;
		case COMMAND_DOWN_TO:
			return version > request->version;
		case COMMAND_APPLY:
			return request->direction == SCRIPT_DOWN &&
				version == request->version;
		default:
			return false;
	}
}

/*
 * Adds to the migrations at hand those that a call is to take back and whose
 * files are gone: the container that had them is, when the rollback is needed.
 */
void
stored_add(SourceSet *sources, const RunRequest *request,
		   const VersionRows *rows)
{
	TrustedTable *history = NULL;
	HistoryTexts *texts = NULL;
	List	   *environments = NIL;
	size_t		before = sources->nitems;
	SourceSet	at_hand = *sources;

	for (size_t i = 0; i < rows->nitems; i++)
	{
		const VersionRow *row = &rows->items[i];
		const HistoryText *text;

		/* COMMAND_DOWN needs all of them, as for goose's Provider */
		if (!goes_down(request, row->version) ||
			source_set_find(&at_hand, row->version) != NULL)
			continue;
		if (history == NULL)
		{
			history = history_find(request->settings);
			if (history == NULL)
				return;
			texts = history_texts_read(history);
			environments = source_environments(request->settings,
											   request->env);
		}
		text = history_texts_find(texts, row->version, row->id);
		if (text != NULL)
			add_stored(sources, request->settings, environments, history,
					   text);
		at_hand.items = sources->items;
	}
	if (sources->nitems == before)
		return;
	source_set_exclude(sources, request->settings);
	source_set_sort(sources);
	drop_repeated(sources);
}
