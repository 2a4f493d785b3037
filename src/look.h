/*-------------------------------------------------------------------------
 *
 * look.h
 *	  What can be seen without changing anything.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LOOK_H
#define GOOSEPLUS_LOOK_H

#include "datatype/timestamp.h"

#include "script.h"
#include "settings.h"

/* One migration that is at hand, or recorded, or both. */
typedef struct LookStatus
{
	int64		version;		/* 0: repeatable */
	const char *source;			/* label, NULL if missing */
	const char *environment;	/* NULL if missing */
	const char *state;
	Timestamp	applied_at;
	bool		has_applied_at;
} LookStatus;

/* One statement of a script. */
typedef struct LookStatement
{
	int			ordinal;
	int			line;
	const char *text;			/* database's encoding */
	bool		transactional;
} LookStatement;

extern ScriptDirection look_direction(const char *direction);
extern LookStatus *look_status(const char *env, const Settings *settings,
							   size_t *count);
extern int64 look_db_version(const Settings *settings);
extern void look_versions(const char *env, const Settings *settings,
						  int64 *current, int64 *target);
extern bool look_has_pending(const char *env, const Settings *settings);
extern List *look_validate(const char *env, const Settings *settings);
extern List *look_statements(const char *script, const char *direction,
							 const Settings *settings);

#endif							/* GOOSEPLUS_LOOK_H */
