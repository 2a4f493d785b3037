/*-------------------------------------------------------------------------
 *
 * problem.h
 *	  What is wrong with migrations, before any of them runs.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_PROBLEM_H
#define GOOSEPLUS_PROBLEM_H

#include "nodes/pg_list.h"

#include "script.h"

typedef struct Problem
{
	const char *source;			/* label of the migration, or NULL */
	int			statement;		/* its number, 0: not known */
	int			line;			/* 0: not known */
	int			column;
	bool		warning;		/* nothing that stops a run */
	int			sqlstate;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} Problem;

extern Problem *problem_make(const char *source, int line, int column,
							 int sqlstate, const char *message);
extern Problem *problem_from_script(const char *source,
									const ScriptProblem *script);
extern Problem *problem_from_note(const char *source, ScriptNoteKind kind,
								  int line);
extern Problem *problem_from_error(const char *source,
								   const ErrorData *error);
extern void problem_add(List **problems, Problem *problem);
extern char *problem_list(const List *problems);
extern void problem_raise(List *problems);

#endif							/* GOOSEPLUS_PROBLEM_H */
