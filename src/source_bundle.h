/*-------------------------------------------------------------------------
 *
 * source_bundle.h
 *	  Migrations in a table of the database.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_BUNDLE_H
#define GOOSEPLUS_SOURCE_BUNDLE_H

#include "source.h"

extern void source_bundle_collect(SourceSet *set, const Settings *settings,
								  const List *environments, bool missing_ok);

#endif							/* GOOSEPLUS_SOURCE_BUNDLE_H */
