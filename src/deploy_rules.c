/*-------------------------------------------------------------------------
 *
 * deploy_rules.c
 *	  What a command may do in a deploy, and what it does to transactions.
 *
 * Everything is seen in the parse tree.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "deploy_rules.h"

/*
 * Says whether a deploy can run a command in a migration with a transaction,
 * or in one without.  The words of a refusal are allocated in the current
 * context.
 */
AtomicVerdict
deploy_rules_judge(const RawStmt *raw, bool transactional,
				   AtomicRefusal *refusal)
{
	const char *concurrently = "";

	if (atomic_rules_judge_client(raw, refusal) == ATOMIC_REFUSE)
		return ATOMIC_REFUSE;
	if (!transactional)
		return ATOMIC_RUN;
	if (atomic_rules_is_concurrent(raw->stmt))
		concurrently = " CONCURRENTLY";
	else if (!atomic_rules_is_never_transactional(raw->stmt))
		return ATOMIC_RUN;
	refusal->sqlstate = ERRCODE_ACTIVE_SQL_TRANSACTION;
	refusal->message = psprintf("%s%s cannot run inside a transaction",
								atomic_rules_command(raw->stmt), concurrently);
	refusal->hint = "Add the line \"-- +goose NO TRANSACTION\" to the file.";
	return ATOMIC_REFUSE;
}

/* Does the command end a transaction block? */
static bool
ends_transaction(const Node *node)
{
	const TransactionStmt *stmt = (const TransactionStmt *) node;

	return IsA(stmt, TransactionStmt) &&
		(stmt->kind == TRANS_STMT_COMMIT || stmt->kind == TRANS_STMT_ROLLBACK ||
		 stmt->kind == TRANS_STMT_PREPARE);
}

/* Does one of the commands of a statement end a transaction block? */
bool
deploy_rules_ends_transaction(const List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
	{
		if (ends_transaction(lfirst_node(RawStmt, cell)->stmt))
			return true;
	}
	return false;
}

/* Does one of the commands of a statement begin or end transactions? */
bool
deploy_rules_has_transaction(const List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
	{
		if (IsA(lfirst_node(RawStmt, cell)->stmt, TransactionStmt))
			return true;
	}
	return false;
}

/*
 * May a statement commit a part of itself and then fail?  By code of its own,
 * or by commands between others.
 */
bool
deploy_rules_may_commit(const List *raws)
{
	const Node *node;

	if (list_length(raws) != 1)
		return deploy_rules_has_transaction(raws);
	node = linitial_node(RawStmt, raws)->stmt;
	return IsA(node, DoStmt) || IsA(node, CallStmt);
}

/*
 * Returns the command, if it is the only one of its statement and has
 * CONCURRENTLY; else NULL.
 */
const Node *
deploy_rules_concurrent(const List *raws)
{
	Node	   *node;

	if (list_length(raws) != 1)
		return NULL;
	node = linitial_node(RawStmt, raws)->stmt;
	return atomic_rules_is_concurrent(node) ? node : NULL;
}
