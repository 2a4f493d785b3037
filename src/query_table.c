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
 * A run writes the same few queries for each of its migrations, so their plans
 * are kept until the transaction ends.  What is kept never looks a name up
 * again.  As in the server's plan cache it counts no more once the table, or
 * any schema, has changed; then the query is analyzed and compared anew.
 *
 * Other queries go through query.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/execdesc.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "rewrite/prs2lock.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "query_table.h"

/* How many plans a transaction keeps, those that count no more included. */
#define KEPT_PLANS_MAX 64

/* A plan that is kept. */
typedef struct KeptPlan
{
	bool		valid;			/* has nothing changed that it knows? */
	Oid			relation;
	LOCKMODE	mode;
	const char *sql;
	PlannedStmt *plan;
} KeptPlan;

/* The plans of the transaction. */
typedef struct KeptPlans
{
	MemoryContext context;
	MemoryContextCallback callback;
	int			count;
	KeptPlan	items[KEPT_PLANS_MAX];
} KeptPlans;

static KeptPlans *kept_plans = NULL;

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
static PlannedStmt *
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
	return linitial_node(PlannedStmt, plans);
}

/*
 * Relation cache callback: gives up the plans that know the relation, or all
 * of them.
 */
static void
forget_relation(Datum arg, Oid relation)
{
	for (int i = 0; kept_plans != NULL && i < kept_plans->count; i++)
	{
		KeptPlan   *kept = &kept_plans->items[i];

		if (!OidIsValid(relation) ||
			list_member_oid(kept->plan->relationOids, relation))
			kept->valid = false;
	}
}

/* System cache callback: gives up all plans. */
static void
forget_all(Datum arg, CompatCacheId cache, uint32 hash)
{
	forget_relation(arg, InvalidOid);
}

/* Memory context callback: the transaction ends. */
static void
forget_kept(void *arg)
{
	kept_plans = NULL;
}

/*
 * Makes room for plans that live as long as the transaction.
 */
static void
begin_keeping(void)
{
	static bool registered = false;
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "gooseplus plans",
												  ALLOCSET_DEFAULT_SIZES);
	KeptPlans  *plans = MemoryContextAllocZero(context, sizeof(KeptPlans));

	plans->context = context;
	plans->callback.func = forget_kept;
	MemoryContextRegisterResetCallback(context, &plans->callback);
	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_relation, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
		registered = true;
	}
	kept_plans = plans;
}

/*
 * Returns the mode in which a plan locks the table, if it can be kept: if it
 * depends on that table alone.  Otherwise NoLock: a view leads to others, and
 * a function may be put in by its text.
 */
static LOCKMODE
keeping_mode(const PlannedStmt *plan, Oid relation)
{
	LOCKMODE	mode = NoLock;
	ListCell   *cell;

	if (plan->invalItems != NIL || plan->dependsOnRole || plan->transientPlan)
		return NoLock;
	foreach(cell, plan->rtable)
	{
		const RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (!OidIsValid(entry->relid))
			continue;
		if (entry->rtekind != RTE_RELATION || entry->relid != relation)
			return NoLock;
		mode = Max(mode, entry->rellockmode);
	}
	return mode;
}

/*
 * Keeps a copy of a plan, if it can be kept and there is room.
 */
static void
keep_plan(Oid relation, const char *sql, PlannedStmt *plan)
{
	LOCKMODE	mode = keeping_mode(plan, relation);
	MemoryContext context;
	KeptPlan   *kept;

	if (mode == NoLock)
		return;
	if (kept_plans == NULL)
		begin_keeping();
	if (kept_plans->count == KEPT_PLANS_MAX)
		return;
	context = MemoryContextSwitchTo(kept_plans->context);
	kept = &kept_plans->items[kept_plans->count];
	kept->relation = relation;
	kept->mode = mode;
	kept->sql = pstrdup(sql);
	kept->plan = copyObject(plan);
	kept->valid = true;
	kept_plans->count++;
	MemoryContextSwitchTo(context);
}

/*
 * Returns the plan that is kept of a query, or NULL.  What others have changed
 * is heard of when the table is locked: the lock can be gone that came with
 * the plan, if a subtransaction has been undone since.
 */
static PlannedStmt *
find_plan(Oid relation, const char *sql)
{
	for (int i = 0; kept_plans != NULL && i < kept_plans->count; i++)
	{
		KeptPlan   *kept = &kept_plans->items[i];

		if (!kept->valid || kept->relation != relation ||
			strcmp(kept->sql, sql) != 0)
			continue;
		LockRelationOid(relation, kept->mode);
		if (kept->valid)
			return kept->plan;
	}
	return NULL;
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

/* Gives each row to a function, as it comes. */
typedef struct RowReceiver
{
	DestReceiver pub;
	MemoryContext context;		/* of the caller */
	QueryRow	receive;
	void	   *arg;
} RowReceiver;

static void
begin_rows(DestReceiver *self, int operation, TupleDesc desc)
{
}

static bool
receive_row(TupleTableSlot *row, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext context = MemoryContextSwitchTo(receiver->context);

	receiver->receive(receiver->arg, row);
	MemoryContextSwitchTo(context);
	return true;
}

static void
end_rows(DestReceiver *self)
{
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
	PlannedStmt *plan = find_plan(relation, sql);
	RowReceiver receiver = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = begin_rows,
			.rShutdown = end_rows,
			.rDestroy = end_rows,
			.mydest = DestNone
		},
		.context = CurrentMemoryContext,
		.receive = receive,
		.arg = arg
	};
	QueryDesc  *query;
	uint64		processed;

	if (plan == NULL)
	{
		plan = plan_query(sql, relation, nargs, types);
		keep_plan(relation, sql, plan);
	}
	PushActiveSnapshot(GetTransactionSnapshot());
	query = CreateQueryDesc(plan, sql, GetActiveSnapshot(), InvalidSnapshot,
							receive == NULL ? None_Receiver : &receiver.pub,
							make_params(nargs, types, values), NULL, 0);
	ExecutorStart(query, 0);
	compat_executor_run(query);
	processed = query->estate->es_processed;
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
	CommandCounterIncrement();
	return processed;
}
