/*-------------------------------------------------------------------------
 *
 * hazard_enums.c
 *	  Enum values that are used in the run that adds them.
 *
 * PostgreSQL refuses such a use until the transaction that has added the
 * value is committed.  Found are literals that the parse tree ties to the
 * type: casts, defaults of columns, and values that INSERT and UPDATE put into
 * columns of tables that are there.  Comparisons with a column are not, nor
 * what functions, arrays and variables hold.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "hazard.h"
#include "hazard_enums.h"

/* Arguments of the functions that walk through a parse tree. */
typedef struct EnumSearch
{
	const PlanObjects *objects;
	const Node *node;			/* the command */
	List	  **hazards;
	MemoryContext context;		/* of the hazards */
} EnumSearch;

/*
 * Adds a hazard if a literal is a value that the plan has added to the type.
 */
static void
check_literal(EnumSearch *search, const Node *literal, Oid type)
{
	const A_Const *constant = (const A_Const *) literal;
	const char *value;
	PlanTime	added;
	MemoryContext context;

	if (literal == NULL || !IsA(literal, A_Const) || constant->isnull ||
		!IsA(&constant->val, String) || !OidIsValid(type))
		return;
	value = constant->val.sval.sval;
	added = plan_objects_value(search->objects, type, value);
	if (added == PLAN_NOT_HERE)
		return;
	context = MemoryContextSwitchTo(search->context);
	hazard_add(search->hazards, constant->location,
			   psprintf("value '%s' of enum type %s is used in the %s that adds it",
						value, format_type_be(type),
						added == PLAN_SAME_TRANSACTION ? "migration" : "run"),
			   added == PLAN_SAME_TRANSACTION ?
			   "Use it in a later migration, and run both by CALL gooseplus_deploy, which commits each by itself." :
			   "Run it by CALL gooseplus_deploy, which commits each migration by itself.");
	MemoryContextSwitchTo(context);
}

/* Returns the type of that name, or InvalidOid. */
static Oid
type_named(const TypeName *name)
{
	return name == NULL ? InvalidOid : LookupTypeNameOid(NULL, name, true);
}

/* Returns the type of a column, or InvalidOid. */
static Oid
column_type(Oid table, const char *column)
{
	AttrNumber	number = OidIsValid(table) ? get_attnum(table, column) :
	InvalidAttrNumber;

	return number == InvalidAttrNumber ? InvalidOid :
		get_atttype(table, number);
}

/*
 * Returns the type of the n-th column, from 1, of those that are not dropped.
 */
static Oid
nth_column_type(Oid table, int n)
{
	HeapTuple	tuple;
	Oid			type = InvalidOid;

	for (AttrNumber i = 1; n > 0; i++)
	{
		tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table),
								Int16GetDatum(i));
		if (!HeapTupleIsValid(tuple))
			return InvalidOid;
		if (!((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped && --n == 0)
			type = ((Form_pg_attribute) GETSTRUCT(tuple))->atttypid;
		ReleaseSysCache(tuple);
	}
	return type;
}

/* Looks at the literals that VALUES puts into columns. */
static void
check_insert(EnumSearch *search, const InsertStmt *stmt)
{
	Oid			table = plan_objects_find(search->objects, stmt->relation);
	const SelectStmt *select = (const SelectStmt *) stmt->selectStmt;
	ListCell   *row;

	if (!OidIsValid(table) || select == NULL || !IsA(select, SelectStmt))
		return;
	foreach(row, select->valuesLists)
	{
		ListCell   *value;
		int			n = 0;

		foreach(value, lfirst_node(List, row))
		{
			if (IsA(lfirst(value), A_Const) && stmt->cols == NIL)
				check_literal(search, lfirst(value),
							  nth_column_type(table, n + 1));
			else if (IsA(lfirst(value), A_Const) && n < list_length(stmt->cols))
				check_literal(search, lfirst(value),
							  column_type(table,
										  list_nth_node(ResTarget, stmt->cols, n)->name));
			n++;
		}
	}
}

