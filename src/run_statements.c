/*-------------------------------------------------------------------------
 *
 * run_statements.c
 *	  The statements of one migration, one after the other.
 *
 * How a statement is run depends on the run: see run_command.c for one of one
 * transaction, and deploy_statement.c for a deploy.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "problem.h"
#include "report.h"
#include "run_statements.h"
#include "timer.h"

/*
 * Runs the statements of a migration, from one on, by the function given.
 */
void
run_statements(Run *run, const Migration *migration, int first,
			   RunStatement execute)
{
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;
	ScriptNext	next;
	const Source *source = migration->source;
	Oid			function = source->called == NULL ? InvalidOid :
	source->called(source, migration->direction == SCRIPT_UP);

	check_script_options(run->settings, &options);
	reader = check_open(migration, migration->direction, &options);
	/* what is shown is of another migration */
	report_activity_number_at(0);
	MemoryContextSwitchTo(run->statement_context);
	while ((next = script_next(reader, &script)) == SCRIPT_STATEMENT)
	{
		if (script.ordinal < first)
			continue;
		run->ordinal = script.ordinal;
		run_show_statement(run, source->label, script.ordinal);
		statement_push_place(&run->place, source->label, reader,
							 &script);
		if (run->settings->verbose)
			ereport(NOTICE,
					(errmsg("executing statement %d of %s: %s", script.ordinal,
							source->label, run->place.sql)));
		run->migration_rows += execute(run, run->place.sql, function);
		timer_check();
		statement_pop_place(&run->place);
		MemoryContextReset(run->statement_context);
	}
	MemoryContextSwitchTo(run->context);
	if (next == SCRIPT_FAILED)
		problem_raise(list_make1(problem_from_script(source->label,
													 script_problem(reader))));
	script_close(reader);
}
