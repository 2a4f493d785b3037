/*-------------------------------------------------------------------------
 *
 * atomic_rules.c
 *	  What a command may do in a run of one transaction.
 *
 * Some commands cannot run inside a transaction at all; that is seen in the
 * parse tree, before anything runs.  CONCURRENTLY means nothing on a table
 * that this very transaction created, as nobody else can see it: there it is
 * dropped, in the parse tree, and the command runs.  Errors that exist only
 * because everything is one transaction get a hint at gooseplus_deploy.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "atomic_rules.h"
#include "compat.h"
#include "copy_data.h"

static const char deploy_hint[] =
"Run it by CALL gooseplus_deploy, which commits each migration by itself.";

/*
 * Fills in a refusal.
 */
AtomicVerdict
atomic_rules_refuse(AtomicRefusal *refusal, int sqlstate, const char *message,
					const char *hint)
{
	refusal->sqlstate = sqlstate;
	refusal->message = message;
	refusal->hint = hint;
	return ATOMIC_REFUSE;
}

/*
 * Judges a command that begins or ends transactions.
 */
static AtomicVerdict
judge_transaction(const TransactionStmt *stmt, const char *command,
				  AtomicRefusal *refusal)
{
	if (stmt->kind == TRANS_STMT_BEGIN || stmt->kind == TRANS_STMT_START ||
		stmt->kind == TRANS_STMT_COMMIT)
		return ATOMIC_SKIP;
	return atomic_rules_refuse(refusal, ERRCODE_INVALID_TRANSACTION_TERMINATION,
							   psprintf("%s cannot run in a migration, as the run is one transaction",
										command),
							   "Take the command out of the file.");
}

/*
 * Does the command always need to be outside of a transaction?  (Those that
 * call PreventInTransactionBlock() whatever they are applied to.)
 */
bool
atomic_rules_is_never_transactional(const Node *node)
{
	switch (nodeTag(node))
	{
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
		case T_AlterSystemStmt:
			return true;
		case T_VacuumStmt:
			return castNode(VacuumStmt, unconstify(Node *, node))->is_vacuumcmd;
		case T_DiscardStmt:
			return castNode(DiscardStmt, unconstify(Node *, node))->target == DISCARD_ALL;
		case T_ReindexStmt:
			{
				ReindexObjectType kind = castNode(ReindexStmt, unconstify(Node *, node))->kind;

				return kind != REINDEX_OBJECT_INDEX &&
					kind != REINDEX_OBJECT_TABLE;
			}
		default:
			return compat_is_database_wide_cluster(node);
	}
}

/*
 * Refuses a command that talks to the client, whatever the run.  COPY FROM
 * stdin can run with the data that follow it, if it is alone.
 */
AtomicVerdict
atomic_rules_judge_client(const RawStmt *raw, bool alone, bool has_data,
						  AtomicRefusal *refusal)
{
	const CopyStmt *stmt = (const CopyStmt *) raw->stmt;

	if (!IsA(stmt, CopyStmt) || stmt->filename != NULL)
		return ATOMIC_RUN;
	if (!stmt->is_from)
		return atomic_rules_refuse(refusal, ERRCODE_FEATURE_NOT_SUPPORTED,
								   "COPY TO stdout cannot run in a migration",
								   "Use COPY with a file of the server.");
	if (copy_data_is_binary(raw))
		return atomic_rules_refuse(refusal, ERRCODE_FEATURE_NOT_SUPPORTED,
								   "binary data cannot stand in a migration",
								   "Use the format text or csv, or COPY with a file of the server.");
	if (!alone)
		return atomic_rules_refuse(refusal, ERRCODE_FEATURE_NOT_SUPPORTED,
								   "COPY FROM stdin cannot run in one statement with other commands",
								   "Let each command end with its line, outside of StatementBegin and StatementEnd.");
	if (!has_data)
		return atomic_rules_refuse(refusal, ERRCODE_FEATURE_NOT_SUPPORTED,
								   "COPY FROM stdin has no data in the file", copy_data_hint);
	return ATOMIC_RUN;
}

