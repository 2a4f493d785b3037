/*-------------------------------------------------------------------------
 *
 * history.c
 *	  The rows of the history table: what ran, when, by whom, and how it
 *	  ended.
 *
 * A run of one transaction writes its rows in that transaction.  A deploy
 * commits them, so that they are there after a crash, too.  A migration that
 * can be half done - without a transaction, or with a COMMIT of its own - is
 * a journal: its row says which statements have ended, and which one has
 * begun.
 *
 * The table itself is in history_table.c.  What follows from a row is not
 * decided here (see unfinished.c and deploy_resume.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "history.h"
#include "query_table.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/* Conditions on rows: it has not ended well; it has changed something. */
#define UNFINISHED \
	"(outcome" EQUALS "'failed' OR outcome" EQUALS "'running'" \
	" OR outcome" EQUALS "'interrupted')"
#define BEGUN \
	"(statements OPERATOR(pg_catalog.>) 0 OR partial OR doubtful)"

#define COLUMNS_MAX 32

/* Columns of a command, with their values; no type: null. */
typedef struct Columns
{
	int			count;
	const char *names[COLUMNS_MAX];
	Oid			types[COLUMNS_MAX];
	Datum		values[COLUMNS_MAX];
} Columns;

/*
 * Adds the value of a column to SQL text: its parameter, or NULL.  Parameters
 * are never null, see query_table_run().
 */
static void
append_value(StringInfo sql, const Columns *columns, int i)
{
	char		parameter[MAXINT8LEN + 2] = "$";

	pg_ltoa(i + 1, parameter + 1);
	appendStringInfoString(sql, OidIsValid(columns->types[i]) ? parameter :
						   "NULL");
}

static void
add_column(Columns *columns, const char *name, Oid type, Datum value)
{
	Assert(columns->count < COLUMNS_MAX);
	columns->names[columns->count] = name;
	columns->types[columns->count] = type;
	columns->values[columns->count++] = value;
}

static void
add_text(Columns *columns, const char *name, const char *text)
{
	if (text != NULL)
		add_column(columns, name, TEXTOID, CStringGetTextDatum(text));
}

static void
add_int(Columns *columns, const char *name, int value)
{
	add_column(columns, name, INT4OID, Int32GetDatum(value));
}

/*
 * Adds what is known once a run or migration has begun.
 */
static void
add_begin(Columns *columns, const HistoryRow *row)
{
	add_text(columns, "event", row->event);
	add_text(columns, "run", row->run);
	add_text(columns, "source", row->source);
	add_text(columns, "environment", row->environment);
	add_text(columns, "direction", row->direction);
	add_text(columns, "checksum", row->checksum);
	add_text(columns, "up", row->up);
	add_text(columns, "down", row->down);
	if (row->checksum != NULL && row->file_size >= 0)
	{
		add_column(columns, "file_size", INT8OID,
				   Int64GetDatum(row->file_size));
		add_column(columns, "file_changed", TIMESTAMPTZOID,
				   TimestampTzGetDatum(row->file_changed));
	}
	add_column(columns, "started", TIMESTAMPTZOID,
			   TimestampTzGetDatum(row->started));
	add_text(columns, "role", GetUserNameFromId(GetUserId(), false));
	if (row->journal)
	{
		int			count = list_length(row->invalid_indexes);
		Datum	   *oids = palloc((count + 1) * sizeof(Datum));

		for (int i = 0; i < count; i++)
			oids[i] = ObjectIdGetDatum(list_nth_oid(row->invalid_indexes, i));
		add_column(columns, "invalid_indexes", OIDARRAYOID,
				   PointerGetDatum(construct_array(oids, count, OIDOID,
												   sizeof(Oid), true,
												   TYPALIGN_INT)));
	}
}

/*
 * Adds what changes until a run or migration has ended.
 */
