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

#endif							/* GOOSEPLUS_DEFERRED_H */
