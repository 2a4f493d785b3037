/*-------------------------------------------------------------------------
 *
 * setting_text.c
 *	  The texts of settings: names, numbers, lists and JSON, read and checked.
 *
 * Nothing here raises an error, as check hooks must not.  Which settings there
 * are is not known here (see settings.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "setting_text.h"

/* Variables are scalars in an object; some room for better words later. */
#define VARIABLES_DEPTH_MAX 10

/*
 * Splits a table name, optionally qualified by a schema, as SQL reads it.
 * Returns a list of one or two palloc'd strings, or NIL if it is not a name.
 */
List *
setting_text_table(const char *name)
{
	List	   *names;

	if (!SplitIdentifierString(pstrdup(name), '.', &names) ||
		list_length(names) < 1 || list_length(names) > 2)
		return NIL;
	return names;
}

/*
 * Reads a bigint; settings of the server's own have no such type.
 */
bool
setting_text_bigint(const char *text, int64 *id)
{
	char	   *end;
	long long	value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*id = (int64) value;
	return true;
}

/*
 * Splits a list separated by commas.  Returns its items as palloc'd strings,
 * without the white space around them; empty ones, too.
 */
List *
setting_text_split(const char *text)
{
	List	   *items = NIL;
	char	   *rest = pstrdup(text);

	while (rest != NULL)
	{
		char	   *item = rest;
		char	   *comma = strchr(rest, ',');
		char	   *end = comma ? comma : rest + strlen(rest);

		rest = comma ? comma + 1 : NULL;
		while (end > item && scanner_isspace(end[-1]))
			end--;
		*end = '\0';
		while (scanner_isspace(*item))
			item++;
		items = lappend(items, item);
	}
	return items;
}

/*
 * Returns the items of a list that are not empty.
 */
List *
setting_text_list(const char *text)
{
	List	   *items = NIL;
	ListCell   *cell;

	foreach(cell, setting_text_split(text))
	{
		if (*(char *) lfirst(cell) != '\0')
			items = lappend(items, lfirst(cell));
	}
	return items;
}

/*
 * Reads a list of versions.  Returns false if one of them is none; else
 * *versions is a list of palloc'd int64.
 */
bool
setting_text_versions(const char *text, List **versions)
{
	ListCell   *cell;

	*versions = NIL;
	foreach(cell, setting_text_list(text))
	{
		int64	   *version = palloc(sizeof(int64));

		if (!setting_text_bigint(lfirst(cell), version) || *version < 1)
			return false;
		*versions = lappend(*versions, version);
	}
	return true;
}

/*
 * Is JSON text nested no deeper than variables can be?  The server's parser
 * raises an error for text that is nested too deeply, and a check hook must
 * not.
 */
bool
setting_text_is_shallow(const char *json)
{
	int			depth = 0;
	bool		in_string = false;

	for (; *json != '\0'; json++)
	{
		if (in_string && *json == '\\' && json[1] != '\0')
			json++;
		else if (*json == '"')
			in_string = !in_string;
		else if (!in_string && (*json == '{' || *json == '['))
			depth++;
		else if (!in_string && (*json == '}' || *json == ']'))
			depth--;
		if (depth > VARIABLES_DEPTH_MAX)
			return false;
	}
	return true;
}
