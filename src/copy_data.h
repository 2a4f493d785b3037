/*-------------------------------------------------------------------------
 *
 * copy_data.h
 *	  Runs COPY ... FROM stdin with the data that follow it in the file.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_COPY_DATA_H
#define GOOSEPLUS_COPY_DATA_H

#include "nodes/parsenodes.h"

#include "script.h"

extern const char copy_data_hint[];

extern bool copy_data_is_for(const RawStmt *raw);
extern bool copy_data_is_binary(const RawStmt *raw);
extern uint64 copy_data_run(const char *sql, const RawStmt *raw,
							const ScriptData *data);
extern bool copy_data_locate(const ScriptData *data, int *line);

#endif							/* GOOSEPLUS_COPY_DATA_H */
