/*-------------------------------------------------------------------------
 *
 * deploy_statement.c
 *	  One statement of a migration in a deploy, and the journal of those that
 *	  can be half done.
 *
 * A migration that is one transaction needs no journal: it is there or it is
 * not.  The others have a row in the history from before their first
 * statement.  Before a statement its number is written there and committed;
 * afterwards, that it is done, in the very transaction that did it.  So what
 * has begun and is not done has changed nothing, with three exceptions:
 *
 *	- commands with CONCURRENTLY: see indexes.c;
 *	- code that commits by itself, in DO and CALL: its first COMMIT also
 *	  writes that a part of the statement is done;
 *	- COMMIT, which cannot write after itself: if its number is there, from
 *	  inside the transaction that it ends, it is done.
 *
 * Inside a BEGIN of the file nothing is written but that its COMMIT begins: a
 * query of ours would be in the way of SET TRANSACTION, and whatever is undone
 * begins again with BEGIN.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "deploy.h"
#include "deploy_rules.h"
#include "history_table.h"
#include "indexes.h"
#include "migration_lock.h"
#include "run_record.h"
#include "stored.h"
#include "transaction.h"

/* The deploy whose statement in progress may commit by itself, or NULL. */
static Deploy *watched = NULL;

/*
 * Writes the journal's row, with the rights of the caller of the deploy: the
 * migration may have taken on another role, or made transactions read-only.
 */
static void
write_journal(Deploy *deploy)
{
	HistoryRow *journal = &deploy->step->journal;
	TrustedTable *table;
	bool		read_only = XactReadOnly;
	Oid			user;
	int			context;

	XactReadOnly = false;
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(deploy->user,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	/* trusted or not, there or not: that can have changed meanwhile */
	table = history_ensure(&deploy->settings);
	if (table != NULL)
		history_put(table, journal);
	SetUserIdAndSecContext(user, context);
	XactReadOnly = read_only;
}

/*
 * Notes what of the migration is done for good: everything, unless it is in a
 * transaction that began before the statement.
 */
static void
note_committed(Deploy *deploy)
{
	if (!IsTransactionBlock() ||
		transaction_number() != deploy->statement_transaction)
		deploy->step->committed = deploy->step->journal.statements;
}

/*
 * Opens the journal of the migration in progress, for good.
 */
void
deploy_journal_open(Deploy *deploy)
{
	DeployStep *step = deploy->step;
	MemoryContext context = MemoryContextSwitchTo(deploy->run.context);

	step->journal = run_record_row(&deploy->run, step->row, step->migration);
	step->journal.outcome = "running";
	step->journal.journal = true;
	step->journal.statements = step->committed = step->first - 1;
	if (step->unfinished == NULL)
		step->journal.invalid_indexes = indexes_invalid();
	else
	{
		step->journal.invalid_indexes = step->unfinished->invalid_indexes;
		/* still in doubt, if the next thing is another crash */
		if (step->unfinished->statement == step->first)
		{
			step->journal.statement = step->unfinished->statement;
			step->journal.partial = step->unfinished->partial;
			step->journal.doubtful = true;
		}
	}
	if (deploy->run.table != NULL)
		step->journal.version_sequence =
			version_table_sequence(deploy->run.table);
	/* they are written once, and can be long */
	MemoryContextSwitchTo(deploy->run.statement_context);
	stored_fill(&step->journal, step->migration);
	write_journal(deploy);
	step->journal.up = step->journal.down = NULL;
	MemoryContextSwitchTo(context);
	MemoryContextReset(deploy->run.statement_context);
	transaction_send();
}

/*
 * Writes how the migration has ended, in the current transaction.
 */
void
deploy_journal_close(Deploy *deploy, const char *outcome,
					 const ErrorData *error)
{
	DeployStep *step = deploy->step;
	HistoryRow *journal = &step->journal;

	if (!step->journaled)
	{
		*journal = run_record_row(&deploy->run, step->row, step->migration);
		if (error == NULL)
			stored_fill(journal, step->migration);
	}
	else
	{
		journal->version_row = step->migration->version_row;
		journal->statement = 0;
		journal->doubtful = false;
	}
	journal->outcome = outcome;
	journal->ended = true;
	journal->rows = step->row->rows;
	journal->duration_ms = step->row->duration_ms;
	if (error != NULL)
	{
		journal->version_row = 0;
		journal->statements = step->committed;
		journal->partial = step->partial;
		journal->doubtful = step->debris != NULL;
		/* or else the next deploy need not look at it */
		journal->statement = step->partial || step->debris != NULL ?
			deploy->run.ordinal : 0;
		if (!step->journaled)
			journal->rows = 0;
		/* a row that was refused has used up an id */
		if (step->journaled && deploy->run.table != NULL)
			journal->version_sequence = version_table_sequence(deploy->run.table);
		journal->error = error;
		journal->file = step->row->source;
		journal->line = deploy->run.ordinal > 0 ? deploy->run.place.line : 0;
	}
	write_journal(deploy);
}

/*
 * Writes that a statement begins: for good, or with the transaction that it is
 * about to commit.
 */
static void
begin_statement(Deploy *deploy, const List *raws)
{
	DeployStep *step = deploy->step;

	if (!step->journaled ||
		(IsTransactionBlock() &&
		 (XactReadOnly || !deploy_rules_ends_transaction(raws))))
		return;
	step->journal.statement = deploy->run.ordinal;
	step->journal.partial = list_length(raws) > 1 &&
		deploy_rules_has_transaction(raws);
	step->journal.doubtful = IsTransactionBlock() ||
		deploy_rules_concurrent(raws) != NULL;
	step->journal.rows = deploy->run.migration_rows;
	write_journal(deploy);
	transaction_send();
}

/*
 * XactCallback: counts what the statement in progress commits by itself.  With
 * the first such COMMIT it is written that a part of the statement is done.
 */
static void
note_commit(XactEvent event, void *arg)
{
	Deploy	   *deploy = watched;

	if (deploy == NULL || (event != XACT_EVENT_PRE_COMMIT &&
						   event != XACT_EVENT_COMMIT))
		return;
	if (event == XACT_EVENT_COMMIT)
		deploy->commits++;
	else if (deploy->step->journaled && !deploy->step->journal.partial)
	{
		deploy->step->journal.partial = true;
		write_journal(deploy);
		/* our own queries take snapshots, and this is the end */
		ForgetPortalSnapshots();
	}
}

/*
 * Watches, from now on, whether the statement in progress commits.
 */
static void
watch_commits(Deploy *deploy)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(note_commit, NULL);
	registered = true;
	deploy->commits = 0;
	watched = deploy;
}

