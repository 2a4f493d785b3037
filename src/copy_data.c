/*-------------------------------------------------------------------------
 *
 * copy_data.c
 *	  Runs COPY ... FROM stdin with the data that follow it in the file.
 *
 * The server reads such data from its client.  There is no client here that
 * would send any, so we do what DoCopy() of commands/copy.c does up to the
 * point where it begins to read, and give COPY a function to read from: it
 * hands out the file's text, which is in memory, piece by piece.
 *
 * The text is converted to the database's encoding here, not by COPY: where
 * two characters of Unicode are one of the database's, COPY fails when the end
 * of one of its buffers comes between the two (seen in 15 to 19rc1).
 *
 * So the command does not pass the utility hooks: an extension that watches
 * utility commands does not see it; one that watches permission checks does.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "copy_data.h"
#include "encoding.h"

/* A COPY in progress. */
typedef struct CopyProgress
{
	const ScriptData *data;
	size_t		at;				/* how many of their bytes are read */
	char	   *converted;		/* what they are in the database's encoding;
								 * NULL: the same */
	size_t		converted_length;
	size_t		converted_at;	/* how many of these bytes are read */
	CopyFromState state;		/* NULL: it has not begun to read */
} CopyProgress;

/* The one, if there is one: a trigger of its table can start no other run. */
static CopyProgress *in_progress = NULL;

/* For whoever puts the data elsewhere. */
const char	copy_data_hint[] =
"The data begin on the line after the semicolon, outside of StatementBegin and StatementEnd, and end with a line \"\\.\".";

/*
 * Is it COPY ... FROM stdin?
 */
bool
copy_data_is_for(const RawStmt *raw)
{
	const CopyStmt *stmt = (const CopyStmt *) raw->stmt;

	return IsA(stmt, CopyStmt) && stmt->is_from && stmt->filename == NULL;
}

/*
 * Returns an option of COPY, or NULL.
 */
static DefElem *
copy_option(const CopyStmt *stmt, const char *name)
{
	ListCell   *cell;

	foreach(cell, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0)
			return option;
	}
	return NULL;
}

/*
 * Is that COPY, which it must be, one of binary data?
 */
bool
copy_data_is_binary(const RawStmt *raw)
{
	DefElem    *format = copy_option((const CopyStmt *) raw->stmt, "format");

	return format != NULL && format->arg != NULL &&
		strcmp(defGetString(format), "binary") == 0;
}

/*
 * Refuses generated columns in a WHERE clause, as the server does: they have
 * no value yet when the clause is looked at.
 */
static void
refuse_generated(Relation relation, Node *where)
{
	TupleDesc	desc = RelationGetDescr(relation);
	Bitmapset  *columns = NULL;
	bool		all;

	pull_varattnos(where, 1, &columns);
	all = bms_is_member(-FirstLowInvalidHeapAttributeNumber, columns);
	for (int i = 0; i < desc->natts; i++)
	{
		int			member = i + 1 - FirstLowInvalidHeapAttributeNumber;

		if (TupleDescAttr(desc, i)->attgenerated &&
			(all || bms_is_member(member, columns)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					 errmsg("generated columns are not supported in COPY FROM WHERE conditions"),
					 errdetail("Column \"%s\" is a generated column.",
							   NameStr(TupleDescAttr(desc, i)->attname))));
	}
}

/*
 * Returns the WHERE clause as CopyFrom() wants it: a list of conditions.
 */
static Node *
transform_where(ParseState *state, ParseNamespaceItem *item,
				Relation relation, Node *clause)
{
	Node	   *where;

	addNSItemToQuery(state, item, false, true, true);
	where = transformExpr(state, clause, EXPR_KIND_COPY_WHERE);
	where = coerce_to_boolean(state, where, "WHERE");
	assign_expr_collations(state, where);
	refuse_generated(relation, where);
	where = eval_const_expressions(NULL, where);
	where = (Node *) canonicalize_qual((Expr *) where, false);
	return (Node *) make_ands_implicit((Expr *) where);
}

/*
 * Returns the columns that get values, as permission checks want them.
 */
static Bitmapset *
inserted_columns(Relation relation, const CopyStmt *stmt)
{
	Bitmapset  *columns = NULL;
	List	   *numbers = CopyGetAttnums(RelationGetDescr(relation), relation,
										 stmt->attlist);
	ListCell   *cell;

	foreach(cell, numbers)
		columns = bms_add_member(columns, lfirst_int(cell) -
								 FirstLowInvalidHeapAttributeNumber);
	return columns;
}

/*
 * Opens the table, and checks what the caller may do with it.  *where is the
 * WHERE clause, or NULL.
 */
