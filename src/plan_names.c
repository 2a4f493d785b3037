/*-------------------------------------------------------------------------
 *
 * plan_names.c
 *	  Which tables the names in the commands of a plan mean.
 *
 * The commands do not run, so a table that an earlier one creates is not
 * there, and one that is renamed still has its old name.  Here is what they
 * would have done to names, to tell tables that were there before the plan
 * from those that it makes.  Names mean what they mean with the search_path of
 * the call, as a SET in a file does not run.
 *
 * Nothing here locks a table: what is there already is found in the catalogs.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"

#include "plan_names.h"

/* The schema of temporary tables, whatever it is called. */
#define TEMPORARY "pg_temp"

/* A name that the plan has given to a table, or taken from it. */
typedef struct PlanName
{
	struct
	{
		char		schema[NAMEDATALEN];
		char		name[NAMEDATALEN];
	}			key;
	Oid			relation;		/* InvalidOid: one that is not there yet */
} PlanName;

struct PlanNames
{
	HTAB	   *names;			/* PlanName */
};

/*
 * Returns an empty set, allocated in the current context.
 */
PlanNames *
plan_names_create(void)
{
	PlanNames  *names = palloc(sizeof(PlanNames));
	HASHCTL		control = {0};

	control.keysize = sizeof(((PlanName *) NULL)->key);
	control.entrysize = sizeof(PlanName);
	control.hcxt = CurrentMemoryContext;
	names->names = hash_create("gooseplus plan", 64, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return names;
}

/*
 * Looks up, or enters, a name.  Returns NULL if it is to be looked up and the
 * plan has not given or taken it.
 */
static PlanName *
search_name(const PlanNames *names, const char *schema, const char *name,
			HASHACTION action)
{
	PlanName	key;
	bool		found;

	memset(&key, 0, sizeof(key));
	strlcpy(key.key.schema, schema, NAMEDATALEN);
	strlcpy(key.key.name, name, NAMEDATALEN);
	return hash_search(names->names, &key.key, action, &found);
}

/*
 * Returns the schemas of the search path, the temporary one left out; *count
 * of them.  (fetch_search_path() could create that one.)
 */
static Oid *
search_path(int *count)
{
	int			space = fetch_search_path_array(NULL, 0);
	Oid		   *schemas = palloc((space + 1) * sizeof(Oid));

	*count = Min(fetch_search_path_array(schemas, space), space);
	return schemas;
}

/*
 * Finds the relation with a name in one schema.  Returns false if there is
 * none; *relation is InvalidOid for one that only the plan has made.
 */
static bool
find_in_schema(const PlanNames *names, const char *schema,
			   const char *name, Oid *relation)
{
	const PlanName *entry = search_name(names, schema, name, HASH_FIND);
	Oid			oid;

	if (entry != NULL)
	{
		*relation = entry->relation;
		return true;
	}
	oid = get_namespace_oid(schema, true);
	*relation = OidIsValid(oid) ? get_relname_relid(name, oid) : InvalidOid;
	return OidIsValid(*relation);
}

/*
 * Returns the relation that a command of the plan means and that was there
 * before the plan; InvalidOid if it is new, or not known.
 */
Oid
plan_names_find(const PlanNames *names, const RangeVar *name)
{
	Oid			relation = InvalidOid;
	Oid		   *schemas;
	int			count;

	if (name->schemaname != NULL)
	{
		(void) find_in_schema(names, name->schemaname, name->relname,
							  &relation);
		return relation;
	}
	if (search_name(names, TEMPORARY, name->relname, HASH_FIND) != NULL)
		return InvalidOid;
	schemas = search_path(&count);
	for (int i = 0; i < count; i++)
	{
		const char *schema = get_namespace_name(schemas[i]);

		if (schema != NULL &&
			find_in_schema(names, schema, name->relname, &relation))
			break;
	}
	pfree(schemas);
	return relation;
}

/* Returns the schema that a new table without one in its name gets. */
static const char *
creation_schema(const RangeVar *name)
{
	const char *result = NULL;
	Oid		   *schemas;
	int			count;

	if (name->relpersistence == RELPERSISTENCE_TEMP)
		return TEMPORARY;
	if (name->schemaname != NULL)
		return name->schemaname;
	schemas = search_path(&count);
	for (int i = 0; i < count && result == NULL; i++)
	{
		if (schemas[i] != PG_CATALOG_NAMESPACE)
			result = get_namespace_name(schemas[i]);
	}
	return result == NULL ? "" : result;
}

/*
 * Notes a new table, or one that is gone: what bears its name from now on was
 * not there before the plan.
 */
static void
note_new(PlanNames *names, const RangeVar *name, bool if_not_exists)
{
	if (if_not_exists && OidIsValid(plan_names_find(names, name)))
		return;
	search_name(names, creation_schema(name), name->relname,
				HASH_ENTER)->relation = InvalidOid;
}

/*
 * Returns the schema where a name stands or, if it stands nowhere, where a
 * new table would.
 */
static const char *
schema_of(const RangeVar *name, Oid relation)
{
	const char *schema = name->schemaname;

	if (schema == NULL && OidIsValid(relation))
		schema = get_namespace_name(get_rel_namespace(relation));
	return schema != NULL ? schema : creation_schema(name);
}

/*
 * Notes that a table has another name or schema; NULL: the old one.
 */
static void
note_moved(PlanNames *names, const RangeVar *old, const char *new_schema,
		   const char *new_name)
{
	Oid			relation = plan_names_find(names, old);
	const char *schema = schema_of(old, relation);

	search_name(names, schema, old->relname, HASH_ENTER)->relation = InvalidOid;
	search_name(names, new_schema != NULL ? new_schema : schema,
				new_name != NULL ? new_name : old->relname,
				HASH_ENTER)->relation = relation;
}

/* Notes the tables that CREATE SCHEMA creates, too. */
static void
note_schema(PlanNames *names, const CreateSchemaStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->schemaElts)
	{
		const CreateStmt *element = lfirst(cell);

		if (IsA(element, CreateStmt) && stmt->schemaname != NULL)
			search_name(names, stmt->schemaname, element->relation->relname,
						HASH_ENTER)->relation = InvalidOid;
	}
}

