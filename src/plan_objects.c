/*-------------------------------------------------------------------------
 *
 * plan_objects.c
 *	  What the commands of a plan, which do not run, would have made so far.
 *
 * A table that the plan itself creates is empty and nobody waits for it, so
 * what is said of dangers needs to know which tables are such (plan_names.c).
 * A constraint that the plan has added and validated, and a value that it has
 * added to an enum type, count too.  The commands are seen in their parse
 * trees, in their order.  What functions and DO blocks would do is not seen.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_enum.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "plan_names.h"
#include "plan_objects.h"

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
	PlanNames  *names;
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

	objects->names = plan_names_create();
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
 * Returns the relation that a command of the plan means and that was there
 * before the plan; InvalidOid if it is new, or not known.
 */
Oid
plan_objects_find(const PlanObjects *objects, const RangeVar *name)
{
	return plan_names_find(objects->names, name);
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

/*
 * Notes what a command would make, as if it had run.
 */
void
plan_objects_note(PlanObjects *objects, const Node *node)
{
	MemoryContext context = MemoryContextSwitchTo(objects->context);

	if (IsA(node, AlterTableStmt))
		note_alter_table(objects, (const AlterTableStmt *) node);
	else if (IsA(node, AlterEnumStmt))
		note_value(objects, (const AlterEnumStmt *) node);
	else
		plan_names_note(objects->names, node);
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
