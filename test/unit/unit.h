/*-------------------------------------------------------------------------
 *
 * unit.h
 *	  What the unit tests of the ground floor share.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_UNIT_H
#define GOOSEPLUS_UNIT_H

#include "ground.h"

#include "script.h"

/* A file with its annotation Up, and one with a section of each direction. */
#define UP "-- +goose Up\n"
#define DOWN "-- +goose Down\n"
#define BEGIN "-- +goose StatementBegin\n"
#define END "-- +goose StatementEnd\n"
#define ENVSUB "-- +goose ENVSUB ON\n"

/* One check each; a failure is printed with the file and the name. */
extern void unit_suite(const char *file);
extern void unit_true(const char *name, bool actual);
extern void unit_number(const char *name, int64 expected, int64 actual);
extern void unit_text(const char *name, const char *expected,
					  const char *actual);

/* The variables that ENVSUB finds in the tests. */
extern const char *unit_lookup(void *arg, const char *name, size_t length);

/* Everything that a script gives, as one text; see script_text.c. */
extern char *unit_script(const char *text, size_t length,
						 ScriptDirection direction);

extern void test_annotation(void);
extern void test_character(void);
extern void test_copy(void);
extern void test_filename(void);
extern void test_interpolate(void);
extern void test_lexer(void);
extern void test_plan(void);
extern void test_script(void);
extern void test_script_cuts(void);
extern void test_script_errors(void);
extern void test_script_large(void);
extern void test_script_places(void);

#endif							/* GOOSEPLUS_UNIT_H */
