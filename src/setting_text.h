/*-------------------------------------------------------------------------
 *
 * setting_text.h
 *	  The texts of settings, read and checked.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SETTING_TEXT_H
#define GOOSEPLUS_SETTING_TEXT_H

#include "nodes/pg_list.h"

extern List *setting_text_table(const char *name);
extern bool setting_text_bigint(const char *text, int64 *id);
extern List *setting_text_split(const char *text);
extern List *setting_text_list(const char *text);
extern bool setting_text_versions(const char *text, List **versions);
extern bool setting_text_is_shallow(const char *json);

#endif							/* GOOSEPLUS_SETTING_TEXT_H */