static void
add_state(Columns *columns, const HistoryRow *row)
{
	if (strcmp(row->event, "repeatable") != 0)
		add_column(columns, "version", INT8OID, Int64GetDatum(row->version));
	if (row->version_row > 0)
		add_column(columns, "version_row", INT8OID,
				   Int64GetDatum(row->version_row));
	add_text(columns, "outcome", row->outcome);
	add_int(columns, "statements", row->statements);
	add_column(columns, "rows", INT8OID, Int64GetDatum(row->rows));
	if (row->journal)
	{
		if (row->statement > 0)
			add_int(columns, "statement", row->statement);
		else
			add_column(columns, "statement", InvalidOid, (Datum) 0);
		add_column(columns, "partial", BOOLOID, BoolGetDatum(row->partial));
		add_column(columns, "doubtful", BOOLOID, BoolGetDatum(row->doubtful));
		add_column(columns, "version_sequence", INT8OID,
				   Int64GetDatum(row->version_sequence));
	}
	if (row->ended)
	{
		Interval   *duration = palloc0(sizeof(Interval));

		duration->time = (TimeOffset) (row->duration_ms * 1000.0);
		add_column(columns, "duration", INTERVALOID,
				   IntervalPGetDatum(duration));
		add_column(columns, "ended", TIMESTAMPTZOID,
				   TimestampTzGetDatum(GetCurrentTimestamp()));
	}
	if (row->error != NULL)
	{
		add_text(columns, "sqlstate",
				 unpack_sql_state(row->error->sqlerrcode));
		add_text(columns, "message", row->error->message);
		add_text(columns, "file", row->file);
		if (row->line > 0)
			add_int(columns, "line", row->line);
	}
}

/* QueryRow: receives a bigint. */
static void
receive_id(void *arg, TupleTableSlot *row)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(query_value(row, 1, &isnull));
}

/*
 * Adds a row.  Returns its id.  Errors: something keeps the row from being
 * written, and nobody would know where the run stands.
 */
int64
history_add(const TrustedTable *table, const HistoryRow *row)
{
	Columns		columns = {0};
	StringInfoData sql;
	StringInfoData values;
	int64		id = 0;

	add_begin(&columns, row);
	add_state(&columns, row);
	initStringInfo(&sql);
	initStringInfo(&values);
	appendStringInfo(&sql, "INSERT INTO %s (", table->name);
	for (int i = 0; i < columns.count; i++)
	{
		if (i > 0)
		{
			appendStringInfoString(&sql, ", ");
			appendStringInfoString(&values, ", ");
		}
		appendStringInfoString(&sql, columns.names[i]);
		append_value(&values, &columns, i);
	}
	appendStringInfo(&sql, ") VALUES (%s) RETURNING id", values.data);
	if (query_table_run(table->relation, sql.data, columns.count,
						columns.types, columns.values, receive_id, &id) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				 errmsg("could not write to %s", table->name),
				 errdetail("The command succeeded, but no row was added."),
				 errhint("Look for triggers, rules and policies on the table.")));
	return id;
}

/*
 * Changes the row with that id to what it says now.  Returns whether it is
 * there.
 */
static bool
change_row(const TrustedTable *table, const HistoryRow *row)
{
	Columns		columns = {0};
	StringInfoData sql;

	add_state(&columns, row);
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s SET ", table->name);
	for (int i = 0; i < columns.count; i++)
	{
		appendStringInfo(&sql, "%s%s = ", i > 0 ? ", " : "", columns.names[i]);
		append_value(&sql, &columns, i);
	}
	add_column(&columns, "id", INT8OID, Int64GetDatum(row->id));
	appendStringInfo(&sql, " WHERE id" EQUALS "$%d", columns.count);
	/* a table that was created anew gives the same ids again */
	add_text(&columns, "event", row->event);
	appendStringInfo(&sql, " AND event" EQUALS "$%d", columns.count);
	add_text(&columns, "run", row->run);
	appendStringInfo(&sql, " AND run" EQUALS "$%d", columns.count);
	return query_table_run(table->relation, sql.data, columns.count,
						   columns.types, columns.values, NULL, NULL) > 0;
}

