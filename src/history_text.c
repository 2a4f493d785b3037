/*-------------------------------------------------------------------------
 *
 * history_text.c
 *	  What the history knows of the texts of migrations that are applied:
 *	  their checksums, and the texts themselves.
 *
 * A row speaks of a version as long as the row of the version table is there
 * that was written with it.  Once goose has taken the version back and applied
 * it again, from a file that we have not seen, there is another one, and the
 * history knows nothing of its text.
 *
 * How rows are written is in history.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "history_text.h"
#include "query_scan.h"
#include "query_table.h"

#define EQUALS " OPERATOR(pg_catalog.=) "

/*
 * Conditions on rows: it has ended well, and says what the text was; it has
 * done something, and not ended well.
 */
#define HAS_TEXT \
	"(checksum IS NOT NULL AND (outcome" EQUALS "'applied'" \
	" OR outcome" EQUALS "'empty' OR outcome" EQUALS "'recorded'))"
#define HALF_DONE \
	"(partial IS NOT NULL AND (statements OPERATOR(pg_catalog.>) 0" \
	" OR partial OR doubtful) AND (outcome" EQUALS "'running'" \
	" OR outcome" EQUALS "'failed' OR outcome" EQUALS "'interrupted'))"

#define COLUMNS \
	"id, version, version_row, checksum, file_size, file_changed, ended"

/*
 * Fills in what the columns say.
 */
static void
fill_text(HistoryText *known, TupleTableSlot *row)
{
	bool		isnull;

	memset(known, 0, sizeof(HistoryText));
	known->id = DatumGetInt64(query_value(row, 1, &isnull));
	known->version = DatumGetInt64(query_value(row, 2, &isnull));
	known->version_row = DatumGetInt64(query_value(row, 3, &isnull));
	text_to_cstring_buffer(DatumGetTextPP(query_value(row, 4, &isnull)),
						   known->checksum, sizeof(known->checksum));
	known->file_size = DatumGetInt64(query_value(row, 5, &isnull));
	if (isnull)
		known->file_size = -1;
	known->file_changed = DatumGetTimestampTz(query_value(row, 6, &isnull));
	known->ended = DatumGetTimestampTz(query_value(row, 7, &isnull));
}

/*
 * Does the row say what the text of a numbered migration was?  For repeatable
 * ones HAS_TEXT asks the same.
 */
static bool
has_text(TupleTableSlot *row)
{
	static const char *const outcomes[] = {"applied", "empty", "recorded"};
	bool		isnull[3];
	Datum		value;
	text	   *outcome;

	(void) query_value(row, 3, &isnull[0]);
	(void) query_value(row, 4, &isnull[1]);
	value = query_value(row, 8, &isnull[2]);
	if (isnull[0] || isnull[1] || isnull[2])
		return false;
	outcome = DatumGetTextPP(value);
	for (size_t i = 0; i < lengthof(outcomes); i++)
	{
		if (VARSIZE_ANY_EXHDR(outcome) == strlen(outcomes[i]) &&
			memcmp(VARDATA_ANY(outcome), outcomes[i], strlen(outcomes[i])) == 0)
			return true;
	}
	return false;
}

/* QueryRow: keeps the text of a numbered migration. */
static void
keep_text(void *arg, TupleTableSlot *row)
{
	HistoryTexts *texts = arg;

	if (!has_text(row))
		return;
	if (texts->nitems == texts->allocated)
	{
		texts->allocated = Max(64, texts->allocated * 2);
		texts->items = texts->items == NULL ?
			palloc(texts->allocated * sizeof(HistoryText)) :
			repalloc_huge(texts->items,
						  texts->allocated * sizeof(HistoryText));
	}
	fill_text(&texts->items[texts->nitems++], row);
}

static int
compare_texts(const void *a, const void *b)
{
	const HistoryText *first = a;
	const HistoryText *second = b;

	if (first->version_row != second->version_row)
		return first->version_row < second->version_row ? -1 : 1;
	return (first->id > second->id) - (first->id < second->id);
}

/*
 * Returns what the history knows of numbered migrations, palloc'd.
 */
HistoryTexts *
history_texts_read(const TrustedTable *table)
{
	static const QueryColumn columns[] = {
		{"id", INT8OID}, {"version", INT8OID}, {"version_row", INT8OID},
		{"checksum", TEXTOID}, {"file_size", INT8OID},
		{"file_changed", TIMESTAMPTZOID}, {"ended", TIMESTAMPTZOID},
		{"outcome", TEXTOID}
	};
	HistoryTexts *texts = palloc0(sizeof(HistoryTexts));

	query_scan(table->relation, table->name, columns, lengthof(columns),
			   keep_text, texts);
	if (texts->nitems > 1)
		qsort(texts->items, texts->nitems, sizeof(HistoryText),
			  compare_texts);
	return texts;
}

