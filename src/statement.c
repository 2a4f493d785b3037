/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  Runs one statement of a migration, and says where it stands.
 *
 * A statement is what goose would send to the server in one go; it may hold
 * several commands.  Each runs as exec_simple_query() of tcop/postgres.c runs
 * it, through a portal whose result is discarded: either inside the caller's
 * transaction, or, in a procedure, as if the client had sent it.  SPI would
 * parse the text by itself; we need the parse tree in between, to leave
 * commands out or to change them.  And nothing can be a top-level command
 * below SPI.
 *
 * Which commands are left out or changed is decided in atomic_rules.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "compat.h"
#include "copy_data.h"
#include "encoding.h"
#include "statement.h"
#include "transaction.h"

/* Longer statements are quoted in errors with this much around the place. */
#define QUOTE_BYTES 1000

/*
 * Returns the byte of the text where its n-th character, from 1, begins.
 */
static size_t
character_offset(const char *text, size_t length, int encoding, int n)
{
	size_t		offset = 0;

	while (--n > 0 && offset < length)
		offset += pg_encoding_mblen(encoding, text + offset);
	return Min(offset, length);
}

/*
 * Finds the line and column in the file for a cursor position in the
 * statement, from 1.  When it is 0, it is the line of the data that COPY has
 * come to, or else the statement's first character.
 */
static void
locate(StatementPlace *place, int cursor)
{
	const ScriptStatement *script = &place->script;

	/* the server counts characters; with SQL_ASCII each byte is one */
	int			encoding = GetDatabaseEncoding() == PG_SQL_ASCII ?
	PG_SQL_ASCII : PG_UTF8;

	place->line = script->line;
	place->column = script->column;
	if (cursor > 0)
		script_locate(place->reader,
					  character_offset(script->text, script->length, encoding,
									   cursor),
					  &place->line, &place->column);
	else if (copy_data_locate(&script->data, &place->line))
		place->column = 1;
}

/*
 * Quotes the statement in the error being built: all of it, or the part
 * around the cursor position if it is long.
 */
static void
quote_statement(const char *sql, int cursor)
{
	int			length = strlen(sql);
	int			middle;
	int			from;
	int			to;

	if (length <= 2 * QUOTE_BYTES)
	{
		internalerrposition(cursor);
		internalerrquery(sql);
		return;
	}
	middle = character_offset(sql, length, GetDatabaseEncoding(), cursor);
	from = pg_mbcliplen(sql, middle, Max(middle - QUOTE_BYTES, 0));
	to = from + pg_mbcliplen(sql + from, length - from, 2 * QUOTE_BYTES);
	internalerrposition(pg_mbstrlen_with_len(sql + from, middle - from) + 1);
	internalerrquery(pnstrdup(sql + from, to - from));
}

/*
 * Error context: the place in the file.  A cursor position of the server's
 * belongs to our statement, not to the query of our caller, so it becomes an
 * internal one, as SPI does it (_SPI_error_callback()).
 */
static void
describe_place(void *arg)
{
	StatementPlace *place = arg;
	int			cursor = geterrposition();

	locate(place, cursor);
	if (cursor > 0)
	{
		errposition(0);
		quote_statement(place->sql, cursor);
	}
	errcontext("statement %d at %s:%d:%d", place->script.ordinal,
			   place->source, place->line, place->column);
}

/*
 * From now on errors and notices name the statement's place.  The text in
 * the database's encoding is allocated in the current context.
 */
void
statement_push_place(StatementPlace *place, const char *source,
					 const ScriptReader *reader,
					 const ScriptStatement *script)
{
	place->source = source;
	place->reader = reader;
	place->script = *script;
	/* that it is valid UTF-8 is known, and not verified again */
	place->sql = encoding_is_converted() ?
		encoding_to_server(script->text, script->length) : script->text;
	locate(place, 0);
	place->callback.callback = describe_place;
	place->callback.arg = place;
	place->callback.previous = error_context_stack;
	error_context_stack = &place->callback;
}

/* Ends what statement_push_place() began. */
void
statement_pop_place(StatementPlace *place)
{
	error_context_stack = place->callback.previous;
}

/*
 * Returns the line in the file where a byte of the statement's text stands.
 */
int
statement_line(StatementPlace *place, int location)
{
	locate(place, pg_mbstrlen_with_len(place->sql, location) + 1);
	return place->line;
}

/*
 * Returns the commands of a statement, as RawStmt.  Errors: PostgreSQL's for
 * its grammar.
 */
List *
statement_parse(const char *sql)
{
	return raw_parser(sql, RAW_PARSE_DEFAULT);
}

