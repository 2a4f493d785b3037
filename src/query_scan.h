/*-------------------------------------------------------------------------
 *
 * query_scan.h
 *	  All rows of a table that has been found before.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_QUERY_SCAN_H
#define GOOSEPLUS_QUERY_SCAN_H

#include "query.h"

/* A column, and the type in which it is wanted. */
typedef struct QueryColumn
{
	const char *name;
	Oid			type;
} QueryColumn;

extern void query_scan(Oid relation, const char *table,
					   const QueryColumn *columns, int ncolumns,
					   QueryRow receive, void *arg);

#endif							/* GOOSEPLUS_QUERY_SCAN_H */
