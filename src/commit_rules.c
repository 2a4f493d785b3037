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

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/portal.h"
#include "utils/syscache.h"

#include "commit_rules.h"

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

/* Returns this session's temporary table of that name, or InvalidOid. */
Oid
commit_rules_temporary_table(const char *name)
{
	return RangeVarGetRelid(makeRangeVar("pg_temp", pstrdup(name), -1),
							NoLock, true);
}

/*
 * Drops temporary tables, as far as they are still there, with all that
 * depends on them and whoever owns them: as PreCommit_on_commit_actions() of
 * tablecmds.c does.
 */
void
commit_rules_drop_tables(const List *tables)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		ObjectAddress object;

		ObjectAddressSet(object, RelationRelationId, lfirst_oid(cell));
		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(object.objectId)))
			performDeletion(&object, DROP_CASCADE,
							PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
	}
	CommandCounterIncrement();
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

		if (PortalIsValid(portal) && portal->status != PORTAL_ACTIVE &&
			(portal->cursorOptions & CURSOR_OPT_HOLD) == 0)
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
