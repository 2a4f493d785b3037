/*-------------------------------------------------------------------------
 *
 * session.h
 *	  What a migration may change of its session, and how to put it back.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SESSION_H
#define GOOSEPLUS_SESSION_H

typedef struct Session Session;

extern Session *session_save(void);
extern void session_restore(const Session *session);

#endif							/* GOOSEPLUS_SESSION_H */
