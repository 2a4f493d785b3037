/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  What statements do to the relations that were there before them: locks,
 *	  new files, indexes, and whether they are dropped.
 *
 * Only this backend's own table of locks is looked at, and nothing that others
 * share: to look costs the others nothing, however often it is done.  That
 * table cannot be listed, only asked; so the relations are listed, once, when
 * the watch begins, and asked for one by one.
 *
 * A lock stays with the transaction; that it has been taken once more is seen
 * by its count.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "compat.h"
#include "query.h"
#include "watch.h"

/* A relation that was there when the watch began. */
typedef struct Watched
{
	Oid			relation;
	Oid			table;			/* of an index, else InvalidOid */
	Oid			file;			/* InvalidOid: none, or a mapped one */
	Oid			tablespace;
	char		kind;
	bool		shared;
	bool		gone;
	char	   *name;
	LOCKMODE	reported;		/* strongest in this unit */
	int64		counts[MAX_LOCKMODES];
} Watched;

struct Watch
{
	Watched    *items;			/* ascending by relation */
	size_t		nitems;
	size_t		allocated;
	List	   *built;			/* OIDs of indexes that have been reported */
	MemoryContext context;
};

/*
 * QueryRow: adds a relation.
 */
static void
add_relation(void *arg, TupleTableSlot *row)
{
	Watch	   *watch = arg;
	Watched    *item;
	bool		isnull;
	bool		no_index;

	if (watch->nitems == watch->allocated)
	{
		watch->allocated *= 2;
		watch->items = repalloc_huge(watch->items,
									 watch->allocated * sizeof(Watched));
	}
	item = &watch->items[watch->nitems++];
	memset(item, 0, sizeof(Watched));
	item->relation = DatumGetObjectId(query_value(row, 1, &isnull));
	item->name = TextDatumGetCString(query_value(row, 2, &isnull));
	item->kind = DatumGetChar(query_value(row, 3, &isnull));
	item->file = DatumGetObjectId(query_value(row, 4, &isnull));
	item->tablespace = DatumGetObjectId(query_value(row, 5, &isnull));
	if (!OidIsValid(item->tablespace))
		item->tablespace = MyDatabaseTableSpace;
	item->shared = DatumGetBool(query_value(row, 6, &isnull));
	item->table = DatumGetObjectId(query_value(row, 7, &no_index));
	if (no_index)
		item->table = InvalidOid;
}

/* Nobody else can wait for a temporary table; a composite type is none. */
#define WATCHED_QUERY \
	"SELECT c.oid, c.oid::pg_catalog.regclass::pg_catalog.text," \
	" c.relkind, c.relfilenode, c.reltablespace, c.relisshared, i.indrelid" \
	" FROM pg_catalog.pg_class c" \
	" LEFT JOIN pg_catalog.pg_index i" \
	" ON i.indexrelid OPERATOR(pg_catalog.=) c.oid" \
	" WHERE c.relpersistence OPERATOR(pg_catalog.<>) 't'" \
	" AND c.relkind OPERATOR(pg_catalog.<>) 'c'" \
	" ORDER BY c.oid"

/*
 * Begins to watch the relations that are there.  The watch is allocated in
 * the current context.  What is locked already counts as known.
 */
Watch *
watch_begin(void)
{
	Watch	   *watch = palloc0(sizeof(Watch));

	watch->context = CurrentMemoryContext;
	watch->allocated = 1024;
	watch->items = palloc(watch->allocated * sizeof(Watched));
	query_run(WATCHED_QUERY, SPI_OK_SELECT, 0, NULL, NULL, add_relation,
			  watch);
	(void) watch_look(watch, 0);
	watch_begin_unit(watch);
	return watch;
}

/*
 * Begins a unit, which is what would be a transaction of its own: each lock
 * that is taken in it is reported, whatever was held before.
 */
void
watch_begin_unit(Watch *watch)
{
	for (size_t i = 0; i < watch->nitems; i++)
		watch->items[i].reported = NoLock;
}

