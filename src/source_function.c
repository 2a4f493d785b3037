/*-------------------------------------------------------------------------
 *
 * source_function.c
 *	  Database functions registered as migrations: what Go migrations are to
 *	  goose.
 *
 * A row of the extension's table gooseplus_function names the functions of a
 * version's Up and Down part, in the environment that it belongs to.  When
 * the migration is read it becomes a script that calls them, so that it is
 * checked, run and reported like a file.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "encoding.h"
#include "query_scan.h"
#include "query_table.h"
#include "source_function.h"
#include "trust.h"

#define TABLE "gooseplus_function"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* What a registered migration calls. */
typedef struct Registered
{
	const char *up;				/* signatures, or NULL */
	const char *down;
	Oid			up_function;	/* what they meant when they were read */
	Oid			down_function;
} Registered;

typedef struct Collecting
{
	SourceSet  *set;
	const List *environments;
} Collecting;

/*
 * Returns a copy of a text column, or NULL.
 */
static char *
column_text(TupleTableSlot *row, int column)
{
	bool		isnull;
	Datum		value = query_value(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * QueryRow: receives an OID, which may be null.
 */
static void
receive_oid(void *arg, TupleTableSlot *row)
{
	bool		isnull;
	Datum		value = query_value(row, 1, &isnull);

	*(Oid *) arg = isnull ? InvalidOid : DatumGetObjectId(value);
}

/*
 * Returns the function with a signature, InvalidOid if there is none.
 */
static Oid
find_function(const char *signature)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(signature);
	Oid			function = InvalidOid;

	query_run("SELECT pg_catalog.to_regprocedure($1)::pg_catalog.oid",
			  SPI_OK_SELECT, 1, &type, &value, receive_oid, &function);
	return function;
}

/* Is it a procedure? */
static bool
is_procedure(Oid function)
{
	return OidIsValid(function) &&
		get_func_prokind(function) == PROKIND_PROCEDURE;
}

/*
 * Adds the call of a function to a script, unless there is none, and returns
 * the function.  It is locked, so that nobody can drop it or give it another
 * owner before it runs.  Errors: it is gone, or must not run with the
 * caller's rights.
 */
static Oid
add_call(StringInfo script, const char *signature)
{
	Oid			function;
	char	   *name;

	if (signature == NULL)
		return InvalidOid;
	function = find_function(signature);
	if (OidIsValid(function))
	{
		LockDatabaseObject(ProcedureRelationId, function, 0, AccessShareLock);
		function = find_function(signature);
	}
	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("registered function %s does not exist", signature),
				 errhint("Create it again, or register another one with gooseplus_register.")));
	trust_check_function(function);
	name = quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
									  get_func_name(function));
	appendStringInfo(script,
					 "-- +goose StatementBegin\n"
					 "%s %s();\n"
					 "-- +goose StatementEnd\n",
					 is_procedure(function) ? "CALL" : "SELECT", name);
	return function;
}

/*
 * SourceCalled: the functions that were checked.  Their names can come to mean
 * others before they are called, as a schema can be given another name.
 */
static Oid
function_called(const Source *source, bool up)
{
	const Registered *registered = source->origin;

	return up ? registered->up_function : registered->down_function;
}

/*
 * SourceRead: returns the script that calls the functions.
 */
static char *
function_read(const Source *source, size_t *length)
{
	Registered *registered = source->origin;
	StringInfoData script;
	char	   *text;

	initStringInfo(&script);
	appendStringInfoString(&script, "-- +goose Up\n");
	registered->up_function = add_call(&script, registered->up);
	appendStringInfoString(&script, "-- +goose Down\n");
	registered->down_function = add_call(&script, registered->down);
	/* a procedure may commit, so it runs where it can: a Go migration would */
	if (is_procedure(registered->up_function) ||
		is_procedure(registered->down_function))
		appendStringInfoString(&script, "-- +goose NO TRANSACTION\n");
	text = encoding_from_server(script.data, script.len);
	*length = strlen(text);
	return text;
}

/*
 * QueryRow: adds a registered migration to the set if its environment is
 * wanted.
 */
static void
receive_function(void *arg, TupleTableSlot *row)
{
	Collecting *collecting = arg;
	char	   *environment = column_text(row, 2);
	bool		isnull;
	Registered *registered;
	Source	   *source;
	ListCell   *cell;

	foreach(cell, collecting->environments)
	{
		if (strcmp(lfirst(cell), environment) == 0)
			break;
	}
	if (cell == NULL && collecting->environments != NIL)
		return;
	registered = palloc0(sizeof(Registered));
	registered->up = column_text(row, 4);
	registered->down = column_text(row, 5);
	source = source_set_add(collecting->set);
	source->version = DatumGetInt64(query_value(row, 1, &isnull));
	source->type = "function";
	source->environment = environment;
	source->name = psprintf("%05lld_%s", (long long) source->version,
							column_text(row, 3));
	source->label = environment[0] == '\0' ? source->name :
		psprintf("%s/%s", environment, source->name);
	source->read = function_read;
	source->called = function_called;
	source->origin = registered;
}

