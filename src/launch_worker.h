/*-------------------------------------------------------------------------
 *
 * launch_worker.h
 *	  The background worker of a deploy, and what its caller hands to it.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LAUNCH_WORKER_H
#define GOOSEPLUS_LAUNCH_WORKER_H

#include "port/atomics.h"
#include "storage/proc.h"

#include "steps.h"

/*
 * Begins the segment, for a worker that loads another version of the library
 * than its caller has.  To be changed with the layout.
 */
#define LAUNCH_MAGIC 0x67706c31

/*
 * What the segment holds.  The texts are env, resume and options, then pairs
 * of a setting's name and its value.  Each begins with one of the bytes below
 * and ends in a zero byte.
 */
typedef struct LaunchSegment
{
	uint32		magic;
	pg_atomic_uint32 worker;	/* its process id, as soon as it is ready */
	PGPROC	   *caller;			/* whose latch to set then */
	Oid			database;
	Oid			session_user;
	Oid			role;			/* InvalidOid: none, the session user's own */
	bool		has_version;
	int64		version;
	Size		length;			/* of the texts */
	char		texts[FLEXIBLE_ARRAY_MEMBER];
} LaunchSegment;

#define LAUNCH_TEXT 't'
#define LAUNCH_NULL 'n'

extern void launch_request(RunRequest *request, const char *env,
						   bool has_version, int64 version,
						   const Jsonb *options, const char *resume);
extern PGDLLEXPORT void gooseplus_launch_main(Datum handle);

#endif							/* GOOSEPLUS_LAUNCH_WORKER_H */