static Relation
open_table(ParseState *state, const CopyStmt *stmt, Node **where)
{
	Relation	relation = table_openrv(stmt->relation, RowExclusiveLock);
	ParseNamespaceItem *item = addRangeTableEntryForRelation(state, relation,
															 RowExclusiveLock,
															 NULL, false,
															 false);

	compat_require_insert(item);
	*where = stmt->whereClause == NULL ? NULL :
		transform_where(state, item, relation, stmt->whereClause);
	compat_check_insert(state, item, inserted_columns(relation, stmt));
	if (check_enable_rls(RelationGetRelid(relation), InvalidOid,
						 false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM not supported with row-level security"),
				 errhint("Use INSERT statements instead.")));
	if (XactReadOnly && !relation->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");
	return relation;
}

/*
 * copy_data_source_cb: gives the next bytes of the data.  COPY wants as many
 * as it can have, but takes fewer; none are the end.
 */
static int
read_data(void *buffer, int minimum, int maximum)
{
	CopyProgress *progress = in_progress;
	const char *bytes = progress->data->bytes + progress->at;
	size_t		length = progress->data->length - progress->at;
	size_t	   *at = &progress->at;

	if (progress->converted != NULL)
	{
		if (progress->converted_at == progress->converted_length)
		{
			progress->at += encoding_convert_some(bytes, length,
												  progress->converted);
			progress->converted_length = strlen(progress->converted);
			progress->converted_at = 0;
		}
		bytes = progress->converted + progress->converted_at;
		length = progress->converted_length - progress->converted_at;
		at = &progress->converted_at;
	}
	length = Min((size_t) maximum, length);
	memcpy(buffer, bytes, length);
	*at += length;
	return (int) length;
}

/*
 * Begins to read the data.  Files are UTF-8, whatever the client uses, unless
 * the command says otherwise: then that is left to COPY.
 */
static void
begin_copy(CopyProgress *progress, ParseState *state, Relation relation,
		   Node *where, const CopyStmt *stmt)
{
	List	   *options = stmt->options;

	if (copy_option(stmt, "encoding") == NULL)
	{
		const char *encoding = GetDatabaseEncodingName();

		options = lappend(list_copy(options),
						  makeDefElem("encoding",
									  (Node *) makeString(pstrdup(encoding)),
									  -1));
		if (encoding_is_converted())
			progress->converted = palloc(ENCODING_CONVERTED);
	}
	progress->state = BeginCopyFrom(state, relation, where, NULL, false,
									read_data, stmt->attlist, options);
}

/*
 * Runs COPY ... FROM stdin with these data.  Returns the number of rows.
 * Errors: PostgreSQL's.
 */
uint64
copy_data_run(const char *sql, const RawStmt *raw, const ScriptData *data)
{
	const CopyStmt *stmt = (const CopyStmt *) raw->stmt;
	CopyProgress progress = {.data = data};
	ParseState *state = make_parsestate(NULL);
	Relation	relation;
	Node	   *where;
	uint64		rows = 0;

	/* not seen before the run: the way strings are read changed */
	if (data == NULL || data->bytes == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY FROM stdin has no data in the file"),
				 errhint("%s", copy_data_hint)));
	state->p_sourcetext = sql;
	PushActiveSnapshot(GetTransactionSnapshot());
	relation = open_table(state, stmt, &where);
	in_progress = &progress;
	PG_TRY();
	{
		begin_copy(&progress, state, relation, where, stmt);
		rows = CopyFrom(progress.state);
		EndCopyFrom(progress.state);
	}
	PG_FINALLY();
	{
		in_progress = NULL;
	}
	PG_END_TRY();
	table_close(relation, NoLock);
	free_parsestate(state);
	PopActiveSnapshot();
	return rows;
}

/*
 * Returns how many lines of the first record COPY has not counted.  It counts
 * the line ends inside quotes by the kind of line end that it has seen, and
 * takes carriage returns as long as it has seen none (CopyReadLineText() of
 * commands/copyfromparse.c).
 */
static int
uncounted_lines(const CopyProgress *progress)
{
	const CopyFormatOptions *options = &progress->state->opts;
	const char *text = progress->data->bytes;
	bool		quoted = false;
	bool		escaped = false;
	char		escape;
	int			lines = 0;

	if (options->quote == NULL || progress->state->cur_lineno < 2)
		return 0;
	escape = options->escape[0] == options->quote[0] ? '\0' : options->escape[0];
	for (size_t i = 0; i < progress->data->length; i++)
	{
		char		c = text[i];

		if (quoted && c == escape)
			escaped = !escaped;
		if (c == options->quote[0] && !escaped)
			quoted = !quoted;
		if (c != escape)
			escaped = false;
		if (!quoted && (c == '\n' || c == '\r'))
			break;
		lines += c == '\n' ? 1 : c == '\r' ? -1 : 0;
	}
	return lines;
}

/*
 * Finds the line of the file that a COPY with these data has come to, for an
 * error or notice of it that is being built.  Returns false if there is none:
 * only COPY's own error context tells that a line is meant.
 */
bool
copy_data_locate(const ScriptData *data, int *line)
{
	const CopyProgress *progress = in_progress;
	const ErrorContextCallback *callback = error_context_stack;

	if (progress == NULL || progress->data != data ||
		progress->state == NULL || progress->state->cur_lineno == 0)
		return false;
	while (callback != NULL && !(callback->callback == CopyFromErrorCallback &&
								 callback->arg == progress->state))
		callback = callback->previous;
	if (callback == NULL)
		return false;
	*line = data->line + (int) progress->state->cur_lineno - 1 +
		uncounted_lines(progress);
	return true;
}