/*
 * Returns the last word about a version that is recorded in that row of the
 * version table, or NULL if there is none.
 */
const HistoryText *
history_texts_find(const HistoryTexts *texts, int64 version,
				   int64 version_row)
{
	size_t		low = 0;
	size_t		high = texts->nitems;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (texts->items[middle].version_row <= version_row)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || texts->items[low - 1].version_row != version_row ||
		texts->items[low - 1].version != version)
		return NULL;
	return &texts->items[low - 1];
}

/*
 * QueryRow: keeps the text of a repeatable migration, instead of the one
 * before it; or notes that it was not all that was run.
 */
static void
keep_repeatable(void *arg, TupleTableSlot *row)
{
	List	  **texts = arg;
	bool		isnull;
	char	   *source = TextDatumGetCString(query_value(row, 8, &isnull));
	HistoryText *known = *texts == NIL ? NULL : llast(*texts);

	if (known != NULL && strcmp(known->source, source) != 0)
		known = NULL;
	if (!DatumGetBool(query_value(row, 10, &isnull)))
	{
		if (known != NULL)
			known->half_replaced = true;
		return;
	}
	if (known == NULL)
	{
		known = palloc(sizeof(HistoryText));
		*texts = lappend(*texts, known);
	}
	fill_text(known, row);
	known->source = source;
	known->taken_back = DatumGetBool(query_value(row, 9, &isnull));
}

/*
 * Returns the last word about each repeatable migration, as a list of
 * HistoryText, palloc'd, in the order that strcmp() gives their sources.
 */
List *
history_texts_repeatable(const TrustedTable *table)
{
	List	   *texts = NIL;

	query_table_run(table->relation,
					psprintf("SELECT " COLUMNS ", source,"
							 " direction" EQUALS "'down', " HAS_TEXT
							 " FROM %s WHERE event" EQUALS "'repeatable'"
							 " AND source IS NOT NULL"
							 " AND (" HAS_TEXT " OR " HALF_DONE ")"
							 " ORDER BY source COLLATE pg_catalog.\"C\", id",
							 table->name),
					0, NULL, NULL, keep_repeatable, &texts);
	return texts;
}

/* QueryRow: keeps a name. */
static void
keep_name(void *arg, TupleTableSlot *row)
{
	List	  **names = arg;
	bool		isnull;

	*names = lappend(*names,
					 TextDatumGetCString(query_value(row, 1, &isnull)));
}

/*
 * Returns the environments of which Down parts are stored, as a list of
 * strings, palloc'd.
 */
List *
history_text_environments(const TrustedTable *table)
{
	List	   *names = NIL;

	query_table_run(table->relation,
					psprintf("SELECT DISTINCT environment FROM %s"
							 " WHERE version IS NOT NULL AND down IS NOT NULL"
							 " AND environment IS NOT NULL",
							 table->name),
					0, NULL, NULL, keep_name, &names);
	return names;
}

/* QueryRow: receives a script. */
static void
receive_script(void *arg, TupleTableSlot *row)
{
	HistoryScript *script = arg;
	bool		isnull;
	Datum		value;

	script->source = TextDatumGetCString(query_value(row, 1, &isnull));
	script->environment = TextDatumGetCString(query_value(row, 2, &isnull));
	script->complete = DatumGetBool(query_value(row, 3, &isnull));
	value = query_value(row, 4, &isnull);
	script->text = isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Returns the script that is stored in a row, palloc'd, with or without its
 * text; NULL if none is, or not even its Down part.
 */
HistoryScript *
history_text_script(const TrustedTable *table, int64 id, bool with_text)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);
	HistoryScript *script = palloc0(sizeof(HistoryScript));

	if (query_table_run(table->relation,
						psprintf("SELECT source, environment, up IS NOT NULL, %s"
								 " FROM %s WHERE id" EQUALS "$1"
								 " AND source IS NOT NULL"
								 " AND environment IS NOT NULL"
								 " AND down IS NOT NULL",
								 with_text ?
								 "CASE WHEN up IS NULL THEN down ELSE"
								 " up OPERATOR(pg_catalog.||) down END" :
								 "NULL::pg_catalog.text",
								 table->name),
						1, &type, &value, receive_script, script) == 0)
		return NULL;
	return script;
}
