/*-------------------------------------------------------------------------
 *
 * version_table.h
 *	  goose's version table.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_VERSION_TABLE_H
#define GOOSEPLUS_VERSION_TABLE_H

#include "datatype/timestamp.h"
#include "storage/lockdefs.h"

#include "settings.h"
#include "trust.h"

typedef struct VersionRow
{
	int64		version;
	int64		id;				/* of the row */
	Timestamp	applied_at;
	bool		has_applied_at;
} VersionRow;

typedef struct VersionRows
{
	VersionRow *items;			/* the last recorded first; row 0 included */
	size_t		nitems;
	size_t		allocated;
} VersionRows;

extern TrustedTable *version_table_find(const Settings *settings,
										LOCKMODE mode);
extern TrustedTable *version_table_ensure(const Settings *settings,
										  LOCKMODE mode);
extern VersionRows *version_table_read(const TrustedTable *table);
extern int64 version_table_highest(const TrustedTable *table);
extern int64 version_table_sequence(const TrustedTable *table);
extern bool version_table_is_untouched(const TrustedTable *table, int64 last,
									   bool may_have_crashed);
extern int64 version_rows_highest(const VersionRows *rows);
extern void version_rows_reverse(VersionRows *rows);
extern void version_rows_sort(VersionRows *rows);
extern bool version_rows_find(const VersionRows *rows, int64 version);
extern bool version_rows_contain(const VersionRows *rows, int64 version);
extern int64 version_table_insert(const TrustedTable *table, int64 version);
extern void version_table_renumber(const TrustedTable *table, int64 version,
								   int64 new_version);
extern void version_table_delete(const TrustedTable *table, int64 version);

#endif							/* GOOSEPLUS_VERSION_TABLE_H */