/*
 * Says what a run of one transaction does with a command, the only one of its
 * statement or not, which data follow or not.  The words of a refusal are
 * allocated in the current context.
 */
AtomicVerdict
atomic_rules_judge(const RawStmt *raw, bool alone, bool has_data,
				   AtomicRefusal *refusal)
{
	const Node *node = raw->stmt;
	const char *command = GetCommandTagName(CreateCommandTag(raw->stmt));

	if (IsA(node, TransactionStmt))
		return judge_transaction((const TransactionStmt *) node, command,
								 refusal);
	if (atomic_rules_judge_client(raw, alone, has_data,
								  refusal) == ATOMIC_REFUSE)
		return ATOMIC_REFUSE;
	if (atomic_rules_is_never_transactional(node))
		return atomic_rules_refuse(refusal, ERRCODE_ACTIVE_SQL_TRANSACTION,
								   psprintf("%s cannot run in one transaction with other migrations",
											command),
								   deploy_hint);
	return ATOMIC_RUN;
}

/*
 * Was the table created by this transaction, so that nobody else sees it?  A
 * table that is not there is left for the command itself to report.
 */
static bool
is_new_table(Oid table)
{
	Relation	relation;
	bool		result;

	if (!OidIsValid(table))
		return true;
	relation = try_relation_open(table, AccessShareLock);
	if (relation == NULL)
		return true;
	result = relation->rd_createSubid != InvalidSubTransactionId;
	relation_close(relation, NoLock);
	return result;
}

/* Returns the table of an index, found by name, or InvalidOid. */
static Oid
table_of_index(RangeVar *index)
{
	Oid			oid = RangeVarGetRelid(index, NoLock, true);

	return OidIsValid(oid) ? IndexGetRelation(oid, true) : InvalidOid;
}

/* The command's list of options without CONCURRENTLY. */
static List *
without_concurrently(List *params)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, params)
	{
		DefElem    *param = lfirst_node(DefElem, cell);

		if (strcmp(param->defname, "concurrently") != 0)
			result = lappend(result, param);
	}
	return result;
}

/* Is CONCURRENTLY among the options of REINDEX? */
static bool
reindexes_concurrently(const ReindexStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->params)
	{
		DefElem    *param = lfirst_node(DefElem, cell);

		if (strcmp(param->defname, "concurrently") == 0)
			return defGetBoolean(param);
	}
	return false;
}

/*
 * Finds CONCURRENTLY in a command.  Returns false if it has none; else
 * *table is the table that it is about, InvalidOid if that is not there.
 */
static bool
find_concurrently(Node *node, Oid *table)
{
	if (IsA(node, IndexStmt) && castNode(IndexStmt, node)->concurrent)
	{
		*table = RangeVarGetRelid(castNode(IndexStmt, node)->relation,
								  NoLock, true);
		return true;
	}
	if (IsA(node, ReindexStmt) &&
		reindexes_concurrently(castNode(ReindexStmt, node)))
	{
		ReindexStmt *stmt = castNode(ReindexStmt, node);

		/* a schema or a database has none */
		*table = stmt->relation == NULL ? InvalidOid :
			stmt->kind == REINDEX_OBJECT_INDEX ?
			table_of_index(stmt->relation) :
			RangeVarGetRelid(stmt->relation, NoLock, true);
		return true;
	}
	if (IsA(node, DropStmt) && castNode(DropStmt, node)->concurrent)
	{
		List	   *names = castNode(DropStmt, node)->objects;

		/* several at once are an error of the command's own */
		if (list_length(names) != 1)
			return false;
		*table = table_of_index(makeRangeVarFromNameList(linitial(names)));
		return true;
	}
	if (IsA(node, AlterTableStmt))
	{
		AlterTableStmt *stmt = castNode(AlterTableStmt, node);
		AlterTableCmd *command = linitial_node(AlterTableCmd, stmt->cmds);

		if (command->subtype != AT_DetachPartition ||
			!castNode(PartitionCmd, command->def)->concurrent)
			return false;
		*table = RangeVarGetRelid(stmt->relation, NoLock, true);
		return true;
	}
	return false;
}

