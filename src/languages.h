/*-------------------------------------------------------------------------
 *
 * languages.h
 *	  Procedural languages that a command needs or creates.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_LANGUAGES_H
#define GOOSEPLUS_LANGUAGES_H

#include "nodes/nodes.h"

extern const char *languages_needed(const Node *node);
extern bool languages_are_created(const Node *node);

#endif							/* GOOSEPLUS_LANGUAGES_H */
