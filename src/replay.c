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
 * Receives one statement and its commands, palloc'd.  Returns whether to go
 * on with the next one.
 */
typedef bool (*ReplayVisit) (void *arg, const ScriptStatement *script,
							 List *raws);

/*
 * Gives the statements of a migration from one number to another to the
 * visitor, in one pass over the file.
 */
static void
visit_statements(const Deploy *deploy, const Migration *migration, int from,
				 int to, ReplayVisit visit, void *arg)
{
	ScriptOptions options;
	ScriptReader *reader;
	ScriptStatement script;

	check_script_options(&deploy->settings, &options);
	reader = check_open(migration, migration->direction, &options);
	while (script_next(reader, &script) == SCRIPT_STATEMENT &&
		   script.ordinal <= to)
	{
		if (script.ordinal >= from &&
			!visit(arg, &script,
				   statement_parse(encoding_to_server(script.text,
													  script.length))))
			break;
	}
	script_close(reader);
}

/* One statement that was asked for. */
typedef struct ReplayFound
{
	List	   *raws;
	int			line;
} ReplayFound;

/* ReplayVisit: keeps the statement. */
static bool
keep_statement(void *arg, const ScriptStatement *script, List *raws)
{
	ReplayFound *found = arg;

	found->raws = raws;
	found->line = script->line;
	return false;
}

/*
 * Returns the commands of a statement of a migration, palloc'd; its line is
 * returned, too, 0 if there is no such statement.
 */
List *
replay_parse(const Deploy *deploy, const Migration *migration, int ordinal,
			 int *line)
{
	ReplayFound found = {0};

	visit_statements(deploy, migration, ordinal, ordinal, keep_statement,
					 &found);
	*line = found.line;
	return found.raws;
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

/* ReplayVisit: looks for what ended with its session. */
static bool
find_session_object(void *arg, const ScriptStatement *script, List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
	{
		if (makes_session_object(lfirst_node(RawStmt, cell)->stmt))
		{
			*(int *) arg = script->ordinal;
			return false;
		}
	}
	return true;
}

/*
 * Returns the first of the statements that are done which has made something
 * that ended with its session; 0: none.
 */
int
replay_find_lost(const Deploy *deploy, const DeployStep *step)
{
	int			lost = 0;

	visit_statements(deploy, step->migration, 1, step->first - 1,
					 find_session_object, &lost);
	return lost;
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

/* ReplayVisit: follows all commands of a statement. */
static bool
follow_all(void *arg, const ScriptStatement *script, List *raws)
{
	ListCell   *cell;

	foreach(cell, raws)
		follow(arg, lfirst_node(RawStmt, cell));
	return true;
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

	visit_statements(deploy, step->migration, 1, step->first - 1, follow_all,
					 &replay);
	foreach(cell, replay.settings)
		(void) statement_send("", list_make1(lfirst(cell)), InvalidOid, NULL,
							  NULL, NULL);
	/* at its beginning, the migration begins its block by itself */
	return replay.in_block && step->first > 1;
}
