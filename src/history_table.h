/*-------------------------------------------------------------------------
 *
 * history_table.h
 *	  The history table: found and created.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HISTORY_TABLE_H
#define GOOSEPLUS_HISTORY_TABLE_H

#include "trust.h"

extern TrustedTable *history_find(const Settings *settings);
extern TrustedTable *history_find_readable(const Settings *settings);
extern TrustedTable *history_find_stampable(const Settings *settings);
extern const char *history_hidden(const Settings *settings);
extern TrustedTable *history_ensure(const Settings *settings);

#endif							/* GOOSEPLUS_HISTORY_TABLE_H */
