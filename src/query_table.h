/*-------------------------------------------------------------------------
 *
 * query_table.h
 *	  Our own queries on a table that has been found before.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_QUERY_TABLE_H
#define GOOSEPLUS_QUERY_TABLE_H

#include "query.h"

extern uint64 query_table_run(Oid relation, const char *sql, int nargs,
							  const Oid *types, const Datum *values,
							  QueryRow receive, void *arg);

#endif							/* GOOSEPLUS_QUERY_TABLE_H */