/*
 * Returns the strongest mode in which the relation has been locked since the
 * last call, or NoLock.
 */
static LOCKMODE
new_lock(Watched *item)
{
	LOCKMODE	strongest = NoLock;
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, item->shared ? InvalidOid : MyDatabaseId,
						 item->relation);
	for (LOCKMODE mode = AccessShareLock; mode <= AccessExclusiveLock; mode++)
	{
		int64		count = compat_lock_is_held(&tag, mode) ?
		compat_lock_count(&tag, mode) : 0;

		if (count > item->counts[mode])
			strongest = mode;
		item->counts[mode] = count;
	}
	return strongest;
}

/*
 * Returns the size of a relation's file, or -1 if it has none of its own.
 */
static int64
file_size(Oid tablespace, Oid file, bool shared)
{
	if (!OidIsValid(file))
		return -1;
	return compat_file_size(tablespace, shared ? InvalidOid : MyDatabaseId,
							file);
}

/*
 * Returns the relation's entry in the list, which is its last if there is one.
 */
static RelationChange *
change_of(const Watched *item, double since, List **changes)
{
	RelationChange *change;

	if (*changes != NIL)
	{
		change = llast(*changes);
		if (change->relation == item->relation)
			return change;
	}
	change = palloc0(sizeof(RelationChange));
	change->relation = item->relation;
	change->table = item->table;
	change->name = item->name;
	change->kind = item->kind;
	change->bytes = file_size(item->tablespace, item->file, item->shared);
	change->since = since;
	*changes = lappend(*changes, change);
	return change;
}

/*
 * Notes that a relation has a file that it had not, or is gone.
 */
static void
look_at_file(Watched *item, double since, List **changes)
{
	HeapTuple	tuple = SearchSysCache1(RELOID,
										ObjectIdGetDatum(item->relation));
	Form_pg_class class;
	RelationChange *change;
	Oid			tablespace;

	if (!HeapTupleIsValid(tuple))
	{
		item->gone = true;
		change_of(item, since, changes)->dropped = true;
		return;
	}
	class = (Form_pg_class) GETSTRUCT(tuple);
	tablespace = OidIsValid(class->reltablespace) ? class->reltablespace :
		MyDatabaseTableSpace;
	if (class->relfilenode != item->file || tablespace != item->tablespace)
	{
		if (item->kind == RELKIND_RELATION || item->kind == RELKIND_MATVIEW ||
			item->kind == RELKIND_INDEX)
		{
			change = change_of(item, since, changes);
			change->rewritten = true;
			change->emptied = change->bytes > 0 &&
				file_size(tablespace, class->relfilenode, item->shared) == 0;
		}
		item->file = class->relfilenode;
		item->tablespace = tablespace;
	}
	ReleaseSysCache(tuple);
}

/* bsearch() comparator: a relation by its OID. */
static int
compare_relation(const void *key, const void *element)
{
	Oid			a = *(const Oid *) key;
	Oid			b = ((const Watched *) element)->relation;

	return a < b ? -1 : a > b;
}

/*
 * Has an index been built, rather than been there, or taken over the file of
 * one that was?  (ALTER TABLE does that where a column's values stay.)
 */
static bool
is_built(const Watch *watch, Oid index)
{
	HeapTuple	tuple;
	Oid			file;

	if (list_member_oid(watch->built, index) ||
		bsearch(&index, watch->items, watch->nitems, sizeof(Watched),
				compare_relation) != NULL)
		return false;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	if (!HeapTupleIsValid(tuple))
		return false;
	file = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
	ReleaseSysCache(tuple);
	for (size_t i = 0; i < watch->nitems; i++)
	{
		if (OidIsValid(file) && watch->items[i].file == file)
			return false;
	}
	return OidIsValid(file);
}

/*
 * Notes the indexes that have been built on a table, which must be locked.
 */