/* Returns what a command that can have CONCURRENTLY is called. */
const char *
atomic_rules_command(const Node *node)
{
	return IsA(node, AlterTableStmt) ? "DETACH PARTITION" :
		GetCommandTagName(CreateCommandTag(unconstify(Node *, node)));
}

/* Has the command CONCURRENTLY? */
bool
atomic_rules_is_concurrent(Node *node)
{
	Oid			table;

	return find_concurrently(node, &table);
}

/* Takes CONCURRENTLY out of a command that has it. */
static void
remove_concurrently(Node *node)
{
	switch (nodeTag(node))
	{
		case T_IndexStmt:
			castNode(IndexStmt, node)->concurrent = false;
			break;
		case T_ReindexStmt:
			castNode(ReindexStmt, node)->params =
				without_concurrently(castNode(ReindexStmt, node)->params);
			break;
		case T_DropStmt:
			castNode(DropStmt, node)->concurrent = false;
			break;
		case T_AlterTableStmt:
			{
				AlterTableCmd *command = linitial_node(AlterTableCmd,
													   castNode(AlterTableStmt, node)->cmds);

				castNode(PartitionCmd, command->def)->concurrent = false;
				break;
			}
		default:
			elog(ERROR, "unexpected node type: %d", (int) nodeTag(node));
	}
}

/*
 * May CONCURRENTLY be dropped from a command that has it, on this table?
 */
static bool
may_drop_concurrently(const Settings *settings, Oid table)
{
	return settings->drop_concurrently == DROP_CONCURRENTLY_ALWAYS ||
		(settings->drop_concurrently == DROP_CONCURRENTLY_NEW_TABLES &&
		 is_new_table(table));
}

/*
 * Has the command CONCURRENTLY, and must it keep it?
 */
bool
atomic_rules_keeps_concurrently(Node *node, const Settings *settings)
{
	Oid			table;

	return find_concurrently(node, &table) &&
		!may_drop_concurrently(settings, table);
}

/*
 * Drops CONCURRENTLY from a command where the settings allow it, in the parse
 * tree.  Raises an error where they do not.
 */
void
atomic_rules_drop_concurrently(RawStmt *raw, const Settings *settings)
{
	Oid			table;

	if (!find_concurrently(raw->stmt, &table))
		return;
	if (may_drop_concurrently(settings, table))
	{
		remove_concurrently(raw->stmt);
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("%s CONCURRENTLY cannot run in one transaction with other migrations",
					atomic_rules_command(raw->stmt)),
			 settings->drop_concurrently == DROP_CONCURRENTLY_NEVER ?
			 errdetail("\"gooseplus.drop_concurrently\" is \"never\".") :
			 errdetail("Table \"%s\" was there before this transaction.",
					   get_rel_name(table)),
			 errhint("%s", deploy_hint)));
}

/*
 * Adds the hint at gooseplus_deploy to an error that exists only because
 * everything is one transaction.  The text is allocated in the current
 * context.
 */
void
atomic_rules_explain(ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE:
			error->hint = error->hint == NULL ? pstrdup(deploy_hint) :
				psprintf("%s %s", error->hint, deploy_hint);
			break;
		case ERRCODE_OUT_OF_MEMORY:
			/* a full table of locks is told apart by its setting */
			if (error->hint != NULL &&
				strstr(error->hint, "max_locks_per_transaction") != NULL)
				error->hint = psprintf("%s %s", error->hint, deploy_hint);
			break;
		case ERRCODE_OBJECT_IN_USE: /* pending trigger events */
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
			/* with a hint, the error is our own and says it all */
			if (error->hint == NULL)
				error->hint = pstrdup(deploy_hint);
			break;
		default:
			break;
	}
}