/* Notes that tables are gone. */
static void
note_drop(PlanNames *names, const DropStmt *stmt)
{
	ListCell   *cell;

	if (stmt->removeType != OBJECT_TABLE && stmt->removeType != OBJECT_MATVIEW)
		return;
	foreach(cell, stmt->objects)
	{
		const RangeVar *name = makeRangeVarFromNameList(lfirst(cell));

		search_name(names, schema_of(name, plan_names_find(names, name)),
					name->relname, HASH_ENTER)->relation = InvalidOid;
	}
}

/* Returns the table that SELECT INTO creates, or NULL. */
static const RangeVar *
select_into(const SelectStmt *stmt)
{
	while (stmt->op != SETOP_NONE)
		stmt = stmt->larg;
	return stmt->intoClause == NULL ? NULL : stmt->intoClause->rel;
}

/*
 * Notes what a command would do to names of tables, as if it had run.
 */
void
plan_names_note(PlanNames *names, const Node *node)
{
	const RangeVar *name;

	switch (nodeTag(node))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:	/* begins with a CreateStmt */
			note_new(names, ((const CreateStmt *) node)->relation,
					 ((const CreateStmt *) node)->if_not_exists);
			break;
		case T_CreateTableAsStmt:
			note_new(names, ((const CreateTableAsStmt *) node)->into->rel,
					 ((const CreateTableAsStmt *) node)->if_not_exists);
			break;
		case T_SelectStmt:
			name = select_into((const SelectStmt *) node);
			if (name != NULL)
				note_new(names, name, false);
			break;
		case T_CreateSchemaStmt:
			note_schema(names, (const CreateSchemaStmt *) node);
			break;
		case T_DropStmt:
			note_drop(names, (const DropStmt *) node);
			break;
		case T_RenameStmt:
			if (((const RenameStmt *) node)->renameType == OBJECT_TABLE ||
				((const RenameStmt *) node)->renameType == OBJECT_MATVIEW)
				note_moved(names, ((const RenameStmt *) node)->relation,
						   NULL, ((const RenameStmt *) node)->newname);
			break;
		case T_AlterObjectSchemaStmt:
			if (((const AlterObjectSchemaStmt *) node)->relation != NULL)
				note_moved(names,
						   ((const AlterObjectSchemaStmt *) node)->relation,
						   ((const AlterObjectSchemaStmt *) node)->newschema,
						   NULL);
			break;
		default:
			break;
	}
}
