/*-------------------------------------------------------------------------
 *
 * query.c
 *	  Our own queries: a small wrapper of SPI.
 *
 * Every query that gooseplus makes for itself comes through here.  They run
 * with the caller's rights and the caller's search_path, so each of them
 * names the schema of every object and operator that it uses: whoever writes
 * one must see to that.
 *
 * Queries on tables that have been found before go through query_table.c.
 * Statements of migrations do not come through here (see statement.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "query.h"

/*
 * Runs one command and gives each row of its result to "receive", which may
 * be NULL.  Returns the number of rows processed.  "expected" is the SPI_OK
 * code that the command must give.  No argument is null.  It sees what has
 * been committed by now, not what was when the caller's statement began.
 */
uint64
query_run(const char *sql, int expected, int nargs, const Oid *types,
		  const Datum *values, QueryRow receive, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	uint64		processed;
	int			code;

	code = SPI_connect();
	if (code != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed: %s", SPI_result_code_string(code));
	code = SPI_execute_with_args(sql, nargs, unconstify(Oid *, types),
								 unconstify(Datum *, values), NULL, false, 0);
	if (code != expected)
		elog(ERROR, "SPI_execute_with_args failed: %s",
			 SPI_result_code_string(code));
	processed = SPI_processed;
	if (receive != NULL)
	{
		SPITupleTable *table = SPI_tuptable;
		TupleTableSlot *slot;

		MemoryContextSwitchTo(context);
		slot = MakeSingleTupleTableSlot(table->tupdesc, &TTSOpsHeapTuple);
		for (uint64 i = 0; i < processed; i++)
			receive(arg, ExecStoreHeapTuple(table->vals[i], slot, false));
		ExecDropSingleTupleTableSlot(slot);
	}
	code = SPI_finish();
	if (code != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed: %s", SPI_result_code_string(code));
	MemoryContextSwitchTo(context);
	return processed;
}
