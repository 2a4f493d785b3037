/*-------------------------------------------------------------------------
 *
 * history_table.c
 *	  The history table, <version table>_history: found and created.
 *
 * Its rows are in history.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "history_table.h"
#include "query.h"

/* Added to the name of the version table. */
#define HISTORY_SUFFIX "_history"

/* Creates the table. */
static void
create_history(void *arg)
{
	const TrustedTable *table = arg;

	trust_check_create(table, "history table",
					   "The first run creates it: grant CREATE on the schema, or set \"gooseplus.history\" to off.");
	query_run(psprintf("CREATE TABLE %s ("
					   "id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, "
					   "event pg_catalog.text NOT NULL, "
					   "run pg_catalog.text NOT NULL, "
					   "version bigint, "
					   "source pg_catalog.text, "
					   "environment pg_catalog.text, "
					   "direction pg_catalog.text NOT NULL, "
					   "checksum pg_catalog.text, "
					   "up pg_catalog.text, "
					   "down pg_catalog.text, "
					   "file_size bigint, "
					   "file_changed pg_catalog.timestamptz, "
					   "version_row bigint, "
					   "started pg_catalog.timestamptz NOT NULL, "
					   "ended pg_catalog.timestamptz, "
					   "duration interval, "
					   "statements integer NOT NULL, "
					   "rows bigint NOT NULL, "
					   "role pg_catalog.text NOT NULL, "
					   "outcome pg_catalog.text NOT NULL, "
					   "sqlstate pg_catalog.text, "
					   "message pg_catalog.text, "
					   "file pg_catalog.text, "
					   "line integer, "
					   "statement integer, "
					   "partial boolean, "
					   "doubtful boolean, "
					   "invalid_indexes pg_catalog.oid[], "
					   "version_sequence bigint)", table->name),
			  SPI_OK_UTILITY, 0, NULL, NULL, NULL, NULL);
}

/* The columns of the table that are read or written. */
static const struct
{
	const char *name;
	Oid			type;
}			history_columns[] =

{
	{"id", INT8OID},
	{"event", TEXTOID},
	{"run", TEXTOID},
	{"version", INT8OID},
	{"source", TEXTOID},
	{"environment", TEXTOID},
	{"direction", TEXTOID},
	{"checksum", TEXTOID},
	{"up", TEXTOID},
	{"down", TEXTOID},
	{"file_size", INT8OID},
	{"file_changed", TIMESTAMPTZOID},
	{"version_row", INT8OID},
	{"started", TIMESTAMPTZOID},
	{"ended", TIMESTAMPTZOID},
	{"duration", INTERVALOID},
	{"statements", INT4OID},
	{"rows", INT8OID},
	{"role", TEXTOID},
	{"outcome", TEXTOID},
	{"sqlstate", TEXTOID},
	{"message", TEXTOID},
	{"file", TEXTOID},
	{"line", INT4OID},
	{"statement", INT4OID},
	{"partial", BOOLOID},
	{"doubtful", BOOLOID},
	{"invalid_indexes", OIDARRAYOID},
	{"version_sequence", INT8OID}
};

/*
 * Raises an error unless the relation has the columns of a history.
 */
static void
check_columns(const TrustedTable *table)
{
	Relation	relation = relation_open(table->relation, NoLock);
	TupleDesc	desc = RelationGetDescr(relation);

	for (size_t i = 0; i < lengthof(history_columns); i++)
	{
		int			number = SPI_fnumber(desc, history_columns[i].name);

		if (number <= 0 ||
			SPI_gettypeid(desc, number) != history_columns[i].type)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("relation %s is not a history of gooseplus",
							table->name),
					 errdetail("It has no column \"%s\" of type %s.",
							   history_columns[i].name,
							   format_type_be(history_columns[i].type)),
					 errhint("Give it another name, or set \"gooseplus.history\" to off.")));
	}
	relation_close(relation, NoLock);
}

