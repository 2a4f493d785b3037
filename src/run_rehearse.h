/*-------------------------------------------------------------------------
 *
 * run_rehearse.h
 *	  A run that is undone, to see what it does.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_REHEARSE_H
#define GOOSEPLUS_RUN_REHEARSE_H

#include "steps.h"

extern List *run_rehearse(const RunRequest *request);

#endif							/* GOOSEPLUS_RUN_REHEARSE_H */
