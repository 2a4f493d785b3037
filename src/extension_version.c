/*-------------------------------------------------------------------------
 *
 * extension_version.c
 *	  The extension in this database: where it is, and whether it and the
 *	  library belong together.
 *
 * A new version brings a library and a script.  Between the installation of
 * the one and ALTER EXTENSION UPDATE they differ: a new session loads the new
 * library and finds the functions of the old script; a session that was there
 * before keeps the old library, and may find the functions of the new script.
 * Each call is refused until the two are the same again.
 *
 * The version is looked up anew in each call, since nothing tells a session
 * that it has changed: that is one row by a unique index.
 *
 * A function that the library lacks never gets here: the server finds no symbol
 * to call, and says so.  Hence two rules for those who make a new version: a
 * symbol is never given other arguments, as a call may read them before it
 * comes here; and a function that the script drops keeps its symbol for one
 * version more.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "extension_version.h"

/*
 * Finds the extension in this database: the schema that it is in, InvalidOid if
 * it is not there, and its version, palloc'd, if asked for.
 */
static Oid
find_extension(char **version)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("gooseplus"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL,
							  1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(extensions),
										 &isnull);

		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
		if (version != NULL && !isnull)
			*version = TextDatumGetCString(value);
	}
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return schema;
}

/*
 * Returns the name of the schema that the extension is in, palloc'd; NULL if
 * it is not there.
 */
char *
extension_schema(void)
{
	Oid			schema = find_extension(NULL);

	return OidIsValid(schema) ? get_namespace_name(schema) : NULL;
}

/*
 * Is the version a later one than that of the library?  Numbers separated by
 * dots are compared one by one; one that is missing counts as 0.
 */
static bool
is_later(const char *version)
{
	const char *library = GOOSEPLUS_VERSION;

	while (*version != '\0' || *library != '\0')
	{
		char	   *version_end;
		char	   *library_end;
		unsigned long version_part = strtoul(version, &version_end, 10);
		unsigned long library_part = strtoul(library, &library_end, 10);

		if (version_part != library_part)
			return version_part > library_part;
		version = version_end + strcspn(version_end, "0123456789");
		library = library_end + strcspn(library_end, "0123456789");
	}
	return false;
}

/*
 * Raises an error if the library is of another version than the extension in
 * this database.  Says nothing where there is no extension, for functions that
 * somebody made by hand, and while a script of the extension runs: the version
 * in the catalog is then that of a step on the way.
 */
void
extension_version_check(void)
{
	char	   *version = NULL;

	if (creating_extension)
		return;
	(void) find_extension(&version);
	if (version != NULL && strcmp(version, GOOSEPLUS_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library and extension \"gooseplus\" are of different versions"),
				 errdetail("The library that this session has loaded is of version %s, the extension in this database of version %s.",
						   GOOSEPLUS_VERSION, version),
				 is_later(version) ?
				 errhint("Install the library of version %s and connect anew; where it is preloaded, restart the server.",
						 version) :
				 errhint("Run ALTER EXTENSION gooseplus UPDATE.")));
	if (version != NULL)
		pfree(version);
}
