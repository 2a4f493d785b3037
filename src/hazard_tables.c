/*-------------------------------------------------------------------------
 *
 * hazard_tables.c
 *	  Dangers of ALTER TABLE.
 *
 * ALTER TABLE is over in a moment where it changes only the catalogs.  Where
 * it reads or writes all rows, it does so while nobody can use the table:
 * those are the dangers.  Which they are follows from commands/tablecmds.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "hazard.h"
#include "hazard_expressions.h"
#include "hazard_tables.h"

static const char plain_column[] =
"Add the column without it, fill the old rows in batches, and add the rest after that.";

static const char validate_later[] =
"Add it with NOT VALID, and VALIDATE CONSTRAINT in a later migration.";

static const char validate_deploy[] =
"Validate it in a later migration, and run both by CALL gooseplus_deploy, which commits each by itself.";

/* What the rules look at. */
typedef struct TableSearch
{
	const PlanObjects *objects;
	Oid			table;
	int			location;		/* where the table is named */
	List	  **hazards;
} TableSearch;

/* Adds a hazard at a place, or where the table is named if that is -1. */
static void
add(TableSearch *search, int location, const char *message,
	const char *advice)
{
	hazard_add(search->hazards, location < 0 ? search->location : location,
			   message, advice);
}

/* Adds a hazard: what it does to the table, while nobody can use it. */
static void
add_blocking(TableSearch *search, int location, const char *what,
			 const char *does, const char *advice)
{
	add(search, location,
		psprintf("%s %s %s while nobody can read or write it", what, does,
				 hazard_relation(search->table)),
		advice);
}

/*
 * Judges a constraint that is added to the table, or comes with a new column
 * of it.
 */
static void
judge_constraint(TableSearch *search, const Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			if (!constraint->skip_validation)
				add_blocking(search, constraint->location,
							 "CHECK without NOT VALID", "reads all of",
							 validate_later);
			break;
		case CONSTR_UNIQUE:
		case CONSTR_PRIMARY:
			if (constraint->indexname == NULL)
				add_blocking(search, constraint->location,
							 constraint->contype == CONSTR_UNIQUE ?
							 "UNIQUE without USING INDEX" :
							 "PRIMARY KEY without USING INDEX",
							 "builds an index on",
							 "CREATE UNIQUE INDEX CONCURRENTLY in a file with \"-- +goose NO TRANSACTION\", and add the constraint USING INDEX after that.");
			break;
		case CONSTR_EXCLUSION:
			add_blocking(search, constraint->location, "EXCLUDE",
						 "builds an index on",
						 "Nothing does it without the lock: run it when nobody needs the table.");
			break;
		case CONSTR_FOREIGN:
			if (constraint->skip_validation)
				break;
			add(search, constraint->location,
				psprintf("FOREIGN KEY without NOT VALID checks all rows of %s while nobody can write to it or to the table it references",
						 hazard_relation(search->table)),
				get_rel_relkind(search->table) == RELKIND_PARTITIONED_TABLE ?
				"Add it to each partition with NOT VALID, VALIDATE CONSTRAINT in a later migration, and add it to the table after that." :
				validate_later);
			break;
		default:
			break;
	}
}

/* Is the type one of the short ways to write a sequence's default? */
static bool
is_serial(const TypeName *type)
{
	static const char *const names[] = {
		"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"
	};

	if (type == NULL || list_length(type->names) != 1)
		return false;
	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (strcmp(strVal(linitial(type->names)), names[i]) == 0)
			return true;
	}
	return false;
}

/* Adds the hazard of a column that is written into each row. */
static void
add_rewriting(TableSearch *search, const ColumnDef *column, int location,
			  const char *reason, const char *advice)
{
	add_blocking(search, location,
				 psprintf("new column %s with %s:",
						  quote_identifier(column->colname), reason),
				 "ADD COLUMN rewrites", advice);
}

/*
 * Judges a new column.  A table is written anew at most once, for the first
 * reason found.
 */
static void
judge_new_column(TableSearch *search, const ColumnDef *column)
{
	bool		rewrites = false;
	bool		has_default = false;
	ListCell   *cell;

	if (is_serial(column->typeName))
	{
		add_rewriting(search, column, column->location, "a sequence",
					  plain_column);
		rewrites = true;
	}
	else if (hazard_domain_rewrites(column->typeName))
	{
		add_rewriting(search, column, column->location,
					  "a domain that has constraints",
					  "Use the type below the domain, and add the domain's CHECK with NOT VALID.");
		rewrites = true;
	}
	foreach(cell, column->constraints)
	{
		const Constraint *constraint = lfirst(cell);
		const char *reason = NULL;

		if (!IsA(constraint, Constraint))
			continue;
		if (constraint->contype == CONSTR_DEFAULT)
		{
			has_default = true;
			if (hazard_default_is_volatile(constraint->raw_expr,
										   column->typeName))
				reason = "a volatile default";
		}
		else if (constraint->contype == CONSTR_IDENTITY)
			reason = "a sequence";
		else if (constraint->contype == CONSTR_GENERATED &&
				 compat_is_stored(constraint))
			reason = "a stored expression";
		if (reason != NULL && !rewrites)
		{
			add_rewriting(search, column, constraint->location, reason,
						  plain_column);
			rewrites = true;
		}
	}
	foreach(cell, column->constraints)
	{
		const Constraint *constraint = lfirst(cell);

		/* a reference that is null in each row is not checked */
		if (IsA(constraint, Constraint) &&
			(constraint->contype != CONSTR_FOREIGN || has_default || rewrites))
			judge_constraint(search, constraint);
	}
}

