/*-------------------------------------------------------------------------
 *
 * wait.h
 *	  Waiting until the database has reached a version.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_WAIT_H
#define GOOSEPLUS_WAIT_H

#include "datatype/timestamp.h"

#include "settings.h"

extern bool wait_for_version(int64 version, const Interval *timeout,
							 const Settings *settings);

#endif							/* GOOSEPLUS_WAIT_H */
