/*-------------------------------------------------------------------------
 *
 * source_bundle.c
 *	  Migrations in a table of the database: what embedded files are to goose.
 *
 * A bundle is a set of rows of the extension's table gooseplus_bundle, one a
 * file.  The path of a file is the one it would have below the directory:
 * "base/00001_init.sql", or "00001_init.sql" for the root itself.
 *
 * Rows are written by SQL functions of the extension; only the snapshot of a
 * directory needs C.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "encoding.h"
#include "filename.h"
#include "query_table.h"
#include "source_bundle.h"
#include "trust.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* A bundle, and what reading from it needs. */
typedef struct Bundle
{
	const char *name;
	const TrustedTable *table;
	SourceSet  *set;
	const List *environments;
	bool	   *found;			/* by position in the environments */
	List	   *folders;		/* of char *: all environments there are */
	bool		exists;
	bool		has_migrations; /* outside of folders */
} Bundle;

/*
 * Adds a name to a list unless it is its last one: paths come in order.
 */
static void
add_folder(Bundle *bundle, const char *folder)
{
	if (bundle->folders == NIL || strcmp(llast(bundle->folders), folder) != 0)
		bundle->folders = lappend(bundle->folders, pstrdup(folder));
}

/*
 * QueryRow: receives the text of a file.
 */
static void
receive_body(void *arg, TupleTableSlot *row)
{
	bool		isnull;

	*(char **) arg = TextDatumGetCString(query_value(row, 1, &isnull));
}

/*
 * SourceRead: returns the text of a file of a bundle.
 */
static char *
bundle_read(const Source *source, size_t *length)
{
	const Bundle *bundle = source->origin;
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(bundle->name), CStringGetTextDatum(source->label)
	};
	char	   *body = NULL;

	query_table_run(bundle->table->relation,
					psprintf("SELECT b.body FROM %s b WHERE b.bundle" EQUALS "$1"
							 " AND b.path" EQUALS "$2", bundle->table->name),
					2, types, values, receive_body, &body);
	if (body == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("file \"%s\" is gone from bundle \"%s\"",
						source->label, bundle->name)));
	body = encoding_from_server(body, strlen(body));
	*length = strlen(body);
	return body;
}

/*
 * QueryRow: adds a file to the set if it is a migration of one of the
 * environments.
 */
static void
receive_path(void *arg, TupleTableSlot *row)
{
	Bundle	   *bundle = arg;
	bool		isnull;
	char	   *path = TextDatumGetCString(query_value(row, 1, &isnull));
	char	   *slash = strchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char	   *folder = slash ? pnstrdup(path, slash - path) : pstrdup("");
	int64		version;
	ListCell   *cell;

	bundle->exists = true;
	if (folder[0] != '\0')
		add_folder(bundle, folder);
	else if (filename_version(name, &version))
		bundle->has_migrations = true;
	foreach(cell, bundle->environments)
	{
		Source	   *source;

		if (strcmp(lfirst(cell), folder) != 0)
			continue;
		bundle->found[foreach_current_index(cell)] = true;
		if (filename_version(name, &version))
		{
			source = source_set_add(bundle->set);
			source->version = version;
		}
		else if (filename_is_repeatable(name))
			source = source_set_add_repeatable(bundle->set);
		else
			break;
		source->type = "sql";
		source->environment = lfirst(cell);
		source->label = path;
		source->name = name;
		source->read = bundle_read;
		source->origin = bundle;
		break;
	}
}

/* Returns names in quotes, separated by commas, palloc'd. */
static char *
quote_names(const List *names)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, names)
		appendStringInfo(&text, "%s\"%s\"", text.len > 0 ? ", " : "",
						 (char *) lfirst(cell));
	return text.data;
}

/*
 * Adds the migrations of the environments to the set, from the bundle that
 * the settings name.  All is allocated in the current context.  Errors: there
 * is no such bundle, or the caller may not read it.  An environment without
 * files is a warning if "missing_ok", else an error.
 */
void
source_bundle_collect(SourceSet *set, const Settings *settings,
					  const List *environments, bool missing_ok)
{
	Bundle	   *bundle = palloc0(sizeof(Bundle));
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(settings->bundle);
	ListCell   *cell;

	bundle->name = settings->bundle;
	bundle->table = trust_find_own_table("gooseplus_bundle", AccessShareLock,
										 ACL_SELECT, NULL);
	bundle->set = set;
	bundle->environments = environments;
	bundle->found = palloc0(list_length(environments) * sizeof(bool));
	query_table_run(bundle->table->relation,
					psprintf("SELECT b.path FROM %s b WHERE b.bundle" EQUALS "$1"
							 " ORDER BY b.path COLLATE pg_catalog.\"C\"", bundle->table->name),
					1, &type, &value, receive_path, bundle);
	if (!bundle->exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("bundle \"%s\" does not exist", bundle->name),
				 errhint("Fill it with gooseplus_bundle_put or gooseplus_bundle_load.")));
	foreach(cell, environments)
	{
		const char *environment = lfirst(cell);

		if (!bundle->found[foreach_current_index(cell)] &&
			environment[0] != '\0')
			source_missing_environment(set, environment,
									   psprintf("bundle \"%s\"", bundle->name),
									   quote_names(bundle->folders),
									   bundle->has_migrations &&
									   strcmp(environment, settings->base_environment) == 0,
									   missing_ok ? WARNING : ERROR);
	}
}
