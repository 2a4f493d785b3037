/*-------------------------------------------------------------------------
 *
 * commit_rules.h
 *	  What a command leaves to the commit that ends its migration under goose.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_COMMIT_RULES_H
#define GOOSEPLUS_COMMIT_RULES_H

#include "nodes/parsenodes.h"

extern const char *commit_rules_dropped_table(const RawStmt *raw);
extern Oid	commit_rules_temporary_table(const char *name);
extern void commit_rules_drop_tables(const List *tables);
extern const char *commit_rules_closed_cursor(const RawStmt *raw);
extern void commit_rules_close_cursors(const List *cursors);
extern const char *commit_rules_kept_setting(const RawStmt *raw);

#endif							/* GOOSEPLUS_COMMIT_RULES_H */
