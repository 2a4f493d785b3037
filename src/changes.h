/*-------------------------------------------------------------------------
 *
 * changes.h
 *	  Migrations that have changed since they were applied.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_CHANGES_H
#define GOOSEPLUS_CHANGES_H

#include "history.h"
#include "history_text.h"
#include "problem.h"
#include "source.h"
#include "version_table.h"

/* A migration that is not what it was. */
typedef struct Change
{
	const Source *source;
	const char *why;			/* it cannot be compared, or NULL */
} Change;

extern bool changes_is_same(const Source *source, const HistoryText *text,
							const SourceStamp *stamp, const char **why,
							SourceStamp *new_stamp);
extern List *changes_find(const SourceSet *sources, const VersionRows *rows,
						  const TrustedTable *history,
						  const Settings *settings, List **stamps);
extern Problem *changes_problem(const Change *change,
								const Settings *settings);
extern void changes_report(const List *changes, const Settings *settings);

#endif							/* GOOSEPLUS_CHANGES_H */
