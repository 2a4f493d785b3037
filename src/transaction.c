/*-------------------------------------------------------------------------
 *
 * transaction.c
 *	  Transactions that a procedure begins and ends by itself.
 *
 * A procedure that the client calls by itself, outside of a transaction
 * block, may end the transaction that it was called in, run others, and
 * return inside yet another one.  In between there is always a transaction,
 * as PostgreSQL needs one to look anything up; one that has done nothing
 * holds no snapshot, no transaction id and no lock.
 *
 * This is what SPI_commit() and SPI_rollback() do (spi.c), but without SPI:
 * no command of a migration could be a top-level one below it.  Memory that
 * is to outlive a transaction must not be in a context of the transaction's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "utils/portal.h"
#include "utils/timeout.h"

#include "compat.h"
#include "transaction.h"

/*
 * Raises an error unless a procedure may end its transaction.  "why" says why
 * it does, a sentence without its end; the context is the one of its call.  A
 * call from PL code has a context that is not atomic, too, but its SPI
 * connections would not survive.
 */
void
transaction_refuse_atomic(const char *call, const char *why,
						  const Node *context)
{
	const char *hint = "Call it from the client, by itself and outside of a transaction block.";

	if (SPI_inside_nonatomic_context())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot be called by a function, a procedure or a DO block",
						call),
				 errdetail("%s.", why),
				 errhint("%s", hint)));
	if (context == NULL || !IsA(context, CallContext) ||
		((const CallContext *) context)->atomic || IsTransactionBlock() ||
		compat_is_pipelining())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot run inside a transaction block", call),
				 errdetail("%s; so it runs neither between BEGIN and COMMIT, nor in one request with other commands, nor as a SECURITY DEFINER procedure or one with a SET clause.",
						   why),
				 errhint("%s", hint)));
}

/*
 * Ends a command as the server does when a client's request has been served,
 * and begins the next: outside of a block, the transaction is committed.  The
 * memory context stays.  Errors: the transaction cannot be committed; no cancel
 * comes once it is.
 */
void
transaction_send(void)
{
	MemoryContext context = CurrentMemoryContext;

	ForgetPortalSnapshots();
	CommitTransactionCommand();
	HOLD_INTERRUPTS();
	/* now() is the time of this transaction, not of the call */
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	RESUME_INTERRUPTS();
	MemoryContextSwitchTo(context);
}

/* Begins a transaction block, as BEGIN does. */
void
transaction_begin_block(void)
{
	BeginTransactionBlock();
	transaction_send();
}

/*
 * Commits what is in progress, a block included, and begins a transaction.
 */
void
transaction_commit(void)
{
	if (IsTransactionBlock())
		(void) EndTransactionBlock(false);
	transaction_send();
}

/* Returns the number of this transaction in this backend. */
LocalTransactionId
transaction_number(void)
{
	VirtualTransactionId id;

	GET_VXID_FROM_PGPROC(id, *MyProc);
	return id.localTransactionId;
}

/*
 * Calls the function.  Returns NULL if it came back.  Returns the error,
 * palloc'd in the current context, if it raised one: then the transaction in
 * progress, of whatever kind, has been undone, and another one has begun; the
 * limit of the statement in progress has ended.  What the function committed
 * stays.
 */
ErrorData *
transaction_try(void (*function) (void *), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		function(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		disable_timeout(STATEMENT_TIMEOUT, false);
		/* a file's own BEGIN would survive AbortCurrentTransaction() */
		AbortOutOfAnyTransaction();
		/* our own queries gave the portal of the call a snapshot, now gone */
		if (PortalIsValid(ActivePortal))
			ActivePortal->portalSnapshot = NULL;
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return error;
}
