/*-------------------------------------------------------------------------
 *
 * rehearsal.c
 *	  The report of a rehearsal, in words: statements on one line, locks as
 *	  JSON, and the danger of a migration as a sentence.
 *
 * What is reported is found out in watch.c and run_rehearse.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "encoding.h"
#include "rehearsal.h"
#include "report.h"
#include "watch.h"

/* Statements are cut to about as many bytes, of which no more are read. */
#define STATEMENT_BYTES 100
#define STATEMENT_READ_BYTES 4000

/* Of that many relations a sentence speaks. */
#define DANGERS_MAX 20

/* What the documentation of PostgreSQL calls the modes. */
static const char *const mode_words[] = {
	[NoLock] = "",
	[AccessShareLock] = "ACCESS SHARE",
	[RowShareLock] = "ROW SHARE",
	[RowExclusiveLock] = "ROW EXCLUSIVE",
	[ShareUpdateExclusiveLock] = "SHARE UPDATE EXCLUSIVE",
	[ShareLock] = "SHARE",
	[ShareRowExclusiveLock] = "SHARE ROW EXCLUSIVE",
	[ExclusiveLock] = "EXCLUSIVE",
	[AccessExclusiveLock] = "ACCESS EXCLUSIVE"
};

/* Is it a blank between words? */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
		c == '\v';
}

/* Returns where the text goes on after blanks and comments of a line. */
static const char *
skip_lead(const char *sql)
{
	for (;;)
	{
		while (is_blank(*sql))
			sql++;
		if (sql[0] != '-' || sql[1] != '-')
			return sql;
		while (*sql != '\0' && *sql != '\n')
			sql++;
	}
}

/*
 * Returns a statement, in the database's encoding, on one line and cut to a
 * length that can be read, palloc'd.
 */
char *
rehearsal_shorten(const char *sql)
{
	StringInfoData text;
	int			length;

	initStringInfo(&text);
	sql = skip_lead(sql);
	while (*sql != '\0' && text.len <= STATEMENT_BYTES)
	{
		int			width = pg_mblen(sql);

		if (!is_blank(*sql))
			appendBinaryStringInfo(&text, sql, width);
		else if (!is_blank(sql[1]) && sql[1] != '\0')
			appendStringInfoChar(&text, ' ');
		sql += width;
	}
	if (text.len > STATEMENT_BYTES)
	{
		length = pg_mbcliplen(text.data, text.len, STATEMENT_BYTES - 3);
		text.		data[length] = '\0';
		text.		len = length;

		appendStringInfoString(&text, "...");
	}
	return text.data;
}

/*
 * Adds a row to a report, for a migration or one of its statements.
 */
RehearsalRow *
rehearsal_add(List **rows, const Source *source, const char *state)
{
	RehearsalRow *row = palloc0(sizeof(RehearsalRow));

	row->source = source->label;
	row->environment = source->environment;
	row->state = state;
	*rows = lappend(*rows, row);
	return row;
}

/*
 * Adds the statements of a migration that come after one, as not run.
 */
void
rehearsal_add_rest(List **rows, const Settings *settings,
				   const Migration *migration, int after)
{
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;

	check_script_options(settings, &options);
	reader = check_open(migration, migration->direction, &options);
	while (script_next(reader, &script) == SCRIPT_STATEMENT)
	{
		RehearsalRow *row;
		int			length;

		CHECK_FOR_INTERRUPTS();
		if (script.ordinal <= after)
			continue;
		row = rehearsal_add(rows, migration->source, "not run");
		row->line = script.line;
		length = pg_encoding_mbcliplen(PG_UTF8, script.text, script.length,
									   STATEMENT_READ_BYTES);
		row->statement = rehearsal_shorten(encoding_to_server(script.text,
															  length));
	}
	script_close(reader);
}

/*
 * Returns the locks among the changes as a JSON array, palloc'd.
 */
