/*-------------------------------------------------------------------------
 *
 * transaction.h
 *	  Transactions that a procedure begins and ends by itself.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_TRANSACTION_H
#define GOOSEPLUS_TRANSACTION_H

#include "nodes/nodes.h"
#include "storage/lock.h"

extern void transaction_refuse_atomic(const char *call, const char *why,
									  const Node *context);
extern void transaction_send(void);
extern void transaction_begin_block(void);
extern void transaction_commit(void);
extern LocalTransactionId transaction_number(void);
extern ErrorData *transaction_try(void (*function) (void *), void *arg);

#endif							/* GOOSEPLUS_TRANSACTION_H */
