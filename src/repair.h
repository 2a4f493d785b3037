/*-------------------------------------------------------------------------
 *
 * repair.h
 *	  Accepts the file of an applied migration as it now is.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_REPAIR_H
#define GOOSEPLUS_REPAIR_H

#include "settings.h"

extern bool repair_version(int64 version, const char *env,
						   const Settings *settings);

#endif							/* GOOSEPLUS_REPAIR_H */
