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

/* Is the node a transaction command of that kind? */
static bool
is_transaction(const Node *node, TransactionStmtKind kind)
{
	return IsA(node, TransactionStmt) &&
		((const TransactionStmt *) node)->kind == kind;
}

static const char no_transaction_hint[] =
"Add the line \"-- +goose NO TRANSACTION\" to the file.";

/*
 * Says whether a deploy can run a command in a migration with a transaction,
 * or in one without; as the only command of its statement, or not; with data
 * that follow it, or not.  The words of a refusal are allocated in the current context.
 */
AtomicVerdict
deploy_rules_judge(const RawStmt *raw, bool transactional, bool alone,
				   bool has_data, AtomicRefusal *refusal)
{
	const char *concurrently = "";
	const char *command = atomic_rules_command(raw->stmt);

	if (atomic_rules_judge_client(raw, alone, has_data,
								  refusal) == ATOMIC_REFUSE)
		return ATOMIC_REFUSE;
	if (is_transaction(raw->stmt, TRANS_STMT_PREPARE))
		return atomic_rules_refuse(refusal, ERRCODE_INVALID_TRANSACTION_TERMINATION,
								   "PREPARE TRANSACTION cannot run in a migration",
								   "Use COMMIT: nobody would know what to do with the prepared transaction.");
	if (atomic_rules_is_concurrent(raw->stmt))
		concurrently = " CONCURRENTLY";
	else if (!atomic_rules_is_never_transactional(raw->stmt))
		return ATOMIC_RUN;
	if (transactional)
		return atomic_rules_refuse(refusal, ERRCODE_ACTIVE_SQL_TRANSACTION,
								   psprintf("%s%s cannot run inside a transaction",
											command, concurrently),
								   no_transaction_hint);
	if (!alone)
		return atomic_rules_refuse(refusal, ERRCODE_ACTIVE_SQL_TRANSACTION,
								   psprintf("%s%s cannot run in one statement with other commands",
											command, concurrently),
								   "Let each command end with its line, outside of StatementBegin and StatementEnd.");
	return ATOMIC_RUN;
}

/*
 * Adds a hint to an error that exists only because the migration is one
 * transaction.  The text is allocated in the current context.
 */
void
deploy_rules_explain(ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE)
		error->hint = error->hint == NULL ? pstrdup(no_transaction_hint) :
			psprintf("%s %s", error->hint, no_transaction_hint);
	else if ((error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_TERMINATION ||
			  error->sqlerrcode == ERRCODE_ACTIVE_SQL_TRANSACTION) &&
			 error->hint == NULL)
		error->hint = pstrdup(no_transaction_hint);
}

/* Does one of the commands of a statement end a transaction block? */
bool
deploy_rules_ends_transaction(const List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
	{
		const Node *node = lfirst_node(RawStmt, cell)->stmt;

		if (is_transaction(node, TRANS_STMT_COMMIT) ||
			is_transaction(node, TRANS_STMT_ROLLBACK))
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

/*
 * Is it a lone COMMIT?  AND CHAIN begins a transaction, too; *chain tells.
 */
bool
deploy_rules_is_commit(const List *raws, bool *chain)
{
	const Node *node;

	*chain = false;
	if (list_length(raws) != 1)
		return false;
	node = linitial_node(RawStmt, raws)->stmt;
	if (!is_transaction(node, TRANS_STMT_COMMIT))
		return false;
	*chain = ((const TransactionStmt *) node)->chain;
	return true;
}
