/*-------------------------------------------------------------------------
 *
 * stored.h
 *	  The texts of migrations, kept in the history.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_STORED_H
#define GOOSEPLUS_STORED_H

#include "check.h"
#include "history.h"
#include "history_text.h"
#include "steps.h"

extern void stored_fill(HistoryRow *row, const Migration *migration);
extern void stored_add(SourceSet *sources, const RunRequest *request,
					   const VersionRows *rows);
extern bool stored_has(const RunRequest *request);
extern const Source *stored_whole(const Settings *settings,
								  const HistoryText *text);
extern const Source *stored_gone(const RunRequest *request,
								 const HistoryRow *row);

#endif							/* GOOSEPLUS_STORED_H */