/*
 * Writes a row: one that has no id, or is gone, is added and gets one.
 */
void
history_put(const TrustedTable *table, HistoryRow *row)
{
	if (row->id == 0 || !change_row(table, row))
		row->id = history_add(table, row);
}

/*
 * Says of the runs that are still called running that they have been
 * interrupted, except the one given.  Whoever holds the lock knows that.
 */
void
history_interrupt(const TrustedTable *table, const char *run)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(run);

	query_table_run(table->relation,
					psprintf("UPDATE %s SET outcome = 'interrupted'"
							 " WHERE outcome" EQUALS "'running'"
							 " AND run OPERATOR(pg_catalog.<>) $1",
							 table->name),
					1, &type, &value, NULL, NULL);
}

/*
 * Says of a half done migration that somebody else has finished it.
 */
void
history_supersede(const TrustedTable *table, const HistoryRow *row)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(row->id);

	query_table_run(table->relation,
					psprintf("UPDATE %s SET outcome = 'superseded'"
							 " WHERE id" EQUALS "$1", table->name),
					1, &type, &value, NULL, NULL);
}

/* Returns values as an array, palloc'd; their type is 8 bytes long. */
static Datum
array_of(Datum *values, int count, Oid type)
{
	return PointerGetDatum(construct_array(values, count, type, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * Changes what rows say of the size and time of their files; "stamps" is a
 * list of HistoryStamp.
 */
void
history_stamp(const TrustedTable *table, const List *stamps)
{
	int			count = list_length(stamps);
	Datum	   *ids = palloc(count * sizeof(Datum));
	Datum	   *sizes = palloc(count * sizeof(Datum));
	Datum	   *times = palloc(count * sizeof(Datum));
	Oid			types[] = {INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID};
	Datum		values[3];

	for (int i = 0; i < count; i++)
	{
		const HistoryStamp *stamp = list_nth(stamps, i);

		ids[i] = Int64GetDatum(stamp->id);
		sizes[i] = Int64GetDatum(stamp->file_size);
		times[i] = TimestampTzGetDatum(stamp->file_changed);
	}
	values[0] = array_of(ids, count, INT8OID);
	values[1] = array_of(sizes, count, INT8OID);
	values[2] = array_of(times, count, TIMESTAMPTZOID);
	query_table_run(table->relation,
					psprintf("UPDATE %s h SET file_size = s.size,"
							 " file_changed = s.changed"
							 " FROM ROWS FROM (pg_catalog.unnest($1),"
							 " pg_catalog.unnest($2), pg_catalog.unnest($3))"
							 " s(id, size, changed) WHERE h.id" EQUALS "s.id",
							 table->name),
					3, types, values, NULL, NULL);
}

/*
 * Gives what has happened to a version to the number that it has now.
 */
void
history_renumber(const TrustedTable *table, int64 version, int64 new_version)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {
		Int64GetDatum(version), Int64GetDatum(new_version)
	};

	query_table_run(table->relation,
					psprintf("UPDATE %s SET version = $2 WHERE version" EQUALS "$1"
							 " AND event OPERATOR(pg_catalog.<>) 'run'",
							 table->name),
					2, types, values, NULL, NULL);
}

/* Returns a text column, palloc'd; empty if it is null. */
static char *
text_value(TupleTableSlot *row, int column)
{
	bool		isnull;
	Datum		value = query_value(row, column, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

/* Returns the members of an array of OIDs. */
static List *
oid_list(TupleTableSlot *row, int column)
{
	List	   *list = NIL;
	bool		isnull;
	Datum		value = query_value(row, column, &isnull);
	Datum	   *oids;
	int			count;

	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(value), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &oids, NULL, &count);
	for (int i = 0; i < count; i++)
		list = lappend_oid(list, DatumGetObjectId(oids[i]));
	return list;
}

/*
 * QueryRow: keeps the row of an unfinished migration.
 */
static void
keep_unfinished(void *arg, TupleTableSlot *row)
{
	List	  **rows = arg;
	HistoryRow *item = palloc0(sizeof(HistoryRow));
	bool		isnull;

	item->event = "migration";
	item->id = DatumGetInt64(query_value(row, 1, &isnull));
	item->version = DatumGetInt64(query_value(row, 2, &isnull));
	item->source = text_value(row, 3);
	item->environment = text_value(row, 4);
	item->direction = text_value(row, 5);
	item->checksum = text_value(row, 6);
	item->outcome = text_value(row, 7);
	item->statements = DatumGetInt32(query_value(row, 8, &isnull));
	item->statement = DatumGetInt32(query_value(row, 9, &isnull));
	item->partial = DatumGetBool(query_value(row, 10, &isnull)) && !isnull;
	item->invalid_indexes = oid_list(row, 11);
	item->version_sequence = DatumGetInt64(query_value(row, 12, &isnull));
	*rows = lappend(*rows, item);
}

/* QueryRow: receives a boolean. */
static void
receive_bool(void *arg, TupleTableSlot *row)
{
	bool		isnull;

	*(bool *) arg = DatumGetBool(query_value(row, 1, &isnull)) && !isnull;
}

/* QueryRow: notes that there is a row. */
static void
note_row(void *arg, TupleTableSlot *row)
{
	*(bool *) arg = true;
}

/*
 * Has the version run, in either direction, after that row, and changed
 * anything?
 */
static bool
has_run_since(const TrustedTable *table, const HistoryRow *row)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {
		Int64GetDatum(row->version), Int64GetDatum(row->id)
	};
	bool		found = false;

	query_table_run(table->relation,
					psprintf("SELECT FROM %s WHERE event" EQUALS "'migration'"
							 " AND version" EQUALS "$1"
							 " AND id OPERATOR(pg_catalog.>) $2"
							 " AND (NOT " UNFINISHED
							 " OR " BEGUN ") LIMIT 1",
							 table->name),
					2, types, values, note_row, &found);
	return found;
}

/*
 * Returns the rows of migrations that may be half done: a list of HistoryRow,
 * palloc'd, the last of a version only.
 */
List *
history_unfinished(const TrustedTable *table)
{
	List	   *rows = NIL;
	List	   *unfinished = NIL;
	ListCell   *cell;

	query_table_run(table->relation,
					psprintf("SELECT id, version, source, environment,"
							 " direction, checksum, outcome, statements,"
							 " statement, partial, invalid_indexes,"
							 " version_sequence FROM %s"
							 " WHERE event" EQUALS "'migration' AND " UNFINISHED
							 " AND partial IS NOT NULL AND " BEGUN
							 " ORDER BY id", table->name),
					0, NULL, NULL, keep_unfinished, &rows);
	foreach(cell, rows)
	{
		if (!has_run_since(table, lfirst(cell)))
			unfinished = lappend(unfinished, lfirst(cell));
	}
	return unfinished;
}

/*
 * Had the version of a row that takes it back been applied as a whole before?
 * By this history's last word on that; if it has none, it was somebody else
 * who applied it.
 */
bool
history_was_applied(const TrustedTable *table, const HistoryRow *row)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {
		Int64GetDatum(row->version), Int64GetDatum(row->id)
	};
	bool		unfinished = false;

	query_table_run(table->relation,
					psprintf("SELECT " UNFINISHED " FROM %s"
							 " WHERE event" EQUALS "'migration'"
							 " AND version" EQUALS "$1"
							 " AND id OPERATOR(pg_catalog.<) $2"
							 " AND direction" EQUALS "'up'"
							 " AND (NOT " UNFINISHED " OR " BEGUN ")"
							 " ORDER BY id DESC LIMIT 1", table->name),
					2, types, values, receive_bool, &unfinished);
	return !unfinished;
}
