/*-------------------------------------------------------------------------
 *
 * trust.c
 *	  Whose relations may be used with the caller's rights.
 *
 * The tables that gooseplus keeps are found by name, in a schema where others
 * may be able to create objects, too.  A view runs functions when it is read,
 * and a table runs those of its triggers when it is written, all with the
 * caller's rights.  So a relation is refused, before it is used, unless it and
 * everything that it would run belongs to somebody who could act for the
 * caller anyway: the caller, a role that the caller is a member of, the
 * owner of the database or a superuser.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "extension_version.h"
#include "query.h"
#include "report.h"
#include "trust.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/*
 * The relations that a relation leads to: its inheritance children, and what
 * it reads or writes if it is a view.
 */
#define REACHED_RELATIONS \
	"WITH RECURSIVE reached(oid) AS (" \
	" SELECT $1" \
	" UNION" \
	" SELECT step.oid FROM reached r, LATERAL (" \
	"  SELECT i.inhrelid FROM pg_catalog.pg_inherits i" \
	"   WHERE i.inhparent" EQUALS "r.oid" \
	"  UNION ALL" \
	"  SELECT d.refobjid FROM pg_catalog.pg_rewrite w" \
	"   JOIN pg_catalog.pg_depend d" \
	"    ON d.classid" EQUALS "'pg_catalog.pg_rewrite'::pg_catalog.regclass" \
	"    AND d.objid" EQUALS "w.oid" \
	"    AND d.refclassid" EQUALS "'pg_catalog.pg_class'::pg_catalog.regclass" \
	"   WHERE w.ev_class" EQUALS "r.oid) step(oid)) "

static const char lock_query[] =
REACHED_RELATIONS
"SELECT r.oid FROM reached r";

static const char owner_query[] =
REACHED_RELATIONS
"SELECT 'relation ' OPERATOR(pg_catalog.||)"
" r.oid::pg_catalog.regclass::pg_catalog.text, c.relowner"
" FROM reached r JOIN pg_catalog.pg_class c ON c.oid" EQUALS "r.oid "
"UNION ALL "
"SELECT 'trigger function ' OPERATOR(pg_catalog.||)"
" p.oid::pg_catalog.regprocedure::pg_catalog.text, p.proowner"
" FROM reached r"
" JOIN pg_catalog.pg_trigger t ON t.tgrelid" EQUALS "r.oid"
" JOIN pg_catalog.pg_proc p ON p.oid" EQUALS "t.tgfoid";

static const char writer_query[] =
REACHED_RELATIONS
"SELECT DISTINCT a.grantee FROM reached r, LATERAL ("
" SELECT c.relacl FROM pg_catalog.pg_class c WHERE c.oid" EQUALS "r.oid"
" UNION ALL"
" SELECT t.attacl FROM pg_catalog.pg_attribute t WHERE t.attrelid" EQUALS "r.oid"
") rights(acl), LATERAL pg_catalog.aclexplode(acl) a"
" WHERE a.privilege_type" EQUALS "'INSERT' OR a.privilege_type" EQUALS "'UPDATE'";

/*
 * Returns the role that owns the current database.
 */
static Oid
database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * May code of this owner run with the caller's rights?  A superuser is a
 * member of every role, so membership is asked without that shortcut.
 */
static bool
is_trusted(Oid owner)
{
	return superuser_arg(owner) ||
		owner == ROLE_PG_DATABASE_OWNER ||
		owner == database_owner() ||
		is_member_of_role_nosuper(GetUserId(), owner);
}

/*
 * QueryRow: locks a relation.
 */
static void
lock_reached(void *arg, TupleTableSlot *row)
{
	LOCKMODE	mode = *(LOCKMODE *) arg;
	bool		isnull;
	Oid			relation = DatumGetObjectId(query_value(row, 1, &isnull));

	/* catalogs are reached through views, and nobody can change them */
	if (relation >= FirstNormalObjectId)
		LockRelationOid(relation, mode);
}

/*
 * QueryRow: raises an error unless the object's owner can be trusted.
 */
