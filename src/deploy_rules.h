/*-------------------------------------------------------------------------
 *
 * deploy_rules.h
 *	  What a command may do in a deploy, and what it does to transactions.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_DEPLOY_RULES_H
#define GOOSEPLUS_DEPLOY_RULES_H

#include "atomic_rules.h"

extern AtomicVerdict deploy_rules_judge(const RawStmt *raw,
										bool transactional, bool alone,
										bool has_data,
										AtomicRefusal *refusal);
extern void deploy_rules_explain(ErrorData *error);
extern bool deploy_rules_ends_transaction(const List *raws);
extern bool deploy_rules_has_transaction(const List *raws);
extern bool deploy_rules_may_commit(const List *raws);
extern bool deploy_rules_is_commit(const List *raws, bool *chain);
extern const Node *deploy_rules_concurrent(const List *raws);

#endif							/* GOOSEPLUS_DEPLOY_RULES_H */
