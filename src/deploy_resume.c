/*-------------------------------------------------------------------------
 *
 * deploy_resume.c
 *	  Migrations that an earlier run has left half done.
 *
 * Their journal says which statements are done, and which one had begun (see
 * deploy_statement.c).  The next deploy goes on behind what is done.  Where it
 * cannot know what became of a statement, or whether the rest still fits, it
 * stops and asks: the option "resume" says whether to retry the statement, to
 * skip it, or to begin with the first one again.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"

#include "deploy.h"
#include "deploy_rules.h"
#include "history_table.h"
#include "indexes.h"
#include "replay.h"
#include "report.h"
#include "stored.h"
#include "transaction.h"
#include "unfinished.h"

/* The way out where what has been done may be gone, or must go. */
#define RESTART \
	"If nothing of it is there any more, begin again with {\"resume\": \"restart\"}. Or: "

/*
 * Raises the error for a half done migration that this call cannot go on
 * with.
 */
static void
refuse_other(const HistoryRow *row, bool recorded)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration %s is half %s", row->source,
					unfinished_is_down(row) ? "taken back" : "applied"),
			 errdetail("%s", unfinished_done(row->statements)),
			 recorded ?
			 errhint("CALL gooseplus_revert, to a version below " INT64_FORMAT ", goes on with it.",
					 row->version) :
			 errhint("Bring its file back, in an environment of this call, with its Down part.")));
}

/*
 * Returns the step to take for a half done migration before all others, if
 * one is needed: the rest of its Down part, or, before going down, the whole
 * Down part of what has been applied by half.
 */
static bool
find_extra_step(Deploy *deploy, const HistoryRow *row, bool recorded,
				bool planned, Step *step)
{
	bool		going_down = deploy->run.request->command == COMMAND_DOWN_TO;

	step->source = source_set_find(deploy->run.sources, row->version);
	step->direction = SCRIPT_DOWN;
	/* applied by half, and not to be touched */
	if (!unfinished_is_down(row) && !planned &&
		(!going_down || row->version <= deploy->run.request->version))
	{
		ereport(WARNING,
				(errmsg("migration %s is half applied", row->source),
				 errdetail("%s", unfinished_done(row->statements))));
		return false;
	}
	if (planned && unfinished_is_down(row) == going_down)
		return false;
	if (step->source == NULL)
		step->source = stored_gone(deploy->run.request, row);
	if (recorded || step->source == NULL)
		refuse_other(row, recorded);
	return true;
}

/*
 * Is the version in the plan?
 */
static bool
is_planned(const Step *steps, size_t nsteps, int64 version)
{
	for (size_t i = 0; i < nsteps; i++)
	{
		if (steps[i].source->version == version)
			return true;
	}
	return false;
}

/*
 * Returns the steps of a deploy, with those that unfinished migrations need
 * before the others; and for each step the row of where it stopped, or of
 * what it takes back was applied by half, or NULL.  Both are palloc'd.
 */
Step *
deploy_resume_steps(Deploy *deploy, Step *steps, size_t *nsteps,
					const HistoryRow ***unfinished)
{
	TrustedTable *table = history_find(&deploy->settings);
	VersionRows *versions = deploy->run.table == NULL ? NULL :
	version_table_read(deploy->run.table);
	List	   *rows = table == NULL ? NIL : unfinished_list(table, versions);
	size_t		extra = 0;
	size_t		most = *nsteps + list_length(rows);
	Step	   *all = palloc0((most + 1) * sizeof(Step));
	ListCell   *cell;

	*unfinished = palloc0((most + 1) * sizeof(HistoryRow *));
	foreach(cell, rows)
	{
		const HistoryRow *row = lfirst(cell);
		bool		recorded = version_rows_contain(versions, row->version);

		if (find_extra_step(deploy, row, recorded,
							is_planned(steps, *nsteps, row->version),
							&all[extra]))
			(*unfinished)[extra++] = row;
	}
	memcpy(all + extra, steps, *nsteps * sizeof(Step));
	for (size_t i = extra; i < extra + *nsteps; i++)
	{
		foreach(cell, rows)
		{
			HistoryRow *row = lfirst(cell);

			if (row->version == all[i].source->version &&
				unfinished_is_down(row) == (all[i].direction == SCRIPT_DOWN))
				(*unfinished)[i] = row;
		}
	}
	*nsteps += extra;
	return all;
}

/*
 * Stops, and asks what to do with the statement where a run stopped.  "ways"
 * are other ways out, a sentence or nothing.
 */
