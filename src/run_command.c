/*-------------------------------------------------------------------------
 *
 * run_command.c
 *	  The commands of one statement, in a run of one transaction.
 *
 * Each is run, skipped or refused; and what it would leave to the commit that
 * ends its migration under goose is kept in mind in the run.
 *
 * The rules are in atomic_rules.c and commit_rules.c; how a command is run is
 * in statement.c; the end of a migration is in run_atomic.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "tcop/utility.h"
#include "utils/memutils.h"

#include "atomic_rules.h"
#include "commit_rules.h"
#include "deferred.h"
#include "run_command.h"
#include "statement.h"

/*
 * Keeps in mind what a command leaves to the end of its migration, which is
 * where goose commits: cursors to close.  A setting that ends there, while
 * goose lets it reach the next migrations, is told to the client.
 */
static void
note_until_end(Run *run, const RawStmt *raw)
{
	const char *cursor = commit_rules_closed_cursor(raw);
	const char *setting = commit_rules_kept_setting(raw);
	MemoryContext context = MemoryContextSwitchTo(run->context);

	if (cursor != NULL)
		run->cursors = lappend(run->cursors, pstrdup(cursor));
	MemoryContextSwitchTo(context);
	if (setting != NULL)
		ereport(NOTICE,
				(errmsg("\"%s\" is put back at the end of this migration",
						setting)));
}

/*
 * Follows SET CONSTRAINTS.  ALL would count to the end of the transaction,
 * for later migrations, too; so it is done by names, and again after each
 * command of its migration, which may have created constraints.  Returns
 * whether the command has been dealt with.
 */
static bool
follow_constraints(Run *run, const RawStmt *raw)
{
	const ConstraintsSetStmt *stmt = (const ConstraintsSetStmt *) raw->stmt;

	if (!IsA(stmt, ConstraintsSetStmt))
		return false;
	run->constraints_mode = CONSTRAINTS_BY_NAME;
	if (stmt->constraints != NIL)
		return false;
	run->constraints_mode = stmt->deferred ? CONSTRAINTS_ALL_DEFERRED :
		CONSTRAINTS_ALL_IMMEDIATE;
	deferred_set_all(stmt->deferred);
	return true;
}

/*
 * Runs one command.  Returns the rows processed.  A temporary table that it
 * creates ON COMMIT DROP is kept in mind for the end of the migration.
 */
static int64
run_command(Run *run, const char *sql, RawStmt *raw, Oid function)
{
	const char *name = commit_rules_dropped_table(raw);
	Oid			before = name ? commit_rules_temporary_table(name) : InvalidOid;
	Oid			table;
	int64		rows;

	if (follow_constraints(run, raw))
		return 0;
	atomic_rules_drop_concurrently(raw, run->settings);
	rows = statement_run(sql, raw, function, &run->place.script.data);
	note_until_end(run, raw);
	table = name ? commit_rules_temporary_table(name) : InvalidOid;
	if (OidIsValid(table) && table != before)
	{
		MemoryContext context = MemoryContextSwitchTo(run->context);

		run->temporary_tables = lappend_oid(run->temporary_tables, table);
		MemoryContextSwitchTo(context);
	}
	if (run->constraints_mode == CONSTRAINTS_ALL_DEFERRED ||
		run->constraints_mode == CONSTRAINTS_ALL_IMMEDIATE)
		deferred_set_all(run->constraints_mode == CONSTRAINTS_ALL_DEFERRED);
	return rows;
}

/*
 * Runs the commands of one statement of a migration.  Returns the rows
 * processed.  The function is the one to call, if the migration is a
 * registered function.
 */
int64
run_command_all(Run *run, const char *sql, Oid function)
{
	int64		rows = 0;
	bool		has_data = run->place.script.data.bytes != NULL;
	List	   *raws = statement_parse(sql);
	ListCell   *cell;
	MemoryContext context = MemoryContextSwitchTo(run->command_context);

	foreach(cell, raws)
	{
		RawStmt    *raw = lfirst_node(RawStmt, cell);
		AtomicRefusal refusal;

		switch (atomic_rules_judge(raw, list_length(raws) == 1, has_data,
								   &refusal))
		{
			case ATOMIC_RUN:
				rows += run_command(run, sql, raw, function);
				break;
			case ATOMIC_SKIP:
				ereport(NOTICE,
						(errmsg("%s is skipped: the run is one transaction",
								GetCommandTagName(CreateCommandTag(raw->stmt)))));
				break;
			case ATOMIC_REFUSE:
				/* not seen before the run: the way strings are read changed */
				ereport(ERROR,
						(errcode(refusal.sqlstate),
						 errmsg("%s", refusal.message),
						 errhint("%s", refusal.hint)));
		}
		/* a block can hold very many commands */
		MemoryContextReset(run->command_context);
	}
	MemoryContextSwitchTo(context);
	return rows;
}