/*
 * Returns the function that a query calls, if that is all it does: SELECT f()
 * or CALL f().
 */
static Oid
called_function(const Query *query)
{
	const Node *call = NULL;

	if (query->commandType == CMD_SELECT && list_length(query->targetList) == 1)
		call = (Node *) linitial_node(TargetEntry, query->targetList)->expr;
	else if (query->commandType == CMD_UTILITY &&
			 IsA(query->utilityStmt, CallStmt))
		call = (Node *) castNode(CallStmt, query->utilityStmt)->funcexpr;
	return call != NULL && IsA(call, FuncExpr) ?
		((const FuncExpr *) call)->funcid : InvalidOid;
}

/*
 * Returns the plans of a command, allocated in the current context.  Errors:
 * see statement_run().
 */
static List *
plan_command(const char *sql, RawStmt *raw, Oid function)
{
	bool		snapshot = analyze_requires_snapshot(raw);
	List	   *queries;
	List	   *plans;

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, sql, NULL, 0, NULL);
	if (OidIsValid(function) &&
		called_function(linitial_node(Query, queries)) != function)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the registered function is not the one that was checked before the run"),
				 errdetail("Another function has taken its name since the call began.")));
	plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();
	return plans;
}

/*
 * Runs one command through a portal of its own, unless it is COPY with these
 * data.  Returns the number of rows that it processed.
 */
static uint64
run_command(const char *sql, RawStmt *raw, Oid function,
			const ScriptData *data, bool top_level)
{
	CommandTag	tag = CreateCommandTag(raw->stmt);
	List	   *plans;
	Portal		portal;
	QueryCompletion completion;

	CHECK_FOR_INTERRUPTS();
	if (copy_data_is_for(raw))
		return copy_data_run(sql, raw, data);
	plans = plan_command(sql, raw, function);
	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, tag, plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	InitializeQueryCompletion(&completion);
	(void) compat_portal_run(portal, top_level, None_Receiver, &completion);
	PortalDrop(portal, false);
	return completion.nprocessed;
}

/*
 * Runs one command of a statement inside the caller's transaction, and makes
 * its effects visible to the next one.  Returns the number of rows that it
 * processed.  If a function is given, the command must be its call: an error
 * if its name means another one by now.  COPY ... FROM stdin reads the data;
 * there must be some for it, and may be none otherwise.
 */
uint64
statement_run(const char *sql, RawStmt *raw, Oid function,
			  const ScriptData *data)
{
	uint64		rows = run_command(sql, raw, function, data, false);

	CommandCounterIncrement();
	return rows;
}

/*
 * Starts the time limit of one statement, as the server does for each of a
 * client's, with what the setting is now: a file may have set it.  The one
 * that runs was started for the call.
 */
static void
start_statement_timeout(void)
{
	if (StatementTimeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
	else
		disable_timeout(STATEMENT_TIMEOUT, false);
}

/*
 * Runs all commands of a statement as if a client had sent it: outside of a
 * transaction block each by itself if it is the only one, several as one
 * implicit block (exec_simple_query() of tcop/postgres.c).  Returns the number
 * of rows processed.  "finish", if given, is called at the end of the work, in
 * its last transaction, unless a command has ended that one.  Afterwards a
 * new transaction is in progress, or the block that the statement began.
 */
uint64
statement_send(const char *sql, List *raws, Oid function,
			   const ScriptData *data, void (*finish) (void *), void *arg)
{
	bool		single = list_length(raws) == 1;
	bool		ended = false;
	uint64		rows = 0;
	ListCell   *cell;
	MemoryContext command_context = AllocSetContextCreate(CurrentMemoryContext,
														  "gooseplus command",
														  ALLOCSET_DEFAULT_SIZES);
	MemoryContext context = MemoryContextSwitchTo(command_context);

	start_statement_timeout();
	foreach(cell, raws)
	{
		RawStmt    *raw = lfirst_node(RawStmt, cell);

		if (!single)
			BeginImplicitTransactionBlock();
		rows += run_command(sql, raw, function, data, single);
		ended = IsA(raw->stmt, TransactionStmt);
		if (ended)
			transaction_send();
		else
			CommandCounterIncrement();
		MemoryContextReset(command_context);
	}
	MemoryContextSwitchTo(context);
	MemoryContextDelete(command_context);
	disable_timeout(STATEMENT_TIMEOUT, false);
	if (!single && !ended)
		EndImplicitTransactionBlock();
	if (finish != NULL)
		finish(arg);
	transaction_send();
	return rows;
}
