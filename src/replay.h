/*-------------------------------------------------------------------------
 *
 * replay.h
 *	  What the statements that are done have left in their session.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_REPLAY_H
#define GOOSEPLUS_REPLAY_H

#include "deploy.h"

extern List *replay_parse(const Deploy *deploy, const Migration *migration,
						  int ordinal, int *line);
extern int	replay_find_lost(const Deploy *deploy, const DeployStep *step);
extern bool replay_session(const Deploy *deploy, const DeployStep *step);

#endif							/* GOOSEPLUS_REPLAY_H */