static void
check_owner(void *arg, TupleTableSlot *row)
{
	const char *name = arg;
	bool		isnull;
	Oid			owner;

	owner = DatumGetObjectId(query_value(row, 2, &isnull));
	if (is_trusted(owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("table %s cannot be trusted", name),
			 errdetail("It would run code of role \"%s\", which owns %s, with the rights of role \"%s\".",
					   GetUserNameFromId(owner, true),
					   TextDatumGetCString(query_value(row, 1, &isnull)),
					   GetUserNameFromId(GetUserId(), false)),
			 superuser() ?
			 errhint("Use SET ROLE %s before the call, change the owner, or name another table in \"gooseplus.version_table\".",
					 quote_identifier(GetUserNameFromId(owner, true))) :
			 errhint("Call as a member of role \"%s\", change the owner, or name another table in \"gooseplus.version_table\".",
					 GetUserNameFromId(owner, true))));
}

/*
 * QueryRow: raises an error unless the role can be trusted.
 */
static void
check_writer(void *arg, TupleTableSlot *row)
{
	const char *name = arg;
	bool		isnull;
	Oid			writer;

	writer = DatumGetObjectId(query_value(row, 1, &isnull));
	if (OidIsValid(writer) && is_trusted(writer))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("statements in table %s cannot be trusted", name),
			 errdetail("%s may write to the table, and they would run with the rights of role \"%s\".",
					   OidIsValid(writer) ?
					   psprintf("Role \"%s\"", GetUserNameFromId(writer, true)) :
					   "Everybody",
					   GetUserNameFromId(GetUserId(), false)),
			 errhint("Bring the file of the migration back, or take the right away: REVOKE INSERT, UPDATE ON %s FROM %s.",
					 name, OidIsValid(writer) ?
					 quote_identifier(GetUserNameFromId(writer, true)) :
					 "PUBLIC")));
}

/*
 * Raises an error unless all who may write to a table could act for the
 * caller anyway.
 */
void
trust_check_writers(const TrustedTable *table)
{
	Oid			type = OIDOID;
	Datum		value = ObjectIdGetDatum(table->relation);

	query_run(writer_query, SPI_OK_SELECT, 1, &type, &value,
			  check_writer, table->name);
}

/*
 * Returns the schema where an unqualified table is found or created: as
 * current_schema() says.
 */
static char *
current_schema_name(const char *table)
{
	List	   *path = fetch_search_path(false);
	char	   *schema = path == NIL ? NULL :
	get_namespace_name(linitial_oid(path));

	list_free(path);
	if (schema == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("no schema has been selected for the version table \"%s\"",
						table),
				 errhint("Set \"search_path\", or name the schema in \"gooseplus.version_table\".")));
	return schema;
}

/*
 * Returns the owner of a relation that is locked; *alone tells whether it is a
 * table that runs nothing and leads to no other relation.  It may well do so
 * if its row in the catalog says that it might, which can be out of date.
 */
static Oid
relation_owner(Oid relation, bool *alone)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Form_pg_class row;
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	row = (Form_pg_class) GETSTRUCT(tuple);
	owner = row->relowner;
	*alone = row->relkind == RELKIND_RELATION && !row->relhassubclass &&
		!row->relhasrules && !row->relhastriggers;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Finds a table and locks it in the mode for the transaction.  Returns it,
 * palloc'd, with an invalid relation if there is none.  Errors: the name is
 * too long, the schema does not exist or the caller may not use it, or the
 * table cannot be trusted.  What is trusted stays so: with a lock of
 * RowExclusiveLock or stronger nobody can add a trigger meanwhile.  But its
 * name may change: use query_table_run().
 */
static TrustedTable *
find_table(char *schema, const char *table, LOCKMODE mode)
{
	TrustedTable *found = palloc(sizeof(TrustedTable));
	Oid			type = OIDOID;
	Datum		value;
	Oid			owner;
	bool		alone;

	found->schema = schema;
	found->name = quote_qualified_identifier(schema, table);
	if (strlen(table) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name of table %s is too long", found->name),
				 errhint("Choose a shorter name in \"gooseplus.version_table\".")));
	if (!OidIsValid(get_namespace_oid(schema, true)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", schema),
				 errhint("Create it, or name another schema in \"gooseplus.version_table\".")));
	found->relation = RangeVarGetRelid(makeRangeVar(schema, pstrdup(table), -1),
									   mode, true);
	if (!OidIsValid(found->relation))
		return found;
	owner = relation_owner(found->relation, &alone);
	if (alone && is_trusted(owner))
		return found;			/* the usual case: much sooner than queries */
	value = ObjectIdGetDatum(found->relation);
	query_run(lock_query, SPI_OK_SELECT, 1, &type, &value,
			  lock_reached, &mode);
	query_run(owner_query, SPI_OK_SELECT, 1, &type, &value,
			  check_owner, found->name);
	return found;
}

