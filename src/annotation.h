/*-------------------------------------------------------------------------
 *
 * annotation.h
 *	  goose's annotations: comment lines such as "-- +goose Up".
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_ANNOTATION_H
#define GOOSEPLUS_ANNOTATION_H

#include "ground.h"

typedef enum Annotation
{
	ANNOTATION_NONE,			/* an ordinary comment */
	ANNOTATION_UP,
	ANNOTATION_DOWN,
	ANNOTATION_STATEMENT_BEGIN,
	ANNOTATION_STATEMENT_END,
	ANNOTATION_NO_TRANSACTION,
	ANNOTATION_ENVSUB_ON,
	ANNOTATION_ENVSUB_OFF,
	/* the rest are mistakes */
	ANNOTATION_INDENTED,
	ANNOTATION_EMPTY,
	ANNOTATION_REPEATED,
	ANNOTATION_UNKNOWN
} Annotation;

extern Annotation annotation_read(const char *line, size_t length,
								  char **argument);

#endif							/* GOOSEPLUS_ANNOTATION_H */
