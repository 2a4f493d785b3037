/*-------------------------------------------------------------------------
 *
 * commit_rules.c
 *	  What a command leaves to the commit that ends its migration under goose.
 *
 * In a run of one transaction there is no such commit: what it would do is
 * done at the end of the migration.  Deferred constraints, which need no
 * parse tree, are in deferred.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/portal.h"

#include "commit_rules.h"
#include "query.h"

/*
 * Returns the name of the temporary table that a command creates ON COMMIT
 * DROP, or NULL.
 */
const char *
commit_rules_dropped_table(const RawStmt *raw)
{
	const Node *node = raw->stmt;

	if (IsA(node, CreateStmt) &&
		((const CreateStmt *) node)->oncommit == ONCOMMIT_DROP)
		return ((const CreateStmt *) node)->relation->relname;
	if (IsA(node, CreateTableAsStmt) &&
		((const CreateTableAsStmt *) node)->into->onCommit == ONCOMMIT_DROP)
		return ((const CreateTableAsStmt *) node)->into->rel->relname;
	return NULL;
}

/*
 * Drops temporary tables by name, as far as they are still there.
 */
void
commit_rules_drop_tables(const List *tables)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const char *name = quote_identifier(lfirst(cell));

		query_run(psprintf("DROP TABLE IF EXISTS pg_temp.%s", name),
				  SPI_OK_UTILITY, 0, NULL, NULL, NULL, NULL);
	}
}

/*
 * Returns the name of the cursor that a command declares and a commit would
 * close, or NULL.
 */
const char *
commit_rules_closed_cursor(const RawStmt *raw)
{
	const DeclareCursorStmt *stmt = (const DeclareCursorStmt *) raw->stmt;

	if (!IsA(stmt, DeclareCursorStmt) || (stmt->options & CURSOR_OPT_HOLD) != 0)
		return NULL;
	return stmt->portalname;
}

/*
 * Closes cursors by name, as far as they are still open.
 */
void
commit_rules_close_cursors(const List *cursors)
{
	ListCell   *cell;

	foreach(cell, cursors)
	{
		Portal		portal = GetPortalByName(lfirst(cell));

		if (PortalIsValid(portal) && portal->status != PORTAL_ACTIVE)
			PortalDrop(portal, false);
	}
}

/*
 * Returns the name of the setting that a command sets for the session, if
 * later migrations could rely on it: it decides where their objects go and
 * whose they are.  NULL for any other command.
 */
const char *
commit_rules_kept_setting(const RawStmt *raw)
{
	static const char *const settings[] = {
		"search_path", "role", "session_authorization"
	};
	const VariableSetStmt *stmt = (const VariableSetStmt *) raw->stmt;

	if (!IsA(stmt, VariableSetStmt) || stmt->is_local || stmt->name == NULL ||
		(stmt->kind != VAR_SET_VALUE && stmt->kind != VAR_SET_CURRENT))
		return NULL;
	for (size_t i = 0; i < lengthof(settings); i++)
	{
		if (strcmp(stmt->name, settings[i]) == 0)
			return settings[i];
	}
	return NULL;
}
