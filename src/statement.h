/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  Runs one statement of a migration, and says where it stands.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_STATEMENT_H
#define GOOSEPLUS_STATEMENT_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "script.h"

/* What errors and notices of a statement are told about its place. */
typedef struct StatementPlace
{
	const char *source;			/* label of the migration */
	const ScriptReader *reader;
	ScriptStatement script;		/* as the reader returned it */
	const char *sql;			/* its text in the database's encoding */
	int			line;			/* where the last error or notice was */
	int			column;
	ErrorContextCallback callback;
} StatementPlace;

extern void statement_push_place(StatementPlace *place, const char *source,
								 const ScriptReader *reader,
								 const ScriptStatement *script);
extern void statement_pop_place(StatementPlace *place);
extern int	statement_line(StatementPlace *place, int location);
extern List *statement_parse(const char *sql);
extern uint64 statement_run(const char *sql, RawStmt *raw, Oid function,
							const ScriptData *data);
extern uint64 statement_send(const char *sql, List *raws, Oid function,
							 const ScriptData *data, void (*finish) (void *), void *arg);

#endif							/* GOOSEPLUS_STATEMENT_H */
