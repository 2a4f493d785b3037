/*-------------------------------------------------------------------------
 *
 * bundle.c
 *	  Takes a snapshot of a directory into a bundle.
 *
 * Running from a bundle is not here (see source_bundle.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "bundle.h"
#include "check.h"
#include "encoding.h"
#include "query_table.h"
#include "source_directory.h"
#include "trust.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/*
 * Reads a file and inserts its row.
 */
static void
insert_file(const TrustedTable *table, const char *bundle, const Source *source)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID};
	Migration	migration = {0};
	List	   *problems = NIL;
	Datum		values[3];
	char	   *body;

	migration.source = source;
	if (!check_read(&migration, &problems))
		problem_raise(problems);
	body = encoding_to_server(migration.text, migration.length);
	values[0] = CStringGetTextDatum(bundle);
	values[1] = CStringGetTextDatum(source->label);
	values[2] = CStringGetTextDatum(body);
	query_table_run(table->relation,
					psprintf("INSERT INTO %s (bundle, path, body) VALUES ($1, $2, $3)",
							 table->name),
					3, types, values, NULL, NULL);
}

/*
 * Makes the bundle a snapshot of the SQL files of a directory and its folders;
 * what it held before is gone.  Returns the number of files.  Errors: the
 * caller may not read files of the server or not write bundles; a file cannot
 * be read or used in this database.
 */
int64
bundle_load(const char *bundle, const char *directory)
{
	SourceSet  *set = source_set_create();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "gooseplus bundle",
												  ALLOCSET_DEFAULT_SIZES);
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(bundle);
	TrustedTable *table;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to load a bundle from a directory of the server"),
				 errdetail("Only roles with privileges of the \"%s\" role may read files of the server.",
						   "pg_read_server_files"),
				 errhint("gooseplus_bundle_put takes files from the client.")));
	if (bundle[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a bundle must have a name")));
	source_directory_files(set, directory);
	table = trust_find_own_table("gooseplus_bundle", RowExclusiveLock,
								 ACL_INSERT | ACL_DELETE, NULL);
	query_table_run(table->relation,
					psprintf("DELETE FROM %s b WHERE b.bundle" EQUALS "$1",
							 table->name),
					1, &type, &value, NULL, NULL);
	for (size_t i = 0; i < set->nitems; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		insert_file(table, bundle, &set->items[i]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return set->nitems;
}
