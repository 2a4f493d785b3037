/*-------------------------------------------------------------------------
 *
 * atomic_rules.h
 *	  What a command may do in a run of one transaction.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_ATOMIC_RULES_H
#define GOOSEPLUS_ATOMIC_RULES_H

#include "nodes/parsenodes.h"

#include "settings.h"

typedef enum AtomicVerdict
{
	ATOMIC_RUN,
	ATOMIC_SKIP,				/* BEGIN and COMMIT: the run is the
								 * transaction */
	ATOMIC_REFUSE
} AtomicVerdict;

typedef struct AtomicRefusal
{
	int			sqlstate;
	const char *message;
	const char *hint;
} AtomicRefusal;

extern AtomicVerdict atomic_rules_refuse(AtomicRefusal *refusal, int sqlstate,
										 const char *message,
										 const char *hint);
extern AtomicVerdict atomic_rules_judge(const RawStmt *raw, bool alone,
										bool has_data,
										AtomicRefusal *refusal);
extern AtomicVerdict atomic_rules_judge_client(const RawStmt *raw, bool alone,
											   bool has_data,
											   AtomicRefusal *refusal);
extern const char *atomic_rules_command(const Node *node);
extern bool atomic_rules_is_never_transactional(const Node *node);
extern bool atomic_rules_is_concurrent(Node *node);
extern bool atomic_rules_keeps_concurrently(Node *node,
											const Settings *settings);
extern void atomic_rules_drop_concurrently(RawStmt *raw,
										   const Settings *settings);
extern void atomic_rules_explain(ErrorData *error);

#endif							/* GOOSEPLUS_ATOMIC_RULES_H */