char *
rehearsal_locks(const List *changes)
{
	StringInfoData json;
	ListCell   *cell;

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	foreach(cell, changes)
	{
		const RelationChange *change = lfirst(cell);

		if (change->mode == NoLock)
			continue;
		appendStringInfoString(&json, json.len > 1 ? ", {" : "{");
		appendStringInfoString(&json, "\"relation\": ");
		escape_json(&json, change->name);
		appendStringInfo(&json, ", \"mode\": \"%s\", \"held_ms\": %.3f",
						 GetLockmodeName(DEFAULT_LOCKMETHOD, change->mode),
						 change->held_ms);
		if (change->bytes >= 0)
			appendStringInfo(&json, ", \"bytes\": " INT64_FORMAT,
							 change->bytes);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

/* Is it an index? */
static bool
is_index(const RelationChange *change)
{
	return OidIsValid(change->table);
}

/*
 * Returns the names of what has a new file, indexes left out.
 */
List *
rehearsal_rewrites(const List *changes)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		const RelationChange *change = lfirst(cell);

		if (change->rewritten && !is_index(change))
			names = lappend(names, unconstify(char *, change->name));
	}
	return names;
}

/*
 * Returns the names of the indexes that have been built, or built anew.
 */
List *
rehearsal_indexes(const List *changes)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		const RelationChange *change = lfirst(cell);

		if (change->rewritten && is_index(change))
			names = lappend(names, unconstify(char *, change->name));
		names = list_concat(names, change->indexes);
	}
	return names;
}

/*
 * Is it worth a sentence?  A lock is if it keeps others from writing; one on
 * an index only where its table has a weaker one.
 */
static bool
is_danger(const RelationChange *change, const List *changes)
{
	ListCell   *cell;

	if (change->mode < ShareLock || change->kind == RELKIND_TOASTVALUE ||
		change->kind == RELKIND_SEQUENCE)
		return false;
	foreach(cell, changes)
	{
		const RelationChange *other = lfirst(cell);

		if (is_index(change) && other->relation == change->table &&
			other->mode >= change->mode)
			return false;
	}
	return true;
}

/* Adds what is done to the relation. */
static void
add_deeds(StringInfo text, const RelationChange *change)
{
	const char *separator = ": ";
	ListCell   *cell;

	if (change->dropped)
	{
		appendStringInfo(text, "%sdrops it", separator);
		return;
	}
	if (change->rewritten)
	{
		appendStringInfo(text, "%s%s", separator,
						 is_index(change) ? "builds the index anew" :
						 change->emptied ? "empties the table" :
						 change->kind == RELKIND_MATVIEW ?
						 "rewrites the materialized view" :
						 "rewrites the table");
		separator = ", ";
	}
	foreach(cell, change->indexes)
	{
		appendStringInfo(text, "%sbuilds index %s", separator,
						 (const char *) lfirst(cell));
		separator = ", ";
	}
}

/*
 * Returns what a migration does to others, given the sum of its changes and how
 * many of its statements were not run, palloc'd; NULL if nothing.
 */
char *
rehearsal_danger(const List *changes, int left_out)
{
	StringInfoData words;
	int			count = 0;
	ListCell   *cell;

	initStringInfo(&words);
	foreach(cell, changes)
	{
		const RelationChange *change = lfirst(cell);

		if (!is_danger(change, changes) || ++count > DANGERS_MAX)
			continue;
		if (words.len > 0)
			appendStringInfoString(&words, "; ");
		appendStringInfo(&words, "%s on %s", mode_words[change->mode],
						 change->name);
		if (change->bytes >= 0)
		{
			Datum		size = DirectFunctionCall1(pg_size_pretty,
												   Int64GetDatum(change->bytes));

			appendStringInfo(&words, " (%s)", TextDatumGetCString(size));
		}
		appendStringInfo(&words, " for %s", report_duration(change->held_ms));
		add_deeds(&words, change);
	}
	if (count > DANGERS_MAX)
		appendStringInfo(&words, "; and %d more", count - DANGERS_MAX);
	if (left_out > 0)
		appendStringInfo(&words, "%s%d statement%s not run",
						 count > 0 ? "; " : "none seen, but ", left_out,
						 left_out == 1 ? "" : "s");
	return words.len > 0 ? words.data : NULL;
}
