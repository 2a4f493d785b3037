/*-------------------------------------------------------------------------
 *
 * extension_version.h
 *	  Do the library and the extension in this database belong together?
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_EXTENSION_VERSION_H
#define GOOSEPLUS_EXTENSION_VERSION_H

extern void extension_version_check(void);

#endif							/* GOOSEPLUS_EXTENSION_VERSION_H */
