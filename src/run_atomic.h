/*-------------------------------------------------------------------------
 *
 * run_atomic.h
 *	  A run in one transaction: all or nothing.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_ATOMIC_H
#define GOOSEPLUS_RUN_ATOMIC_H

#include "steps.h"

extern List *run_atomic(const RunRequest *request);

#endif							/* GOOSEPLUS_RUN_ATOMIC_H */
