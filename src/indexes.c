/*-------------------------------------------------------------------------
 *
 * indexes.c
 *	  Invalid indexes that CONCURRENTLY leaves behind.
 *
 * CREATE, REINDEX and DROP INDEX CONCURRENTLY work in several transactions.
 * One that fails leaves an index that is maintained but not used, and that
 * IF NOT EXISTS takes for good.  So what a command of ours has left behind is
 * dropped, and what it would take for good is rebuilt.
 *
 * An index that is being built by another session is invalid, too.  Whoever
 * does that holds a lock on the table: an index is dead, and may be dropped,
 * only if it is still invalid once we have that lock.
 *
 * Everything here runs outside of a transaction block, and commits.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "indexes.h"
#include "query.h"
#include "statement.h"
#include "transaction.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* QueryRow: keeps an OID. */
static void
keep_oid(void *arg, TupleTableSlot *row)
{
	List	  **oids = arg;
	bool		isnull;

	*oids = lappend_oid(*oids,
						DatumGetObjectId(query_value(row, 1, &isnull)));
}

/*
 * Returns the OIDs of the invalid indexes of this database, palloc'd.  Those
 * of partitioned tables are not meant: they are invalid until each partition
 * has got its index.
 */
List *
indexes_invalid(void)
{
	List	   *oids = NIL;

	query_run("SELECT i.indexrelid FROM pg_catalog.pg_index i"
			  " JOIN pg_catalog.pg_class c ON c.oid" EQUALS "i.indexrelid"
			  " WHERE NOT i.indisvalid AND c.relkind" EQUALS "'i'",
			  SPI_OK_SELECT, 0, NULL, NULL, keep_oid, &oids);
	return oids;
}

/*
 * Is it the name of a transient index of REINDEX CONCURRENTLY (see
 * ReindexRelationConcurrently() of indexcmds.c)?
 */
static bool
is_transient_name(const char *name)
{
	return strstr(name, "_ccnew") != NULL || strstr(name, "_ccold") != NULL;
}

/*
 * Can the command have left the index behind?
 */
static bool
may_be_left_by(const Node *command, Oid index)
{
	const char *name = get_rel_name(index);

	if (name == NULL)
		return false;
	if (IsA(command, IndexStmt))
		return IndexGetRelation(index, true) ==
			RangeVarGetRelid(((const IndexStmt *) command)->relation, NoLock,
							 true);
	if (IsA(command, ReindexStmt))
		return is_transient_name(name);
	if (IsA(command, DropStmt))
	{
		const List *names = ((const DropStmt *) command)->objects;

		return index ==
			RangeVarGetRelid(makeRangeVarFromNameList(linitial(names)),
							 NoLock, true);
	}
	return false;
}

/*
 * Is the index invalid, and nobody at work on it?  Waits until nobody is, or
 * takes that for an answer.  Then its table is locked against such work, for
 * the transaction.
 */
static bool
is_dead(Oid index, bool wait)
{
	Oid			table = IndexGetRelation(index, true);

	if (!OidIsValid(table))
		return false;
	if (wait)
		LockRelationOid(table, ShareUpdateExclusiveLock);
	else if (!ConditionalLockRelationOid(table, ShareUpdateExclusiveLock))
		return false;
	return list_member_oid(indexes_invalid(), index);
}

/*
 * Runs a command on a dead index as if the client had sent it.  The table
 * stays locked until it is done.
 */
static void
send_command(Oid index, const char *command)
{
	LockRelId	table = {IndexGetRelation(index, false), MyDatabaseId};
	const char *name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(index)),
												  get_rel_name(index));
	char	   *sql = psprintf("%s %s", command, name);

	LockRelationIdForSession(&table, ShareUpdateExclusiveLock);
	transaction_send();
	statement_send(sql, statement_parse(sql), InvalidOid, NULL, NULL, NULL);
	UnlockRelationIdForSession(&table, ShareUpdateExclusiveLock);
}

/*
 * Is a column of an index the one that the command names?
 */
static bool
is_same_column(const IndexElem *element, Oid table, AttrNumber column)
{
	return element->name == NULL ? column == InvalidAttrNumber :
		column == get_attnum(table, element->name);
}

/*
 * Is the index what the command would create, as far as that can be seen
 * without its expressions: method, uniqueness, columns and whether there is a
 * condition?
 */
static bool
is_same_index(const IndexStmt *stmt, Oid table, Oid index)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	List	   *elements = list_concat_copy(stmt->indexParams,
											stmt->indexIncludingParams);
	Form_pg_index form;
	bool		same;
	bool		no_condition;
	Oid			method = InvalidOid;
	HeapTuple	class = SearchSysCache1(RELOID, ObjectIdGetDatum(index));

	if (HeapTupleIsValid(class))
	{
		method = ((Form_pg_class) GETSTRUCT(class))->relam;
		ReleaseSysCache(class);
	}
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_index) GETSTRUCT(tuple);
	(void) SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indpred,
						   &no_condition);
	same = form->indrelid == table && form->indisunique == stmt->unique &&
		method == get_index_am_oid(stmt->accessMethod, true) &&
		form->indnkeyatts == list_length(stmt->indexParams) &&
		form->indnatts == list_length(elements) &&
		no_condition == (stmt->whereClause == NULL);
	for (int i = 0; same && i < form->indnatts; i++)
		same = is_same_column(list_nth_node(IndexElem, elements, i), table,
							  form->indkey.values[i]);
	ReleaseSysCache(tuple);
	return same;
}