/*
 * Adds the registered functions of the environments (NIL: of all there are) to
 * the set.  All is allocated in the current context.  The table is read with
 * its owner's rights: which functions are migrations is no secret, and a run
 * that left them out because of a missing right would be a wrong one.
 */
void
source_function_collect(SourceSet *set, const List *environments)
{
	static const QueryColumn columns[] = {
		{"version", INT8OID},
		{"environment", TEXTOID},
		{"name", TEXTOID},
		{"up", TEXTOID},
		{"down", TEXTOID}
	};
	Collecting	collecting = {.set = set,.environments = environments};
	Oid			owner;
	TrustedTable *table = trust_find_own_table(TABLE, AccessShareLock, ACL_NO_RIGHTS,
											   &owner);
	Oid			caller;
	int			context;

	GetUserIdAndSecContext(&caller, &context);
	SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	query_scan(table->relation, table->name, columns, lengthof(columns),
			   receive_function, &collecting);
	SetUserIdAndSecContext(caller, context);
}

/*
 * Returns the signature of a function without arguments, palloc'd, with its
 * schema; NULL for InvalidOid.
 */
static char *
callable_signature(Oid function)
{
	HeapTuple	tuple;
	Form_pg_proc proc;

	if (!OidIsValid(function))
		return NULL;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", function)));
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->pronargs > 0 ||
		(proc->prokind == PROKIND_PROCEDURE &&
		 !heap_attisnull(tuple, Anum_pg_proc_proallargtypes, NULL)) ||
		proc->prorettype == TRIGGEROID ||
		proc->prorettype == EVENT_TRIGGEROID ||
		strchr(NameStr(proc->proname), '\n') != NULL ||
		(proc->prokind != PROKIND_FUNCTION &&
		 proc->prokind != PROKIND_PROCEDURE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
				 errmsg("%s cannot be a migration",
						format_procedure_qualified(function)),
				 errdetail("A migration is a function or procedure without arguments.")));
	ReleaseSysCache(tuple);
	return format_procedure_qualified(function);
}

/*
 * Registers functions as the Up and Down part of a version; InvalidOid: the
 * part does nothing.  Errors: the version is invalid or taken, a function
 * needs arguments, the caller may not write the table.
 */
void
source_function_register(int64 version, Oid up, Oid down, const char *name,
						 const char *environment)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	const char *up_signature = callable_signature(up);
	const char *down_signature = callable_signature(down);
	TrustedTable *table = trust_find_own_table(TABLE, RowExclusiveLock, ACL_INSERT,
											   NULL);
	Datum		values[5];

	if (version < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid version: " INT64_FORMAT, version),
				 errdetail("The version must be at least 1.")));
	if (name == NULL && !OidIsValid(up) && !OidIsValid(down))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a migration without functions needs a name")));
	if (name == NULL)
		name = get_func_name(OidIsValid(up) ? up : down);
	values[0] = Int64GetDatum(version);
	values[1] = CStringGetTextDatum(environment);
	values[2] = CStringGetTextDatum(name);
	values[3] = CStringGetTextDatum(up_signature ? up_signature : "");
	values[4] = CStringGetTextDatum(down_signature ? down_signature : "");
	if (query_table_run(table->relation,
						psprintf("INSERT INTO %s (version, environment, name, up, down)"
								 " VALUES ($1, $2, $3,"
								 " CASE WHEN $4 OPERATOR(pg_catalog.<>) '' THEN $4 END,"
								 " CASE WHEN $5 OPERATOR(pg_catalog.<>) '' THEN $5 END)"
								 " ON CONFLICT DO NOTHING", table->name),
						5, types, values, NULL, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("version " INT64_FORMAT " is registered already in environment \"%s\"",
						version, environment),
				 errhint("Use gooseplus_unregister first.")));
}

/*
 * Takes back source_function_register().  Returns whether there was anything
 * to take back.
 */
bool
source_function_unregister(int64 version, const char *environment)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[] = {
		Int64GetDatum(version), CStringGetTextDatum(environment)
	};
	TrustedTable *table = trust_find_own_table(TABLE, RowExclusiveLock,
											   ACL_DELETE, NULL);

	return query_table_run(table->relation,
						   psprintf("DELETE FROM %s f"
									" WHERE f.version" EQUALS "$1"
									" AND f.environment" EQUALS "$2", table->name),
						   2, types, values, NULL, NULL) > 0;
}
