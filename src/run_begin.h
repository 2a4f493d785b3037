/*-------------------------------------------------------------------------
 *
 * run_begin.h
 *	  What a run does before its first statement.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_RUN_BEGIN_H
#define GOOSEPLUS_RUN_BEGIN_H

#include "run.h"

extern void run_refuse_unless_possible(const char *call);
extern void run_refuse_nested(const char *call);
extern SourceSet *run_collect(const RunRequest *request);
extern void run_begin(Run *run, const RunRequest *request, CheckMode mode);
extern void run_end(Run *run);
extern VersionRows *run_read_versions(Run *run);
extern Step *run_make_steps(Run *run, const VersionRows *rows, size_t *nsteps);
extern void run_prepare(Run *run, const Step *steps, size_t nsteps);

#endif							/* GOOSEPLUS_RUN_BEGIN_H */