static void
look_at_indexes(Watch *watch, const Watched *item, double since,
				List **changes)
{
	Relation	table = table_open(item->relation, NoLock);
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Oid			index = lfirst_oid(cell);
		RelationChange *change;
		char	   *name;

		if (!is_built(watch, index))
			continue;
		watch->built = lappend_oid(watch->built, index);
		change = change_of(item, since, changes);
		name = DatumGetCString(DirectFunctionCall1(regclassout,
												   ObjectIdGetDatum(index)));
		change->indexes = lappend(change->indexes, name);
	}
	table_close(table, NoLock);
}

/* Can it have indexes? */
static bool
has_indexes(char kind)
{
	return kind == RELKIND_RELATION || kind == RELKIND_MATVIEW ||
		kind == RELKIND_PARTITIONED_TABLE;
}

/*
 * Returns what has changed since the last look, as a list of RelationChange,
 * one a relation, allocated in the context of the watch.  It happened after
 * the moment given.  Every command takes weak locks on catalogs: those are
 * left out.
 */
List *
watch_look(Watch *watch, double since)
{
	MemoryContext context = MemoryContextSwitchTo(watch->context);
	List	   *changes = NIL;

	for (size_t i = 0; i < watch->nitems; i++)
	{
		Watched    *item = &watch->items[i];
		LOCKMODE	mode;

		if (item->gone)
			continue;
		mode = new_lock(item);
		if (mode > item->reported &&
			(mode >= ShareUpdateExclusiveLock ||
			 item->relation >= FirstNormalObjectId))
		{
			change_of(item, since, &changes)->mode = mode;
			item->reported = mode;
		}
		if (item->counts[AccessExclusiveLock] > 0)
			look_at_file(item, since, &changes);
		if (mode >= ShareLock && has_indexes(item->kind) && !item->gone)
			look_at_indexes(watch, item, since, &changes);
	}
	MemoryContextSwitchTo(context);
	return changes;
}

/*
 * Adds a change to one before it, of the same relation.  Of two times for the
 * same mode, the longer one counts.
 */
static void
add_change(RelationChange *sum, const RelationChange *change)
{
	sum->held_ms = Max(sum->held_ms, change->held_ms);
	sum->rewritten = sum->rewritten || change->rewritten;
	sum->emptied = change->rewritten ? change->emptied : sum->emptied;
	sum->dropped = sum->dropped || change->dropped;
	sum->indexes = list_concat(sum->indexes, change->indexes);
}

/*
 * Returns the entry that a change belongs to, or NULL: the one with its mode,
 * or, if it needed no new lock, the one with the strongest.
 */
static RelationChange *
find_sum(const List *sums, const RelationChange *change)
{
	RelationChange *found = NULL;
	ListCell   *cell;

	foreach(cell, sums)
	{
		RelationChange *sum = lfirst(cell);

		if (sum->relation != change->relation)
			continue;
		if (change->mode == NoLock ?
			found == NULL || sum->mode > found->mode :
			sum->mode == change->mode)
			found = sum;
	}
	return found;
}

/* list_sort() comparator: the strongest lock first, then the largest. */
static int
compare_changes(const ListCell *a, const ListCell *b)
{
	const RelationChange *first = lfirst(a);
	const RelationChange *second = lfirst(b);

	if (first->mode != second->mode)
		return second->mode - first->mode;
	if (first->bytes != second->bytes)
		return first->bytes > second->bytes ? -1 : 1;
	return strcmp(first->name, second->name);
}

/*
 * Returns the changes of several looks with one entry for each mode in which a
 * relation was locked, the gravest first, palloc'd.
 */
List *
watch_sum(const List *changes)
{
	List	   *sums = NIL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		const RelationChange *change = lfirst(cell);
		RelationChange *sum = find_sum(sums, change);

		if (sum != NULL)
		{
			add_change(sum, change);
			continue;
		}
		sum = palloc(sizeof(RelationChange));
		*sum = *change;
		sum->indexes = list_copy(change->indexes);
		sums = lappend(sums, sum);
	}
	list_sort(sums, compare_changes);
	return sums;
}
