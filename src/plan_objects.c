/*-------------------------------------------------------------------------
 *
 * plan_objects.c
 *	  What the commands of a plan, which do not run, would have made so far.
 *
 * A table that the plan itself creates is empty and nobody waits for it, so
 * what is said of dangers needs to know which tables are such.  A constraint
 * that the plan has added and validated, and a value that it has added to an
 * enum type, count too.  The commands are seen in their parse trees, in their
 * order; names mean what they mean with the search_path of the call, as a SET
 * in a file does not run.  What functions and DO blocks would do is not seen.
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
#include "catalog/pg_enum.h"
#include "catalog/pg_namespace.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "plan_objects.h"

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

/* A constraint that the plan has added, or validated. */
typedef struct PlanConstraint
{
	Oid			table;
	const char *name;			/* or NULL */
	List	   *columns;		/* it says that these are not null; strings */
	bool		valid;
	bool		older;			/* than the plan */
	int			migration;
	bool		transactional;
} PlanConstraint;

/* A value that the plan has added to an enum type that is there. */
typedef struct PlanValue
{
	Oid			type;
	const char *value;
	int			migration;
	bool		transactional;
} PlanValue;

struct PlanObjects
{
	HTAB	   *names;
	List	   *constraints;	/* PlanConstraint */
	List	   *values;			/* PlanValue */
	int			migration;		/* number of the one at hand */
	bool		transactional;
	MemoryContext context;
};

/*
 * Returns an empty set, allocated in the current context.
 */
