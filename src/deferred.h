/*-------------------------------------------------------------------------
 *
 * deferred.h
 *	  Deferred constraints at the end of a migration.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_DEFERRED_H
#define GOOSEPLUS_DEFERRED_H

extern void deferred_check(void);
extern void deferred_reset(void);
extern void deferred_set_all(bool deferred);

#endif							/* GOOSEPLUS_DEFERRED_H */
