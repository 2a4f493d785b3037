/*-------------------------------------------------------------------------
 *
 * indexes.h
 *	  Invalid indexes that CONCURRENTLY leaves behind.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_INDEXES_H
#define GOOSEPLUS_INDEXES_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

extern List *indexes_invalid(void);
extern void indexes_repair(const Node *command);
extern bool indexes_is_done(const Node *command);
extern bool indexes_drop_leftovers(const Node *command, const List *before);
extern char *indexes_list_invalid(const List *before);

#endif							/* GOOSEPLUS_INDEXES_H */