/*
 * Finds the index that has the name which the command gives to one.  Returns
 * InvalidOid if there is none, or the command names none; *table is the table
 * of the command.
 */
static Oid
find_named_index(const IndexStmt *stmt, Oid *table)
{
	Oid			index = InvalidOid;

	*table = RangeVarGetRelid(stmt->relation, NoLock, true);
	if (OidIsValid(*table) && stmt->idxname != NULL)
		index = get_relname_relid(stmt->idxname, get_rel_namespace(*table));
	return OidIsValid(index) && OidIsValid(IndexGetRelation(index, true)) ?
		index : InvalidOid;
}

/*
 * Rebuilds the index that CREATE INDEX CONCURRENTLY IF NOT EXISTS would find
 * and take for good although it is invalid.  Errors: it is another one.
 */
void
indexes_repair(const Node *command)
{
	const IndexStmt *stmt = (const IndexStmt *) command;
	Oid			table;
	Oid			index;

	if (!IsA(command, IndexStmt) || !stmt->if_not_exists)
		return;
	index = find_named_index(stmt, &table);
	if (OidIsValid(index) && list_member_oid(indexes_invalid(), index) &&
		is_dead(index, true))
	{
		if (!is_same_index(stmt, table, index))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_TABLE),
					 errmsg("index \"%s\" exists, is invalid, and is another one than the statement would create",
							stmt->idxname),
					 errhint("Drop it, or give the new index another name.")));
		ereport(NOTICE,
				(errmsg("index \"%s\" exists but is invalid, rebuilding it",
						stmt->idxname)));
		send_command(index, "REINDEX INDEX CONCURRENTLY");
	}
	else
		transaction_send();
}

/*
 * Is a partition of that name being detached, by a command that has not
 * ended?
 */
static bool
is_detach_pending(const AlterTableStmt *stmt)
{
	const AlterTableCmd *command = linitial_node(AlterTableCmd, stmt->cmds);
	const PartitionCmd *detach = castNode(PartitionCmd, command->def);
	Oid			partition = RangeVarGetRelid(detach->name, NoLock, true);

	return OidIsValid(partition) && PartitionHasPendingDetach(partition);
}

/*
 * Has a command that was interrupted, nobody knows when, done its work?  A
 * partition whose detachment is pending is detached for good here.
 */
bool
indexes_is_done(const Node *command)
{
	if (IsA(command, IndexStmt))
	{
		const IndexStmt *stmt = (const IndexStmt *) command;
		Oid			table;
		Oid			index = find_named_index(stmt, &table);

		if (!OidIsValid(index) || list_member_oid(indexes_invalid(), index) ||
			!is_same_index(stmt, table, index))
			return false;
		ereport(NOTICE,
				(errmsg("index \"%s\" is there and valid: its statement is taken as done",
						stmt->idxname)));
		return true;
	}
	if (IsA(command, AlterTableStmt) &&
		is_detach_pending((const AlterTableStmt *) command))
	{
		const AlterTableStmt *stmt = (const AlterTableStmt *) command;
		AlterTableCmd *detach = linitial_node(AlterTableCmd, stmt->cmds);
		RangeVar   *partition = castNode(PartitionCmd, detach->def)->name;
		Oid			table = RangeVarGetRelid(stmt->relation, NoLock, false);
		Oid			part = RangeVarGetRelid(partition, NoLock, false);
		char	   *sql = psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE",
								   quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
															  get_rel_name(table)),
								   quote_qualified_identifier(get_namespace_name(get_rel_namespace(part)),
															  get_rel_name(part)));

		statement_send(sql, statement_parse(sql), InvalidOid, NULL, NULL, NULL);
		return true;
	}
	return false;
}

/*
 * Drops the indexes that are invalid now, were not so before, and can have
 * been left behind by the command.  Returns whether it dropped the index that
 * DROP INDEX was to drop.
 */
bool
indexes_drop_leftovers(const Node *command, const List *before)
{
	List	   *now = indexes_invalid();
	bool		dropped = false;
	ListCell   *cell;

	foreach(cell, now)
	{
		Oid			index = lfirst_oid(cell);

		if (list_member_oid(before, index) || !may_be_left_by(command, index) ||
			!is_dead(index, true))
			continue;
		ereport(NOTICE,
				(errmsg("dropping the invalid index \"%s\"",
						get_rel_name(index))));
		send_command(index, "DROP INDEX CONCURRENTLY");
		dropped = IsA(command, DropStmt);
	}
	transaction_send();
	return dropped;
}

/*
 * Returns the names of the indexes that are invalid now and were not so
 * before, palloc'd; NULL if there are none.
 */
char *
indexes_list_invalid(const List *before)
{
	List	   *now = indexes_invalid();
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, now)
	{
		if (!list_member_oid(before, lfirst_oid(cell)) &&
			is_dead(lfirst_oid(cell), false))
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 get_rel_name(lfirst_oid(cell)));
	}
	return names.len > 0 ? names.data : NULL;
}