/*
 * Finds the version table, or that name with a suffix, where goose would look
 * for the version table: see find_table().
 */
TrustedTable *
trust_find_table(const Settings *settings, const char *suffix, LOCKMODE mode)
{
	const char *table = psprintf("%s%s",
								 (char *) llast(settings->version_table),
								 suffix);

	return find_table(list_length(settings->version_table) == 2 ?
					  linitial(settings->version_table) :
					  current_schema_name(table),
					  table, mode);
}

/*
 * QueryRow: receives a boolean.
 */
static void
receive_bool(void *arg, TupleTableSlot *row)
{
	bool		isnull;

	*(bool *) arg = DatumGetBool(query_value(row, 1, &isnull)) && !isnull;
}

/*
 * Raises an error unless the caller may create a table of ours.
 */
void
trust_check_create(const TrustedTable *table, const char *what,
				   const char *hint)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(table->schema);
	bool		allowed = false;

	query_run("SELECT pg_catalog.has_schema_privilege($1, 'CREATE')",
			  SPI_OK_SELECT, 1, &type, &value, receive_bool, &allowed);
	if (!allowed)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create the %s %s", what,
						table->name),
				 errhint("%s", hint)));
}

/*
 * Finds a table as trust_find_table() does, and has it created if there is
 * none; *created tells which.  Somebody else may create it meanwhile: goose's
 * Provider does so without taking the lock, and so may a run without one.
 * Then the table is theirs.  The table that is returned is there; an error is
 * raised if its schema has been given another name meanwhile.
 */
TrustedTable *
trust_ensure_table(const Settings *settings, const char *suffix,
				   LOCKMODE mode, void (*create) (void *table), bool *created)
{
	TrustedTable *table = trust_find_table(settings, suffix, mode);
	ErrorData  *error;

	*created = false;
	if (OidIsValid(table->relation))
		return table;
	error = report_try(create, table);
	if (error != NULL && error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION &&
		error->sqlerrcode != ERRCODE_DUPLICATE_TABLE &&
		error->sqlerrcode != ERRCODE_DUPLICATE_OBJECT)
		ReThrowError(error);
	*created = error == NULL;
	table = trust_find_table(settings, suffix, mode);
	if (!OidIsValid(table->relation) && error != NULL)
		ReThrowError(error);
	if (!OidIsValid(table->relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist any more", table->name),
				 errdetail("It has just been created, but its schema has another name by now.")));
	return table;
}

/*
 * Finds a table of the extension itself, wherever the extension is: see
 * find_table().  Its owner is returned, too, if asked for.  Errors: the caller
 * lacks one of the rights.
 */
TrustedTable *
trust_find_own_table(const char *table, LOCKMODE mode, AclMode rights,
					 Oid *owner)
{
	char	   *schema = extension_schema();
	TrustedTable *found = NULL;
	bool		alone;

	if (schema != NULL)
		found = find_table(schema, table, mode);
	if (found == NULL || !OidIsValid(found->relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of the extension gooseplus does not exist",
						table),
				 errhint("Use CREATE EXTENSION gooseplus.")));
	if (rights != ACL_NO_RIGHTS &&
		pg_class_aclmask(found->relation, GetUserId(), rights,
						 ACLMASK_ALL) != rights)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", found->name),
				 errhint("GRANT %s ON %s TO %s gives the right.",
						 rights == ACL_SELECT ? "SELECT" : "INSERT, UPDATE, DELETE",
						 found->name,
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
	if (owner != NULL)
		*owner = relation_owner(found->relation, &alone);
	return found;
}

/*
 * Raises an error unless a function may run with the caller's rights.
 */
void
trust_check_function(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	if (!is_trusted(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("registered function %s cannot be trusted",
						format_procedure_qualified(function)),
				 errdetail("It would run code of role \"%s\" with the rights of role \"%s\".",
						   GetUserNameFromId(owner, true),
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("Change its owner, or register another function.")));
}
