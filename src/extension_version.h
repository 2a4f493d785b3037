/*-------------------------------------------------------------------------
 *
 * extension_version.h
 *	  The extension in this database.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_EXTENSION_VERSION_H
#define GOOSEPLUS_EXTENSION_VERSION_H

extern char *extension_schema(void);
extern void extension_version_check(void);

#endif							/* GOOSEPLUS_EXTENSION_VERSION_H */
