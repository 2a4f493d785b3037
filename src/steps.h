/*-------------------------------------------------------------------------
 *
 * steps.h
 *	  Which migrations a call runs, in which direction and order.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_STEPS_H
#define GOOSEPLUS_STEPS_H

#include "history_text.h"
#include "script.h"
#include "source.h"
#include "version_table.h"

typedef enum RunCommand
{
	COMMAND_UP,					/* up to a version, or PLAN_NO_TARGET */
	COMMAND_UP_BY_ONE,
	COMMAND_DOWN,				/* the last one recorded */
	COMMAND_DOWN_TO,			/* down to a version, which stays */
	COMMAND_REDO,				/* down and up of the last one recorded */
	COMMAND_APPLY,				/* one version, in a direction */
	COMMAND_BASELINE			/* record up to a version, run nothing */
} RunCommand;

/* What a call asks for. */
typedef struct RunRequest
{
	const char *function;		/* the SQL function called */
	RunCommand	command;
	int64		version;
	ScriptDirection direction;	/* of COMMAND_APPLY */
	const char *env;			/* or NULL */
	const Settings *settings;
	const char *resume;			/* of a deploy: "retry", "skip" or NULL */
} RunRequest;

typedef struct Step
{
	const Source *source;
	ScriptDirection direction;
	const HistoryText *earlier; /* of a repeatable migration, or NULL */
} Step;

extern bool steps_go_down(const RunRequest *request);
extern const char *steps_direction(const RunRequest *request);
extern void steps_refuse_version(const RunRequest *request);
extern const Source *steps_find_source(const SourceSet *sources,
									   int64 version);
extern Step *steps_make(const RunRequest *request, const SourceSet *sources,
						const VersionRows *rows, size_t *nsteps);

#endif							/* GOOSEPLUS_STEPS_H */
