/*-------------------------------------------------------------------------
 *
 * query_scan.c
 *	  All rows of a table that has been found before.
 *
 * Every call reads the version table and the history, mostly in a session that
 * has just begun.  To analyze and plan a query takes longer there than to read
 * a thousand rows, as every catalog row that it needs is asked for the first
 * time.  A table that is nothing but a table is read without a query, then;
 * any other by SQL.
 *
 * Queries that want some of the rows are in query_table.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "query_scan.h"
#include "query_table.h"

/* Where a column is. */
typedef struct FoundColumn
{
	int			number;
	bool		widen;			/* an integer that is wanted as a bigint */
} FoundColumn;

/*
 * Would a query give the caller all rows of this table, and do nothing else?
 */
static bool
is_plain(Relation table)
{
	return table->rd_rel->relkind == RELKIND_RELATION &&
		!table->rd_rel->relhassubclass && !table->rd_rel->relrowsecurity &&
		ExecutorCheckPerms_hook == NULL &&
		pg_class_aclmask(RelationGetRelid(table), GetUserId(), ACL_SELECT,
						 ACLMASK_ALL) == ACL_SELECT;
}

/*
 * Finds the columns.  Returns whether they are there, and can be had without
 * a query: with the types that are wanted, or almost.
 */
static bool
find_columns(TupleDesc desc, const QueryColumn *columns, int ncolumns,
			 FoundColumn *found)
{
	for (int i = 0; i < ncolumns; i++)
	{
		Oid			type;

		found[i].number = SPI_fnumber(desc, columns[i].name);
		if (found[i].number <= 0)
			return false;
		type = SPI_gettypeid(desc, found[i].number);
		found[i].widen = type == INT4OID && columns[i].type == INT8OID;
		if (type != columns[i].type && !found[i].widen)
			return false;
	}
	return true;
}

/* Returns a slot for rows of those columns, palloc'd. */
static TupleTableSlot *
make_row(const QueryColumn *columns, int ncolumns)
{
	List	   *names = NIL;
	List	   *types = NIL;
	List	   *typmods = NIL;
	List	   *collations = NIL;

	for (int i = 0; i < ncolumns; i++)
	{
		names = lappend(names, makeString(pstrdup(columns[i].name)));
		types = lappend_oid(types, columns[i].type);
		typmods = lappend_int(typmods, -1);
		collations = lappend_oid(collations, InvalidOid);
	}
	return MakeSingleTupleTableSlot(BuildDescFromLists(names, types, typmods,
													   collations),
									&TTSOpsVirtual);
}

/*
 * Reads the table.
 */
static void
read_table(Relation table, TupleTableSlot *row, int ncolumns,
		   const FoundColumn *found, QueryRow receive, void *arg)
{
	TupleTableSlot *tuple = table_slot_create(table, NULL);
	TableScanDesc scan;

	PushActiveSnapshot(GetTransactionSnapshot());
	scan = table_beginscan_strat(table, GetActiveSnapshot(), 0, NULL, true, true);
	while (table_scan_getnextslot(scan, ForwardScanDirection, tuple))
	{
		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(row);
		for (int i = 0; i < ncolumns; i++)
		{
			Datum		value = slot_getattr(tuple, found[i].number,
											 &row->tts_isnull[i]);

			row->tts_values[i] = found[i].widen ?
				Int64GetDatum(DatumGetInt32(value)) : value;
		}
		receive(arg, ExecStoreVirtualTuple(row));
	}
	table_endscan(scan);
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(row);
	ExecDropSingleTupleTableSlot(tuple);
}

/*
 * Reads the table by a query.
 */
static void
run_query(Oid relation, const char *table, const QueryColumn *columns,
		  int ncolumns, QueryRow receive, void *arg)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&sql, "%s %s::%s", i == 0 ? "SELECT" : ",",
						 columns[i].name,
						 format_type_be_qualified(columns[i].type));
	appendStringInfo(&sql, " FROM %s", table);
	query_table_run(relation, sql.data, 0, NULL, NULL, receive, arg);
}

/*
 * Gives the columns of each row of the table, in no order, to "receive".  The
 * table is called "table" in SQL; the caller has locked it.  Errors: those of
 * query_table_run().
 */
void
query_scan(Oid relation, const char *table, const QueryColumn *columns,
		   int ncolumns, QueryRow receive, void *arg)
{
	Relation	opened = table_open(relation, NoLock);
	FoundColumn *found = palloc(ncolumns * sizeof(FoundColumn));
	bool		plain = is_plain(opened) &&
	find_columns(RelationGetDescr(opened), columns, ncolumns, found);

	/*
	 * Mostly nobody has registered a function: no need to prepare for rows.
	 * What a size says of rows is known of heaps only.
	 */
	if (plain && !(opened->rd_rel->relam == HEAP_TABLE_AM_OID &&
				   RelationGetNumberOfBlocks(opened) == 0))
		read_table(opened, make_row(columns, ncolumns), ncolumns, found,
				   receive, arg);
	table_close(opened, NoLock);
	if (!plain)
		run_query(relation, table, columns, ncolumns, receive, arg);
}
