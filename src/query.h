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

/*
 * Receives one row of the result, with the caller's memory context current.
 */
typedef void (*QueryRow) (void *arg, HeapTuple row, TupleDesc desc);

extern uint64 query_run(const char *sql, int expected, int nargs,
						const Oid *types, const Datum *values,
						QueryRow receive, void *arg);
extern Datum query_value(HeapTuple row, TupleDesc desc, int column,
						 bool *isnull);

#endif							/* GOOSEPLUS_QUERY_H */
