/*-------------------------------------------------------------------------
 *
 * query.h
 *	  Our own queries: a small wrapper of SPI.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_QUERY_H
#define GOOSEPLUS_QUERY_H

#include "executor/spi.h"
#include "executor/tuptable.h"

/*
 * Receives one row of the result, with the caller's memory context current.
 * The query may still be running, so no other one is run here.
 */
typedef void (*QueryRow) (void *arg, TupleTableSlot *row);

extern uint64 query_run(const char *sql, int expected, int nargs,
						const Oid *types, const Datum *values,
						QueryRow receive, void *arg);

/*
 * Returns a column, from 1, of a row.  By-reference values live as long as
 * the row: copy what is kept.
 */
static inline Datum
query_value(TupleTableSlot *row, int column, bool *isnull)
{
	return slot_getattr(row, column, isnull);
}

#endif							/* GOOSEPLUS_QUERY_H */
