/*-------------------------------------------------------------------------
 *
 * migration_lock.h
 *	  One run at a time.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_MIGRATION_LOCK_H
#define GOOSEPLUS_MIGRATION_LOCK_H

#include "settings.h"

extern void migration_lock_take(const Settings *settings);

#endif							/* GOOSEPLUS_MIGRATION_LOCK_H */