/* Judges SET NOT NULL, or NOT NULL as a constraint, for a column. */
static void
judge_not_null(TableSearch *search, const char *command, const char *column,
			   int location)
{
	if (hazard_null_is_excluded(search->objects, search->table, column) ||
		plan_objects_proves(search->objects, search->table, column))
		return;
	add_blocking(search, location,
				 psprintf("%s on column %s", command, quote_identifier(column)),
				 "reads all of",
				 psprintf("ADD CHECK (%s IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in a later migration, and SET NOT NULL after that: it then reads nothing.",
						  quote_identifier(column)));
}

/* Judges VALIDATE CONSTRAINT: the lock of adding it may still be held. */
static void
judge_validation(TableSearch *search, const char *name)
{
	if (plan_objects_constraint(search->objects, search->table,
								name) != PLAN_SAME_TRANSACTION)
		return;
	add(search, -1,
		psprintf("VALIDATE CONSTRAINT %s in the migration that adds it reads all of %s under the lock of ADD CONSTRAINT",
				 quote_identifier(name), hazard_relation(search->table)),
		validate_deploy);
}

/* Judges a change of where the table is stored, or how. */
static void
judge_storage(TableSearch *search, const AlterTableCmd *part)
{
	const char *command = "SET TABLESPACE";
	char		kind = get_rel_relkind(search->table);

	if (part->subtype == AT_SetTableSpace)
	{
		Oid			tablespace = get_tablespace_oid(part->name, true);

		if (tablespace == MyDatabaseTableSpace)
			tablespace = InvalidOid;
		if (tablespace == get_rel_tablespace(search->table) ||
			kind == RELKIND_PARTITIONED_TABLE)
			return;
	}
	else
	{
		bool		logged = part->subtype == AT_SetLogged;

		command = logged ? "SET LOGGED" : "SET UNLOGGED";
		if (kind == RELKIND_PARTITIONED_TABLE ||
			get_rel_persistence(search->table) == (logged ? RELPERSISTENCE_PERMANENT :
												   RELPERSISTENCE_UNLOGGED))
			return;
	}
	add_blocking(search, -1, command, "copies",
				 "Nothing does it without the lock: run it when nobody needs the table.");
}

/* Judges one part of the command. */
static void
judge_part(TableSearch *search, const AlterTableCmd *part)
{
	const Constraint *constraint = (const Constraint *) part->def;
	const ColumnDef *column = (const ColumnDef *) part->def;

	switch (part->subtype)
	{
		case AT_AddColumn:
			if (!part->missing_ok ||
				get_attnum(search->table, column->colname) == InvalidAttrNumber)
				judge_new_column(search, column);
			break;
		case AT_AddConstraint:
			if (constraint->contype == CONSTR_NOTNULL)
			{
				if (!constraint->skip_validation && constraint->keys != NIL)
					judge_not_null(search, "NOT NULL", strVal(linitial(constraint->keys)),
								   constraint->location);
			}
			else
				judge_constraint(search, constraint);
			break;
		case AT_SetNotNull:
			judge_not_null(search, "SET NOT NULL", part->name, -1);
			break;
		case AT_ValidateConstraint:
			judge_validation(search, part->name);
			break;
		case AT_AlterColumnType:
			if (hazard_type_rewrites(search->table, part->name, column))
				add_blocking(search, column->location,
							 psprintf("the new type of column %s",
									  quote_identifier(part->name)),
							 "rewrites",
							 "Add a column of the new type, keep it filled by a trigger, fill the old rows in batches, and swap the names.");
			break;
		case AT_SetLogged:
		case AT_SetUnLogged:
		case AT_SetTableSpace:
			judge_storage(search, part);
			break;
		default:
			break;
	}
}

/*
 * Adds the hazards of ALTER TABLE for a table that is there, allocated in the
 * current context.
 */
void
hazard_tables_find(const PlanObjects *objects, const AlterTableStmt *stmt,
				   List **hazards)
{
	TableSearch search;
	ListCell   *cell;

	if (stmt->objtype != OBJECT_TABLE)
		return;
	search.objects = objects;
	search.table = plan_objects_find(objects, stmt->relation);
	search.location = stmt->relation->location;
	search.hazards = hazards;
	if (!OidIsValid(search.table))
		return;
	foreach(cell, stmt->cmds)
		judge_part(&search, lfirst_node(AlterTableCmd, cell));
}
