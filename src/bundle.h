/*-------------------------------------------------------------------------
 *
 * bundle.h
 *	  Takes a snapshot of a directory into a bundle.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_BUNDLE_H
#define GOOSEPLUS_BUNDLE_H

extern int64 bundle_load(const char *bundle, const char *directory);

#endif							/* GOOSEPLUS_BUNDLE_H */