/* Has the caller the rights on the table? */
static bool
has_rights(const TrustedTable *table, AclMode rights)
{
	return pg_class_aclmask(table->relation, GetUserId(), rights,
							ACLMASK_ALL) == rights;
}

/*
 * Raises an error unless the caller may use the table.
 */
static void
check_rights(const TrustedTable *table)
{
	check_columns(table);
	if (!has_rights(table, ACL_SELECT | ACL_INSERT | ACL_UPDATE))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", table->name),
				 errhint("GRANT SELECT, INSERT, UPDATE ON %s TO %s gives the right; or set \"gooseplus.history\" to off.",
						 table->name,
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/*
 * Finds the table, and locks it in the mode for the transaction.  Returns
 * NULL if the settings want none, or if there is none yet.  Errors: see
 * trust_find_table().
 */
static TrustedTable *
find_table(const Settings *settings, LOCKMODE mode)
{
	TrustedTable *table;

	if (!settings->history || !settings->versioning)
		return NULL;
	table = trust_find_table(settings, HISTORY_SUFFIX, mode);
	return OidIsValid(table->relation) ? table : NULL;
}

/*
 * Finds the history, to write to it; NULL if there is none.  Errors: see
 * find_table(); the caller may not.
 */
TrustedTable *
history_find(const Settings *settings)
{
	TrustedTable *table = find_table(settings, RowExclusiveLock);

	if (table != NULL)
		check_rights(table);
	return table;
}

/*
 * Finds the history for a look at it.  Returns NULL, too, if the caller may
 * not read it.
 */
TrustedTable *
history_find_readable(const Settings *settings)
{
	TrustedTable *table = find_table(settings, AccessShareLock);

	if (table == NULL || !has_rights(table, ACL_SELECT))
		return NULL;
	check_columns(table);
	return table;
}

/*
 * Can rows be changed as far as publications go?  They publish changes by an
 * identity of the row.  Without one it may still be possible.
 */
static bool
has_identity(Relation table)
{
	return table->rd_rel->relreplident == REPLICA_IDENTITY_FULL ||
		OidIsValid(RelationGetReplicaIndex(table));
}

/*
 * Is it a table that nothing but its own columns keeps from being changed, and
 * that runs nothing then?  A check that is not valid can refuse an old row.
 */
static bool
is_plain(Oid relation)
{
	Relation	table = RelationIdGetRelation(relation);
	const TupleConstr *constraints = table->rd_att->constr;
	bool		plain = table->rd_rel->relkind == RELKIND_RELATION &&
	!table->rd_rel->relhassubclass && !table->rd_rel->relrowsecurity &&
	table->trigdesc == NULL && table->rd_rules == NULL &&
	(constraints == NULL || (constraints->num_check == 0 &&
							 !constraints->has_generated_stored)) &&
	has_identity(table);

	RelationClose(table);
	return plain;
}

/*
 * Finds the history to write to it what can be left out: see history_stamp().
 * Returns NULL if there is none, and where that might fail, or do more: no run
 * is to fail for it.
 */
TrustedTable *
history_find_stampable(const Settings *settings)
{
	TrustedTable *table = find_table(settings, RowExclusiveLock);

	if (table == NULL || !is_plain(table->relation) ||
		!has_rights(table, ACL_SELECT | ACL_UPDATE))
		return NULL;
	check_columns(table);
	return table;
}

/*
 * Returns the name of the history if there is one that the caller may not
 * read, qualified and quoted; else NULL.
 */
const char *
history_hidden(const Settings *settings)
{
	TrustedTable *table = find_table(settings, AccessShareLock);

	return table != NULL && !has_rights(table, ACL_SELECT) ? table->name :
		NULL;
}

/*
 * Finds the history as history_find() does, and creates it if there is none.
 */
TrustedTable *
history_ensure(const Settings *settings)
{
	TrustedTable *table;
	bool		created;

	if (!settings->history || !settings->versioning)
		return NULL;
	table = trust_ensure_table(settings, HISTORY_SUFFIX, RowExclusiveLock,
							   create_history, &created);
	check_rights(table);
	return table;
}
