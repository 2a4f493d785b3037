/*-------------------------------------------------------------------------
 *
 * checksum.h
 *	  The checksum of a migration.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_CHECKSUM_H
#define GOOSEPLUS_CHECKSUM_H

#include "check.h"

extern char *checksum_migration(const Migration *migration);

#endif							/* GOOSEPLUS_CHECKSUM_H */