/* Ends what watch_commits() began, if it did. */
void
deploy_statement_stop(void)
{
	watched = NULL;
}

/*
 * Writes that the statement is done; called in its last transaction, or, if
 * it has ended that one, in the next.
 */
static void
finish_statement(void *arg)
{
	Deploy	   *deploy = arg;
	DeployStep *step = deploy->step;

	deploy_statement_stop();
	step->journal.statements = deploy->run.ordinal;
	step->journal.statement = 0;
	step->journal.partial = false;
	step->journal.doubtful = false;
	if (step->journaled && !IsTransactionBlock())
		write_journal(deploy);
}

/*
 * Warns once if a file has ended the transaction of its migration.
 */
static void
watch_block(Deploy *deploy)
{
	if (deploy->block == InvalidLocalTransactionId ||
		(IsTransactionBlock() && transaction_number() == deploy->block))
		return;
	deploy->block = InvalidLocalTransactionId;
	ereport(WARNING,
			(errmsg("statement %d of %s has ended the transaction of the migration",
					deploy->run.ordinal, deploy->step->row->source),
			 errdetail("If a later statement fails, what has been done so far is not undone with it.")));
}

/*
 * Raises an error if the migration has let go of the lock.
 */
static void
check_lock(const Deploy *deploy)
{
	if (migration_lock_is_held(&deploy->settings))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the statement has released the migration lock"),
			 errdetail("Another run could have begun beside this one."),
			 errhint("Take DISCARD ALL or pg_advisory_unlock_all() out of the file.")));
}

/*
 * RunStatement: runs one statement as if the client had sent it.
 */
int64
deploy_statement(Run *run, const char *sql, Oid function)
{
	Deploy	   *deploy = (Deploy *) run;
	List	   *raws = statement_parse(sql);
	bool		in_block = IsTransactionBlock();
	int64		rows;

	begin_statement(deploy, raws);
	deploy->command = in_block ? NULL : deploy_rules_concurrent(raws);
	if (deploy->command != NULL)
		indexes_repair(deploy->command);
	deploy->statement_transaction = transaction_number();
	deploy->commits = 0;
	if (in_block ? deploy_rules_has_transaction(raws) && list_length(raws) > 1 :
		deploy_rules_may_commit(raws))
		watch_commits(deploy);
	rows = statement_send(sql, raws, function, &run->place.script.data,
						  finish_statement, deploy);
	note_committed(deploy);
	deploy->commits = 0;
	deploy->command = NULL;
	watch_block(deploy);
	check_lock(deploy);
	return rows;
}