static void
ask(const Deploy *deploy, const DeployStep *step, int ordinal,
	const char *why, const char *ways)
{
	const HistoryRow *row = step->unfinished;
	int			line;

	(void) replay_parse(deploy, step->migration, ordinal, &line);
	if (line == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("all statements of migration %s are done, but it must not be recorded without asking",
						row->source),
				 errdetail("%s", why),
				 errhint("%sCall with the option {\"resume\": \"retry\"} to record it.",
						 ways)));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("migration %s is half %s, and must not go on by itself at statement %d, line %d",
					row->source, unfinished_is_down(row) ? "taken back" : "applied",
					ordinal, line),
			 errdetail("%s %s", unfinished_done(row->statements), why),
			 errhint("%sLook what the statement has done. Then call with the option {\"resume\": \"retry\"} to run it again and go on, or {\"resume\": \"skip\"} to go on behind it.",
					 ways)));
}

/*
 * Returns the label of a migration that will be applied before the step, NULL
 * if there is none.  When the step was begun that one was applied, and has been
 * taken back since with what the half done one had put there; or it is new.
 */
static const char *
find_before(const Deploy *deploy, const DeployStep *step)
{
	for (const DeployStep *before = deploy->steps; before < step; before++)
	{
		if (before->migration->direction == SCRIPT_UP)
			return before->row->source;
	}
	return NULL;
}

/*
 * Decides, before anything runs, with which statement to go on.  Errors: that
 * is for the caller to decide.
 */
void
deploy_resume_decide(Deploy *deploy, DeployStep *step)
{
	const HistoryRow *row = step->unfinished;
	const char *resume = deploy->run.request->resume;
	const char *before = find_before(deploy, step);
	int			next = row->statement > 0 ? row->statement :
	row->statements + 1;
	bool		chain;
	int			lost;
	int			line;

	step->first = next;
	if (resume != NULL)
	{
		if (strcmp(resume, "skip") == 0)
			step->first++;
		else if (strcmp(resume, "restart") == 0)
			step->first = 1;
		return;
	}
	if (step->migration->checksum != NULL && strcmp(row->checksum, step->migration->checksum) != 0)
		ask(deploy, step, next, "The file has changed since.",
			"Bring the file back as it was, and call again. Or: " RESTART);
	if (!version_table_is_untouched(deploy->run.table, row->version_sequence,
									strcmp(row->outcome, "failed") != 0))
		ask(deploy, step, next,
			"A version has been recorded since, or a run was cut off while it recorded one, or the server has crashed.",
			RESTART);
	if (before != NULL)
		ask(deploy, step, next,
			psprintf("Migration %s comes before it and is not applied.",
					 before),
			RESTART);
	if (row->partial)
		ask(deploy, step, next, "A part of the next one is committed, too.",
			"");
	lost = replay_find_lost(deploy, step);
	if (lost > 0)
		ask(deploy, step, next,
			psprintf("What statement %d has made ended with its session.",
					 lost),
			"Do the rest by hand, and record it by gooseplus_baseline(). Or: "
			RESTART);
	/* its number is there because the transaction that it ended is */
	if (row->statement > 0 &&
		deploy_rules_is_commit(replay_parse(deploy, step->migration,
											row->statement, &line),
							   &chain))
		step->first++;
}

/*
 * Puts the statement in order that was in progress when a run was
 * interrupted: an invalid index is dropped.  If the statement turns out to be
 * done, the next one is the first.
 */
static void
settle_statement(Deploy *deploy, DeployStep *step)
{
	const HistoryRow *row = step->unfinished;
	const Node *command;
	bool		dropped;
	int			line;

	if (row->statement == 0)
		return;
	command = deploy_rules_concurrent(replay_parse(deploy, step->migration,
												   row->statement, &line));
	if (command == NULL)
		return;
	dropped = indexes_drop_leftovers(command, row->invalid_indexes);
	if (step->first == row->statement &&
		(dropped || indexes_is_done(command)))
		step->first++;
	step->journal.statements = step->committed = step->first - 1;
}

/*
 * Puts everything in place for a half done migration to go on: the settings,
 * the statement where it stopped, and the transaction block.
 */
void
deploy_resume_settle(Deploy *deploy, DeployStep *step)
{
	bool		in_block;

	run_show(&deploy->run, step->row->source, "putting in order");
	in_block = replay_session(deploy, step);
	settle_statement(deploy, step);
	if (in_block)
		transaction_begin_block();
}

/*
 * Drops the indexes that REINDEX CONCURRENTLY has left behind where it was
 * interrupted, in a migration that the step takes back: no Down part knows of
 * them.  What CREATE and DROP INDEX leave has the name that a Down part knows.
 */
void
deploy_resume_clean(Deploy *deploy, const DeployStep *step)
{
	if (step->half->statement == 0)
		return;
	run_show(&deploy->run, step->row->source, "putting in order");
	(void) indexes_drop_leftovers((Node *) makeNode(ReindexStmt),
								  step->half->invalid_indexes);
}
