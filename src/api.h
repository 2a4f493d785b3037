/*-------------------------------------------------------------------------
 *
 * api.h
 *	  What the SQL functions have in common: arguments and rows.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_API_H
#define GOOSEPLUS_API_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "settings.h"

/*
 * All symbols are hidden but these.  PostgreSQL 16 declares the function with
 * PGDLLEXPORT by itself.
 */
#define API_FUNCTION(name) \
extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
PG_FUNCTION_INFO_V1(name)

extern char *api_text(FunctionCallInfo fcinfo, int argument);
extern int64 api_version(FunctionCallInfo fcinfo);
extern Jsonb *api_options(FunctionCallInfo fcinfo, int argument);
extern Settings *api_settings(FunctionCallInfo fcinfo, int argument);
extern Datum api_text_datum(const char *text, bool *isnull);
extern void api_put_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

#endif							/* GOOSEPLUS_API_H */