/* Looks at the literals that UPDATE puts into columns. */
static void
check_update(EnumSearch *search, const UpdateStmt *stmt)
{
	Oid			table = plan_objects_find(search->objects, stmt->relation);
	ListCell   *cell;

	foreach(cell, stmt->targetList)
	{
		const ResTarget *target = lfirst_node(ResTarget, cell);

		if (IsA(target->val, A_Const))
			check_literal(search, target->val,
						  column_type(table, target->name));
	}
}

/* raw_expression_tree_walker() callback: looks at queries and expressions. */
static bool
check_expression(Node *node, void *context)
{
	EnumSearch *search = context;

	if (node == NULL)
		return false;
	CHECK_FOR_INTERRUPTS();
	if (IsA(node, TypeCast))
		check_literal(search, ((TypeCast *) node)->arg,
					  type_named(((TypeCast *) node)->typeName));
	else if (IsA(node, InsertStmt))
		check_insert(search, (InsertStmt *) node);
	else if (IsA(node, UpdateStmt))
		check_update(search, (UpdateStmt *) node);
	return raw_expression_tree_walker(node, check_expression, context);
}

/* Looks at the expression of a constraint; a default is of the type. */
static void
check_constraint(EnumSearch *search, const Constraint *constraint, Oid type)
{
	if (constraint->contype == CONSTR_DEFAULT)
		check_literal(search, constraint->raw_expr, type);
	(void) check_expression(constraint->raw_expr, search);
}

/* Looks at the constraints of a column, or at one of a table. */
static void
check_element(EnumSearch *search, const Node *element)
{
	const ColumnDef *column = (const ColumnDef *) element;
	ListCell   *cell;

	if (IsA(element, Constraint))
		check_constraint(search, (const Constraint *) element, InvalidOid);
	if (!IsA(element, ColumnDef))
		return;
	foreach(cell, column->constraints)
	{
		if (IsA(lfirst(cell), Constraint))
			check_constraint(search, lfirst(cell),
							 type_named(column->typeName));
	}
}

static void
check_alter_table(EnumSearch *search, const AlterTableStmt *stmt)
{
	Oid			table = plan_objects_find(search->objects, stmt->relation);
	ListCell   *cell;

	foreach(cell, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_AddColumn ||
			command->subtype == AT_AddConstraint)
			check_element(search, command->def);
		else if (command->subtype == AT_ColumnDefault && command->def != NULL)
		{
			check_literal(search, command->def,
						  column_type(table, command->name));
			(void) check_expression(command->def, search);
		}
		else if (command->subtype == AT_AlterColumnType)
			(void) check_expression(castNode(ColumnDef, command->def)->raw_default,
									search);
	}
}

static void
check_command(void *arg)
{
	EnumSearch *search = arg;
	const Node *node = search->node;
	ListCell   *cell;

	switch (nodeTag(node))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			(void) check_expression(unconstify(Node *, node), search);
			break;
		case T_CreateTableAsStmt:
			(void) check_expression(((const CreateTableAsStmt *) node)->query,
									search);
			break;
		case T_ViewStmt:
			(void) check_expression(((const ViewStmt *) node)->query, search);
			break;
		case T_IndexStmt:
			(void) check_expression(((const IndexStmt *) node)->whereClause,
									search);
			foreach(cell, ((const IndexStmt *) node)->indexParams)
				(void) check_expression(lfirst_node(IndexElem, cell)->expr,
										search);
			break;
		case T_CreateStmt:
			foreach(cell, ((const CreateStmt *) node)->tableElts)
				check_element(search, lfirst(cell));
			break;
		case T_AlterTableStmt:
			check_alter_table(search, (const AlterTableStmt *) node);
			break;
		default:
			break;
	}
}

/*
 * Adds the hazards of a command that uses values of enum types, allocated in
 * the current context.  What cannot be looked at is none.
 */
void
hazard_enums_find(const PlanObjects *objects, const Node *node,
				  List **hazards)
{
	EnumSearch	search;

	if (!plan_objects_has_values(objects))
		return;
	search.objects = objects;
	search.node = node;
	search.hazards = hazards;
	search.context = CurrentMemoryContext;
	hazard_try(check_command, &search);
}
