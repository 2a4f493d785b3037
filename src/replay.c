/*-------------------------------------------------------------------------
 *
 * replay.c
 *	  What the statements that are done have left in their session, for a half
 *	  done migration that goes on in another one.
 *
 * Settings are set again.  A transaction block that was begun after the last
 * statement that is done for good is begun again.  What cannot be had again -
 * temporary tables, prepared statements, settings made by functions - is
 * found, so that somebody can be asked.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"

#include "encoding.h"
#include "replay.h"

/*
 * Returns the commands of a statement of a migration, palloc'd; its line is
 * returned, too.
 */
List *
replay_parse(const Deploy *deploy, const Migration *migration, int ordinal,
			 int *line)
{
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;
	List	   *raws = NIL;

	check_script_options(&deploy->settings, &options);
	reader = script_open(migration->text, migration->length,
						 migration->direction, &options);
	*line = 0;
	while (script_next(reader, &script) == SCRIPT_STATEMENT)
	{
		if (script.ordinal != ordinal)
			continue;
		*line = script.line;
		raws = statement_parse(encoding_to_server(script.text, script.length));
		break;
	}
	script_close(reader);
	return raws;
}

/* Does the name belong to this session alone? */
static bool
is_temporary(const RangeVar *relation)
{
	return relation->relpersistence == RELPERSISTENCE_TEMP ||
		(relation->schemaname != NULL &&
		 strcmp(relation->schemaname, "pg_temp") == 0);
}

/*
 * Walker: is set_config() called?
 */
static bool
calls_set_config(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) &&
		strcmp(strVal(llast(castNode(FuncCall, node)->funcname)),
			   "set_config") == 0)
		return true;
	return raw_expression_tree_walker(node, calls_set_config, context);
}

/*
 * Does the command make something that ends with the session, that later
 * statements may need, and that is not simply set again?
 */
static bool
makes_session_object(Node *node)
{
	switch (nodeTag(node))
	{
		case T_CreateStmt:
			return is_temporary(castNode(CreateStmt, node)->relation);
		case T_CreateTableAsStmt:
			return is_temporary(castNode(CreateTableAsStmt, node)->into->rel);
		case T_ViewStmt:
			return is_temporary(castNode(ViewStmt, node)->view);
		case T_CreateSeqStmt:
			return is_temporary(castNode(CreateSeqStmt, node)->sequence);
		case T_SelectStmt:
			return (castNode(SelectStmt, node)->intoClause != NULL &&
					is_temporary(castNode(SelectStmt, node)->intoClause->rel)) ||
				calls_set_config(node, NULL);
		case T_PrepareStmt:
		case T_DeclareCursorStmt:
		case T_ListenStmt:
		case T_LoadStmt:
			return true;
		default:
			return false;
	}
}

/*
 * Returns the first of the statements that are done which has made something
 * that ended with its session; 0: none.
 */
int
replay_find_lost(const Deploy *deploy, const DeployStep *step)
{
	for (int i = 1; i < step->first; i++)
	{
		int			line;
		List	   *raws = replay_parse(deploy, step->migration, i, &line);
		ListCell   *cell;

		foreach(cell, raws)
		{
			if (makes_session_object(lfirst_node(RawStmt, cell)->stmt))
				return i;
		}
	}
	return 0;
}

/* What has been set so far, and where the block in progress began. */
typedef struct Replay
{
	List	   *settings;		/* of RawStmt */
	int			mark;			/* how many of them before the block */
	bool		in_block;
} Replay;

/*
 * Follows one command that has been done.
 */
static void
follow(Replay *replay, RawStmt *raw)
{
	const TransactionStmt *transaction = (const TransactionStmt *) raw->stmt;
	const VariableSetStmt *set = (const VariableSetStmt *) raw->stmt;

	if (IsA(set, VariableSetStmt) && !set->is_local &&
		(set->kind != VAR_SET_MULTI ||
		 strcmp(set->name, "SESSION CHARACTERISTICS") == 0))
		replay->settings = lappend(replay->settings, raw);
	if (!IsA(transaction, TransactionStmt))
		return;
	switch (transaction->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			if (!replay->in_block)
				replay->mark = list_length(replay->settings);
			replay->in_block = true;
			break;
		case TRANS_STMT_ROLLBACK:
			if (replay->in_block)
				replay->settings = list_truncate(replay->settings,
												 replay->mark);
			replay->in_block = replay->in_block && transaction->chain;
			break;
		case TRANS_STMT_COMMIT:
			replay->mark = list_length(replay->settings);
			replay->in_block = replay->in_block && transaction->chain;
			break;
		default:
			break;
	}
}

/*
 * Sets again what the statements that are done have set for their session.
 * Returns whether what follows them is inside a transaction block.
 */
bool
replay_session(const Deploy *deploy, const DeployStep *step)
{
	Replay		replay = {.in_block = step->migration->transactional};
	ListCell   *cell;

	for (int i = 1; i < step->first; i++)
	{
		int			line;
		List	   *raws = replay_parse(deploy, step->migration, i, &line);

		foreach(cell, raws)
			follow(&replay, lfirst_node(RawStmt, cell));
	}
	foreach(cell, replay.settings)
		(void) statement_send("", list_make1(lfirst(cell)), InvalidOid, NULL,
							  NULL, NULL);
	/* at its beginning, the migration begins its block by itself */
	return replay.in_block && step->first > 1;
}
