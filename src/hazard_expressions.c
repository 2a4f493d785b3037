/*-------------------------------------------------------------------------
 *
 * hazard_expressions.c
 *	  What the expressions of ALTER TABLE would do to the rows there are.
 *
 * The server's own analysis answers: expressions are transformed as ALTER
 * TABLE transforms them (commands/tablecmds.c), but without opening the table,
 * so that nothing waits for a lock and nobody waits for ours.  What cannot be
 * analyzed, because the plan itself has yet to create it, is no hazard.
 * Nothing is called that did not come with the server.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "hazard.h"
#include "hazard_expressions.h"

/* A question for hazard_try(), and its answer. */
typedef struct Analysis
{
	const PlanObjects *objects;
	const Node *raw;
	const TypeName *type;
	Oid			table;
	Var		   *column;
	bool		(*matches) (const struct Analysis *, HeapTuple, TupleDesc);
	bool		answer;
} Analysis;

/*
 * Asks; what cannot be answered is answered with no.
 */
static bool
ask(void (*question) (void *), Analysis *analysis)
{
	analysis->answer = false;
	hazard_try(question, analysis);
	return analysis->answer;
}

static void
ask_volatile(void *arg)
{
	Analysis   *analysis = arg;
	ParseState *pstate = make_parsestate(NULL);
	Node	   *expression = transformExpr(pstate, copyObject(unconstify(Node *, analysis->raw)),
										   EXPR_KIND_COLUMN_DEFAULT);
	Oid			type;
	int32		modifier;

	analysis->answer = contain_volatile_functions(expression);
	if (analysis->answer)
		return;
	typenameTypeIdAndMod(pstate, analysis->type, &type, &modifier);
	expression = coerce_to_target_type(pstate, expression,
									   exprType(expression), type, modifier,
									   COERCION_ASSIGNMENT,
									   COERCE_IMPLICIT_CAST, -1);
	analysis->answer = expression != NULL &&
		contain_volatile_functions(expression);
}

/*
 * Is the default of a new column another one for each row?
 */
bool
hazard_default_is_volatile(const Node *raw, const TypeName *type)
{
	Analysis	analysis = {0};

	analysis.raw = raw;
	analysis.type = type;
	return ask(ask_volatile, &analysis);
}

static void
ask_domain(void *arg)
{
	Analysis   *analysis = arg;

	analysis->answer = compat_domain_has_constraints(typenameTypeId(NULL,
																	analysis->type));
}

/*
 * Is the type one whose new columns must be written into each row?
 */
bool
hazard_domain_rewrites(const TypeName *type)
{
	Analysis	analysis = {0};

	analysis.type = type;
	return ask(ask_domain, &analysis);
}

/*
 * Returns the column of a table as a Var, allocated in the current context,
 * or NULL if the table has none of that name.
 */
static Var *
make_column(Oid table, const char *name)
{
	HeapTuple	tuple = SearchSysCacheAttName(table, name);
	Form_pg_attribute attribute;
	Var		   *column;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	attribute = (Form_pg_attribute) GETSTRUCT(tuple);
	column = makeVar(1, attribute->attnum, attribute->atttypid,
					 attribute->atttypmod, attribute->attcollation, 0);
	ReleaseSysCache(tuple);
	return column;
}

/*
 * PreParseColumnRefHook: finds columns in the catalog, without the table's
 * being open.
 */
static Node *
find_column(ParseState *pstate, ColumnRef *reference)
{
	const Analysis *analysis = pstate->p_ref_hook_state;
	Node	   *name = llast(reference->fields);

	return IsA(name, String) ?
		(Node *) make_column(analysis->table, strVal(name)) : NULL;
}

/* Did the function not come with the server? */
static bool
is_foreign(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

/* Does the expression call functions that did not come with the server? */
static bool
calls_foreign(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_foreign, context) ||
		expression_tree_walker(node, calls_foreign, context);
}

/*
 * Does the expression change what is stored of the column?  (The cases of
 * ATColumnChangeRequiresRewrite(), commands/tablecmds.c.)
 */
static bool
changes_column(Node *expression, AttrNumber column)
{
	for (;;)
	{
		if (IsA(expression, Var))
			return ((Var *) expression)->varattno != column;
		if (IsA(expression, RelabelType))
			expression = (Node *) ((RelabelType *) expression)->arg;
		else if (IsA(expression, CoerceToDomain))
		{
			if (compat_domain_has_constraints(((CoerceToDomain *) expression)->resulttype))
				return true;
			expression = (Node *) ((CoerceToDomain *) expression)->arg;
		}
		else if (IsA(expression, FuncExpr))
		{
			FuncExpr   *call = (FuncExpr *) expression;

			if ((call->funcid != F_TIMESTAMP_TIMESTAMPTZ &&
				 call->funcid != F_TIMESTAMPTZ_TIMESTAMP) ||
				TimestampTimestampTzRequiresRewrite())
				return true;
			expression = linitial(call->args);
		}
		else
			return true;
	}
}