PlanObjects *
plan_objects_create(void)
{
	PlanObjects *objects = palloc0(sizeof(PlanObjects));
	HASHCTL		control = {0};

	control.keysize = sizeof(((PlanName *) NULL)->key);
	control.entrysize = sizeof(PlanName);
	control.hcxt = CurrentMemoryContext;
	objects->names = hash_create("gooseplus plan", 64, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	objects->context = CurrentMemoryContext;
	return objects;
}

/*
 * The commands that follow are those of the next migration.
 */
void
plan_objects_begin(PlanObjects *objects, bool transactional)
{
	objects->migration++;
	objects->transactional = transactional;
}

/*
 * Looks up, or enters, a name.  Returns NULL if it is to be looked up and the
 * plan has not given or taken it.
 */
static PlanName *
search_name(const PlanObjects *objects, const char *schema, const char *name,
			HASHACTION action)
{
	PlanName	key;
	bool		found;

	memset(&key, 0, sizeof(key));
	strlcpy(key.key.schema, schema, NAMEDATALEN);
	strlcpy(key.key.name, name, NAMEDATALEN);
	return hash_search(objects->names, &key.key, action, &found);
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
find_in_schema(const PlanObjects *objects, const char *schema,
			   const char *name, Oid *relation)
{
	const PlanName *entry = search_name(objects, schema, name, HASH_FIND);
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
plan_objects_find(const PlanObjects *objects, const RangeVar *name)
{
	Oid			relation = InvalidOid;
	Oid		   *schemas;
	int			count;

	if (name->schemaname != NULL)
	{
		(void) find_in_schema(objects, name->schemaname, name->relname,
							  &relation);
		return relation;
	}
	if (search_name(objects, TEMPORARY, name->relname, HASH_FIND) != NULL)
		return InvalidOid;
	schemas = search_path(&count);
	for (int i = 0; i < count; i++)
	{
		const char *schema = get_namespace_name(schemas[i]);

		if (schema != NULL &&
			find_in_schema(objects, schema, name->relname, &relation))
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
note_new(PlanObjects *objects, const RangeVar *name, bool if_not_exists)
{
	if (if_not_exists && OidIsValid(plan_objects_find(objects, name)))
		return;
	search_name(objects, creation_schema(name), name->relname,
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
note_moved(PlanObjects *objects, const RangeVar *old, const char *new_schema,
		   const char *new_name)
{
	Oid			relation = plan_objects_find(objects, old);
	const char *schema = schema_of(old, relation);

	search_name(objects, schema, old->relname, HASH_ENTER)->relation = InvalidOid;
	search_name(objects, new_schema != NULL ? new_schema : schema,
				new_name != NULL ? new_name : old->relname,
				HASH_ENTER)->relation = relation;
}

/*
 * Adds the columns that a condition says are not null, as strings, to a list.
 */
static void
add_not_null_columns(const Node *condition, List **columns)
{
	const NullTest *test = (const NullTest *) condition;
	ListCell   *cell;

	if (IsA(condition, BoolExpr) &&
		((const BoolExpr *) condition)->boolop == AND_EXPR)
	{
		foreach(cell, ((const BoolExpr *) condition)->args)
			add_not_null_columns(lfirst(cell), columns);
	}
	else if (IsA(condition, NullTest) && test->nulltesttype == IS_NOT_NULL &&
			 IsA(test->arg, ColumnRef) &&
			 list_length(((const ColumnRef *) test->arg)->fields) == 1 &&
			 IsA(linitial(((const ColumnRef *) test->arg)->fields), String))
		*columns = lappend(*columns, pstrdup(strVal(linitial(((const ColumnRef *) test->arg)->fields))));
}

/* Notes a constraint of a table that is there. */
static void
note_constraint(PlanObjects *objects, Oid table, const Constraint *constraint)
{
	PlanConstraint *entry;

	if (constraint->contype != CONSTR_CHECK &&
		constraint->contype != CONSTR_FOREIGN &&
		constraint->contype != CONSTR_NOTNULL)
		return;
	entry = palloc0(sizeof(PlanConstraint));
	entry->table = table;
	entry->name = constraint->conname == NULL ? NULL :
		pstrdup(constraint->conname);
	if (constraint->contype == CONSTR_CHECK)
		add_not_null_columns(constraint->raw_expr, &entry->columns);
	entry->valid = !constraint->skip_validation;
	entry->migration = objects->migration;
	entry->transactional = objects->transactional;
	objects->constraints = lappend(objects->constraints, entry);
}

/* Returns the entry of a constraint that the plan has added, or NULL. */
static PlanConstraint *
find_constraint(const PlanObjects *objects, Oid table, const char *name)
{
	ListCell   *cell;

	foreach(cell, objects->constraints)
	{
		PlanConstraint *entry = lfirst(cell);

		if (entry->table == table && entry->name != NULL &&
			strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/* Notes that a constraint of the plan, or an older one, is valid now. */
static void
note_validation(PlanObjects *objects, Oid table, const char *name)
{
	PlanConstraint *entry = find_constraint(objects, table, name);

	if (entry == NULL)
	{
		entry = palloc0(sizeof(PlanConstraint));
		entry->table = table;
		entry->name = pstrdup(name);
		entry->older = true;
		objects->constraints = lappend(objects->constraints, entry);
	}
	entry->valid = true;
}

/* Notes constraints that come, go or become valid. */
static void
note_alter_table(PlanObjects *objects, const AlterTableStmt *stmt)
{
	Oid			table = plan_objects_find(objects, stmt->relation);
	ListCell   *cell;

	if (!OidIsValid(table))
		return;
	foreach(cell, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_AddConstraint)
			note_constraint(objects, table,
							castNode(Constraint, command->def));
		else if (command->subtype == AT_ValidateConstraint)
			note_validation(objects, table, command->name);
		else if (command->subtype == AT_DropConstraint)
			objects->constraints = list_delete_ptr(objects->constraints,
												   find_constraint(objects, table, command->name));
	}
}

/*
 * Notes a value that is new in a type that is there.  A type that the plan
 * creates can be used at once, if that is the same transaction.
 */
static void
note_value(PlanObjects *objects, const AlterEnumStmt *stmt)
{
	Oid			type = LookupTypeNameOid(NULL,
										 makeTypeNameFromNameList(stmt->typeName),
										 true);
	PlanValue  *entry;

	if (!OidIsValid(type) || stmt->oldVal != NULL ||
		SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
							  CStringGetDatum(stmt->newVal)))
		return;
	entry = palloc(sizeof(PlanValue));
	entry->type = type;
	entry->value = pstrdup(stmt->newVal);
	entry->migration = objects->migration;
	entry->transactional = objects->transactional;
	objects->values = lappend(objects->values, entry);
}

/* Notes the tables that CREATE SCHEMA creates, too. */
static void
note_schema(PlanObjects *objects, const CreateSchemaStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->schemaElts)
	{
		const CreateStmt *element = lfirst(cell);

		if (IsA(element, CreateStmt) && stmt->schemaname != NULL)
			search_name(objects, stmt->schemaname, element->relation->relname,
						HASH_ENTER)->relation = InvalidOid;
	}
}

/* Notes that tables are gone. */
static void
note_drop(PlanObjects *objects, const DropStmt *stmt)
{
	ListCell   *cell;

	if (stmt->removeType != OBJECT_TABLE && stmt->removeType != OBJECT_MATVIEW)
		return;
	foreach(cell, stmt->objects)
	{
		const RangeVar *name = makeRangeVarFromNameList(lfirst(cell));

		search_name(objects, schema_of(name, plan_objects_find(objects, name)),
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
 * Notes what a command would make, as if it had run.
 */
void
plan_objects_note(PlanObjects *objects, const Node *node)
{
	MemoryContext context = MemoryContextSwitchTo(objects->context);
	const RangeVar *name;

	switch (nodeTag(node))
	{
		case T_CreateStmt:
		case T_CreateForeignTableStmt:	/* begins with a CreateStmt */
			note_new(objects, ((const CreateStmt *) node)->relation,
					 ((const CreateStmt *) node)->if_not_exists);
			break;
		case T_CreateTableAsStmt:
			note_new(objects, ((const CreateTableAsStmt *) node)->into->rel,
					 ((const CreateTableAsStmt *) node)->if_not_exists);
			break;
		case T_SelectStmt:
			name = select_into((const SelectStmt *) node);
			if (name != NULL)
				note_new(objects, name, false);
			break;
		case T_CreateSchemaStmt:
			note_schema(objects, (const CreateSchemaStmt *) node);
			break;
		case T_DropStmt:
			note_drop(objects, (const DropStmt *) node);
			break;
		case T_RenameStmt:
			if (((const RenameStmt *) node)->renameType == OBJECT_TABLE ||
				((const RenameStmt *) node)->renameType == OBJECT_MATVIEW)
				note_moved(objects, ((const RenameStmt *) node)->relation,
						   NULL, ((const RenameStmt *) node)->newname);
			break;
		case T_AlterObjectSchemaStmt:
			if (((const AlterObjectSchemaStmt *) node)->relation != NULL)
				note_moved(objects,
						   ((const AlterObjectSchemaStmt *) node)->relation,
						   ((const AlterObjectSchemaStmt *) node)->newschema,
						   NULL);
			break;
		case T_AlterTableStmt:
			note_alter_table(objects, (const AlterTableStmt *) node);
			break;
		case T_AlterEnumStmt:
			note_value(objects, (const AlterEnumStmt *) node);
			break;
		default:
			break;
	}
	MemoryContextSwitchTo(context);
}

/*
 * When a deploy runs the plan: is what was made then committed by now?
 */
static PlanTime
time_of(const PlanObjects *objects, int migration, bool transactional)
{
	return transactional && migration == objects->migration ?
		PLAN_SAME_TRANSACTION : PLAN_EARLIER;
}

/* Says when the plan added a constraint to a table. */
PlanTime
plan_objects_constraint(const PlanObjects *objects, Oid table,
						const char *name)
{
	const PlanConstraint *entry = find_constraint(objects, table, name);

	return entry == NULL || entry->older ? PLAN_NOT_HERE :
		time_of(objects, entry->migration, entry->transactional);
}

/* Has the plan validated a constraint? */
bool
plan_objects_is_validated(const PlanObjects *objects, Oid table,
						  const char *name)
{
	const PlanConstraint *entry = find_constraint(objects, table, name);

	return entry != NULL && entry->valid;
}

/*
 * Has the plan added a constraint to a table that is valid and says that a
 * column is not null?
 */
bool
plan_objects_proves(const PlanObjects *objects, Oid table, const char *column)
{
	ListCell   *cell;

	foreach(cell, objects->constraints)
	{
		const PlanConstraint *entry = lfirst(cell);
		ListCell   *name;

		if (entry->table != table || !entry->valid)
			continue;
		foreach(name, entry->columns)
		{
			if (strcmp(lfirst(name), column) == 0)
				return true;
		}
	}
	return false;
}

/* Has the plan added values to enum types? */
bool
plan_objects_has_values(const PlanObjects *objects)
{
	return objects->values != NIL;
}

/* Says when the plan added a value to an enum type. */
PlanTime
plan_objects_value(const PlanObjects *objects, Oid type, const char *value)
{
	ListCell   *cell;

	foreach(cell, objects->values)
	{
		const PlanValue *entry = lfirst(cell);

		if (entry->type == type && strcmp(entry->value, value) == 0)
			return time_of(objects, entry->migration, entry->transactional);
	}
	return PLAN_NOT_HERE;
}
