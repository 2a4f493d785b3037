/*-------------------------------------------------------------------------
 *
 * deploy.h
 *	  A deploy: a run that commits each migration by itself.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_DEPLOY_H
#define GOOSEPLUS_DEPLOY_H

#include "run.h"
#include "session.h"
#include "storage/lock.h"

/* One migration of a deploy, or of the return from a failed one. */
typedef struct DeployStep
{
	Migration  *migration;
	RunRow	   *row;
	const HistoryRow *unfinished;	/* where an earlier run stopped, or NULL */
	const HistoryRow *half;		/* of what it takes back, if that was applied
								 * by half, or NULL */
	const HistoryText *earlier; /* what a repeatable one replaces, or NULL */
	int			first;			/* the statement to begin with */
	bool		journaled;		/* can it be half done? */
	bool		done;			/* all of it, for good */
	HistoryRow	journal;		/* what its history row says, or would say */
	int			committed;		/* statements that are done for good */
	bool		partial;		/* a part of the next one is, too */
	char	   *debris;			/* what could not be cleaned up, or NULL */
} DeployStep;

typedef struct Deploy
{
	Run			run;			/* first: run_statements() passes it on */
	Settings	settings;		/* with the schema of the version table */
	Session    *session;		/* of the caller */
	Oid			user;
	DeployStep *steps;			/* one for each migration of the run */
	HistoryRow	row;			/* of the run */

	/* the migration in progress, NULL between two */
	DeployStep *step;
	LocalTransactionId block;	/* its transaction, as long as it is one */
	const Node *command;		/* with CONCURRENTLY, in progress */
	int			pause;			/* before the next try, milliseconds */
	int			commits;		/* of the statement in progress, by itself */
	LocalTransactionId statement_transaction;

	/* the end of a failed deploy */
	StringInfoData taken_back;	/* labels */
	size_t		kept;			/* how many of the first steps stay done */
	bool		half_done;		/* is the failed one there in part? */
	const char *stopped_at;		/* label of the migration that stayed */
	const char *stopped_why;
} Deploy;

extern int64 deploy_statement(Run *run, const char *sql, Oid function);
extern void deploy_statement_stop(void);
extern void deploy_journal_open(Deploy *deploy);
extern void deploy_journal_close(Deploy *deploy, const char *outcome,
								 const ErrorData *error);
extern void deploy_migrate(Deploy *deploy, DeployStep *step);
extern void deploy_retry_start(const Deploy *deploy);
extern void deploy_retry_stop(void);
extern bool deploy_retry_decide(Deploy *deploy, ErrorData *error,
								int *tries);
extern void deploy_retry_pause(void *arg);
extern void deploy_return(Deploy *deploy, const ErrorData *error);
extern bool deploy_has_returned(const Deploy *deploy);
extern void deploy_explain(Deploy *deploy, ErrorData *error);
extern Step *deploy_resume_steps(Deploy *deploy, Step *steps, size_t *nsteps,
								 const HistoryRow ***unfinished);
extern void deploy_resume_decide(Deploy *deploy, DeployStep *step);
extern void deploy_resume_settle(Deploy *deploy, DeployStep *step);
extern void deploy_resume_clean(Deploy *deploy, const DeployStep *step);

#endif							/* GOOSEPLUS_DEPLOY_H */
