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

#include "tcop/utility.h"

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
	const char *command = GetCommandTagName(CreateCommandTag(raw->stmt));
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
								command, concurrently);
	refusal->hint = "Add the line \"-- +goose NO TRANSACTION\" to the file.";
	return ATOMIC_REFUSE;
}

/* Does the command end a transaction block? */
bool
deploy_rules_ends_transaction(const RawStmt *raw)
{
	const TransactionStmt *stmt = (const TransactionStmt *) raw->stmt;

	return IsA(stmt, TransactionStmt) &&
		(stmt->kind == TRANS_STMT_COMMIT || stmt->kind == TRANS_STMT_ROLLBACK ||
		 stmt->kind == TRANS_STMT_PREPARE);
}

/*
 * May a statement commit a part of itself and then fail?
 */
bool
deploy_rules_may_commit(const List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
	{
		const Node *node = lfirst_node(RawStmt, cell)->stmt;

		if (IsA(node, DoStmt) || IsA(node, CallStmt) ||
			(IsA(node, TransactionStmt) && list_length(raws) > 1))
			return true;
	}
	return false;
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
