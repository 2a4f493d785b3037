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
extern void migration_lock_take_in_time(const Settings *settings);
extern bool migration_lock_try(const Settings *settings);
extern void migration_lock_wait(const Settings *settings);
extern bool migration_lock_is_held(const Settings *settings);
extern void migration_lock_release(const Settings *settings);
extern void migration_lock_refuse(const Settings *settings,
								  const char *limit);

#endif							/* GOOSEPLUS_MIGRATION_LOCK_H */
