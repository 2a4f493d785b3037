/*-------------------------------------------------------------------------
 *
 * run_deploy.h
 *	  A run that commits each migration by itself.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_DEPLOY_H
#define GOOSEPLUS_RUN_DEPLOY_H

#include "steps.h"

extern void run_deploy_check(const RunRequest *request);
extern void run_deploy(const RunRequest *request);

#endif							/* GOOSEPLUS_RUN_DEPLOY_H */
