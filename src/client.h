/*-------------------------------------------------------------------------
 *
 * client.h
 *	  The connection to the client.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_CLIENT_H
#define GOOSEPLUS_CLIENT_H

extern void client_gather(bool gather);

#endif							/* GOOSEPLUS_CLIENT_H */
