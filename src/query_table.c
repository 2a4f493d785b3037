/*-------------------------------------------------------------------------
 *
 * query_table.c
 *	  Our own queries on a table that has been found before.
 *
 * A table of ours is found by name, and trusted or not, and then used by its
 * name again.  In between the owner of its schema can give that another name,
 * and its name to another schema: a query through SPI would look the name up
 * once more and run that schema's triggers with the caller's rights.  Here
 * the query is analyzed once, the table that it means is compared with the
 * one that was found, and what runs is that analyzed query.
 *
 * Other queries go through query.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/tstoreReceiver.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/prs2lock.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "query_table.h"

/*
 * Raises an error if the query means another table than the one found.
 */
static void
check_relations(const Query *query, Oid relation)
{
	ListCell   *cell;

	foreach(cell, query->rtable)
	{
		const RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION && entry->relid != relation)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("table \"%s\" is not the one that was found before",
							entry->eref->aliasname),
					 errdetail("Another table has taken its name since the call began.")));
	}
}

/*
 * Error context: a cursor position of the server's belongs to our query, not
 * to the one of the client.
 */
static void
describe_query(void *arg)
{
	int			cursor = geterrposition();

	if (cursor > 0)
	{
		errposition(0);
		internalerrposition(cursor);
		internalerrquery(arg);
	}
}

/*
 * Raises the error for a command that a rule changes.
 */
static void
refuse_rule(const char *sql)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("a rule has turned a command of gooseplus into another one"),
			 errdetail("The command was: %s", sql),
			 errhint("Drop the rule, or use a trigger instead.")));
}

/*
 * Has the table a rule for such commands?  Those of a table that a view leads
 * to are seen when the query is rewritten.
 */
static bool
has_rule(Oid relation, CmdType command)
{
	Relation	table = RelationIdGetRelation(relation);
	const RuleLock *rules = table->rd_rules;
	bool		found = false;

	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		found = found || rules->rules[i]->event == command;
	RelationClose(table);
	return found;
}

/*
 * Returns the plan of a query, allocated in the current context.  Errors: it
 * means another table, or a rule makes another command of it.
 */
static List *
plan_query(const char *sql, Oid relation, int nargs, const Oid *types)
{
	List	   *raws = raw_parser(sql, RAW_PARSE_DEFAULT);
	Query	   *query;
	List	   *rewritten;
	List	   *plans;
	CmdType		command;
	ErrorContextCallback callback;

	callback.callback = describe_query;
	callback.arg = unconstify(char *, sql);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	PushActiveSnapshot(GetTransactionSnapshot());
	query = parse_analyze_fixedparams(linitial_node(RawStmt, raws), sql, types,
									  nargs, NULL);
	check_relations(query, relation);
	command = query->commandType;
	/* one without RETURNING would be refused with other words */
	if (command != CMD_SELECT && has_rule(relation, command))
		refuse_rule(sql);
	rewritten = pg_rewrite_query(query);
	if (list_length(rewritten) != 1 ||
		linitial_node(Query, rewritten)->commandType != command ||
		!linitial_node(Query, rewritten)->canSetTag)
		refuse_rule(sql);
	plans = pg_plan_queries(rewritten, sql, 0, NULL);
	PopActiveSnapshot();
	error_context_stack = callback.previous;
	return plans;
}

/*
 * Returns the arguments as the executor wants them, palloc'd.
 */
static ParamListInfo
make_params(int nargs, const Oid *types, const Datum *values)
{
	ParamListInfo params = makeParamList(nargs);

	for (int i = 0; i < nargs; i++)
	{
		params->params[i].value = values[i];
		params->params[i].isnull = false;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = types[i];
	}
	return params;
}

/*
 * Gives each row that has been stored to the receiver.
 */
static void
deliver_rows(Tuplestorestate *store, TupleDesc desc, QueryRow receive,
			 void *arg)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);

	while (tuplestore_gettupleslot(store, true, false, slot))
	{
		bool		free_row;
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, &free_row);

		receive(arg, row, desc);
		if (free_row)
			heap_freetuple(row);
	}
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Runs one command on the table, which must be the only one that it names,
 * and gives each row of its result to "receive", which may be NULL.  Returns
 * the number of rows processed.  No argument is null.  Errors: the name means
 * another table by now, or a rule changes the command.
 */
uint64
query_table_run(Oid relation, const char *sql, int nargs, const Oid *types,
				const Datum *values, QueryRow receive, void *arg)
{
	List	   *plans = plan_query(sql, relation, nargs, types);
	Portal		portal = CreateNewPortal();
	DestReceiver *dest = None_Receiver;
	Tuplestorestate *store = NULL;
	QueryCompletion completion;

	portal->visible = false;
	PortalDefineQuery(portal, NULL, sql, CreateCommandTag(linitial(plans)),
					  plans, NULL);
	PortalStart(portal, make_params(nargs, types, values), 0, InvalidSnapshot);
	if (receive != NULL)
	{
		store = tuplestore_begin_heap(false, false, work_mem);
		dest = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(dest, store, CurrentMemoryContext,
										false, NULL, NULL);
	}
	InitializeQueryCompletion(&completion);
	(void) compat_portal_run(portal, false, dest, &completion);
	if (receive != NULL)
	{
		deliver_rows(store, portal->tupDesc, receive, arg);
		dest->rDestroy(dest);
		tuplestore_end(store);
	}
	PortalDrop(portal, false);
	CommandCounterIncrement();
	return completion.nprocessed;
}