static void
ask_rewrite(void *arg)
{
	Analysis   *analysis = arg;
	ParseState *pstate = make_parsestate(NULL);
	Node	   *expression = (Node *) analysis->column;
	Oid			type;
	int32		modifier;

	typenameTypeIdAndMod(pstate, analysis->type, &type, &modifier);
	if (analysis->raw != NULL)
	{
		pstate->p_pre_columnref_hook = find_column;
		pstate->p_ref_hook_state = analysis;
		expression = transformExpr(pstate,
								   copyObject(unconstify(Node *, analysis->raw)),
								   EXPR_KIND_ALTER_COL_TRANSFORM);
	}
	expression = coerce_to_target_type(pstate, expression,
									   exprType(expression), type, modifier,
									   COERCION_ASSIGNMENT,
									   COERCE_IMPLICIT_CAST, -1);
	if (expression == NULL)
		return;
	assign_expr_collations(pstate, expression);
	if (calls_foreign(expression, NULL))
	{
		analysis->answer = true;
		return;
	}
	analysis->answer = changes_column((Node *) expression_planner((Expr *) expression),
									  analysis->column->varattno);
}

/*
 * Does a change of a column's type write the table anew?  The definition holds
 * the new type, and the expression of USING if there is one.  A column that
 * the plan adds is not known.
 */
bool
hazard_type_rewrites(Oid table, const char *column,
					 const ColumnDef *definition)
{
	Analysis	analysis = {0};

	analysis.table = table;
	analysis.column = make_column(table, column);
	analysis.type = definition->typeName;
	analysis.raw = definition->raw_default;
	return analysis.column != NULL && ask(ask_rewrite, &analysis);
}

/*
 * Is the condition of a constraint proof that the column is not null?
 */
static bool
constraint_proves(const char *condition, const Var *column)
{
	NullTest   *test = makeNode(NullTest);
	Node	   *expression = stringToNode(condition);

	test->arg = (Expr *) copyObject(unconstify(Var *, column));
	test->nulltesttype = IS_NOT_NULL;
	test->location = -1;
	expression = (Node *) canonicalize_qual((Expr *) expression, true);
	return predicate_implied_by(list_make1(test),
								make_ands_implicit((Expr *) expression),
								true);
}

/*
 * Is it a NOT NULL constraint of the column that the rows may not meet yet?
 * Only PostgreSQL 18 and later have such, of type 'n'.
 */
static bool
is_unproven(const Analysis *analysis, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	Datum	   *columns;
	int			count;
	bool		isnull;
	Datum		value;

	if (constraint->contype != 'n' || constraint->convalidated)
		return false;
	value = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);
	if (isnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(value), INT2OID, sizeof(int16), true,
					  TYPALIGN_SHORT, &columns, NULL, &count);
	return count == 1 &&
		DatumGetInt16(columns[0]) == analysis->column->varattno;
}

/*
 * Is it a CHECK constraint that proves that the column is not null?
 */
static bool
is_proof(const Analysis *analysis, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(tuple);
	bool		isnull;
	Datum		condition;

	if (constraint->contype != CONSTRAINT_CHECK || !constraint->convalidated)
		return false;
	condition = heap_getattr(tuple, Anum_pg_constraint_conbin, desc, &isnull);
	return !isnull && constraint_proves(TextDatumGetCString(condition),
										analysis->column);
}

/*
 * Sets the answer to whether the table has a constraint that the caller looks
 * for.  One that the plan validates counts as valid.
 */
static void
ask_constraints(void *arg)
{
	Analysis   *analysis = arg;
	Relation	constraints = table_open(ConstraintRelationId,
										 AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(analysis->table));
	scan = systable_beginscan(constraints,
							  ConstraintRelidTypidNameIndexId, true, NULL, 1,
							  &key);
	while (!analysis->answer &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		HeapTuple	copy = heap_copytuple(tuple);
		Form_pg_constraint constraint = (Form_pg_constraint) GETSTRUCT(copy);

		if (plan_objects_is_validated(analysis->objects, analysis->table,
									  NameStr(constraint->conname)))
			constraint->convalidated = true;
		analysis->answer = analysis->matches(analysis, copy,
											 RelationGetDescr(constraints));
		heap_freetuple(copy);
	}
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
}

/*
 * Is it known that a column holds no null, so that SET NOT NULL need not look?
 * It is not null already, or a CHECK constraint says so that is valid, or is
 * by now, as ConstraintImpliedByRelConstraint() of commands/tablecmds.c finds
 * it.
 */
bool
hazard_null_is_excluded(const PlanObjects *objects, Oid table,
						const char *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(table, column);
	Analysis	analysis = {0};
	bool		not_null;

	if (!HeapTupleIsValid(tuple))
		return false;
	not_null = ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
	ReleaseSysCache(tuple);
	analysis.objects = objects;
	analysis.table = table;
	analysis.column = make_column(table, column);
	if (analysis.column == NULL)
		return false;
	if (not_null)
	{
		analysis.matches = is_unproven;
		if (!ask(ask_constraints, &analysis))
			return true;
	}
	analysis.matches = is_proof;
	return ask(ask_constraints, &analysis);
}
