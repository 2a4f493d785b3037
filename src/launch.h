/*-------------------------------------------------------------------------
 *
 * launch.h
 *	  Starting a deploy in a background worker.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LAUNCH_H
#define GOOSEPLUS_LAUNCH_H

#include "utils/jsonb.h"

extern int	launch_deploy(const char *env, bool has_version, int64 version,
						  const Jsonb *options, const char *resume);

#endif							/* GOOSEPLUS_LAUNCH_H */
