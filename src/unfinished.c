/*-------------------------------------------------------------------------
 *
 * unfinished.c
 *	  Migrations that a run has left half done: which they are, and what runs
 *	  of one transaction make of them.
 *
 * How a deploy goes on with them is in deploy_resume.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "unfinished.h"

/* Does the row belong to taking the migration back? */
bool
unfinished_is_down(const HistoryRow *row)
{
	return strcmp(row->direction, "down") == 0;
}

/*
 * Returns how much of a half done migration is there, as a sentence, palloc'd.
 */
char *
unfinished_done(int statements)
{
	if (statements == 0)
		return pstrdup("None of its statements is done as a whole.");
	if (statements == 1)
		return pstrdup("Statement 1 is done.");
	return psprintf("Statements 1 to %d are done.", statements);
}

/*
 * Has somebody else finished what the row says is half done?  Our own end
 * records it: a version that is recorded has been applied, by goose for
 * example; one that was, and is not any more, has been taken back.
 */
static bool
is_finished(const TrustedTable *history, const HistoryRow *row,
			const VersionRows *versions)
{
	bool		recorded = version_rows_contain(versions, row->version);

	if (!unfinished_is_down(row))
		return recorded;
	return !recorded && history_was_applied(history, row);
}

/*
 * Returns the rows of half done migrations, as a list of HistoryRow, palloc'd.
 * What others have finished is marked, so that it is not taken for half done
 * when they have taken it back.
 */
List *
unfinished_list(const TrustedTable *history, const VersionRows *versions)
{
	List	   *all = history_unfinished(history);
	List	   *rows = NIL;
	ListCell   *cell;

	foreach(cell, all)
	{
		const HistoryRow *row = lfirst(cell);

		if (is_finished(history, row, versions))
			history_supersede(history, row);
		else
			rows = lappend(rows, lfirst(cell));
	}
	return rows;
}

/* Would the step take away what a half applied migration stands on? */
static bool
is_below(const Step *step, const HistoryRow *row)
{
	return step->direction == SCRIPT_DOWN &&
		step->source->version < row->version;
}

/*
 * Refuses a run of one transaction that meets a half done migration: all of
 * it would run once more, others would be applied on top of what is half
 * taken back, or be taken back below it.  Another one is a warning.
 */
void
unfinished_refuse(const List *rows, const RunRequest *request,
				  const Step *steps, size_t nsteps)
{
	ListCell   *cell;

	foreach(cell, rows)
	{
		const HistoryRow *row = lfirst(cell);
		bool		down = unfinished_is_down(row);
		bool		refused = down && !steps_go_down(request);
		bool		below = false;

		for (size_t i = 0; i < nsteps; i++)
		{
			below = below || is_below(&steps[i], row);
			refused = refused || below ||
				steps[i].source->version == row->version;
		}
		ereport(refused ? ERROR : WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration %s is half %s", row->source,
						down ? "taken back" : "applied"),
				 errdetail("%s", unfinished_done(row->statements)),
				 down ?
				 errhint("CALL gooseplus_revert goes on where the last run stopped.") :
				 below ?
				 errhint("CALL gooseplus_revert, to a version below " INT64_FORMAT ", takes it back by its Down part.",
						 row->version) :
				 errhint("CALL gooseplus_deploy goes on where the last run stopped. After doing the rest by hand, gooseplus_baseline() records the migration as applied.")));
	}
}
