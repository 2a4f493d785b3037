/*-------------------------------------------------------------------------
 *
 * history_text.h
 *	  What the history knows of the texts of migrations that are applied.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_HISTORY_TEXT_H
#define GOOSEPLUS_HISTORY_TEXT_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "trust.h"

/* The text of a migration when it was applied, or accepted. */
typedef struct HistoryText
{
	int64		id;				/* of the row of the history */
	int64		version;		/* 0: repeatable */
	int64		version_row;	/* id in the version table; 0: repeatable */
	const char *source;			/* label; NULL unless repeatable */
	bool		taken_back;		/* repeatable ones only, as the next */
	bool		half_replaced;	/* a later text has been run in part */
	char		checksum[65];
	int64		file_size;		/* bytes; -1: not known, as the next */
	TimestampTz file_changed;
	TimestampTz ended;
} HistoryText;

typedef struct HistoryTexts
{
	HistoryText *items;			/* in the order of version_row and id */
	size_t		nitems;
	size_t		allocated;
} HistoryTexts;

/* The script of a migration, as it is stored. */
typedef struct HistoryScript
{
	char	   *source;			/* label */
	char	   *environment;
	char	   *text;			/* database's encoding; NULL: not asked for */
	bool		complete;		/* is the Up part in it, too? */
} HistoryScript;

extern HistoryTexts *history_texts_read(const TrustedTable *table);
extern const HistoryText *history_texts_find(const HistoryTexts *texts,
											 int64 version,
											 int64 version_row);
extern List *history_texts_repeatable(const TrustedTable *table);
extern List *history_text_environments(const TrustedTable *table);
extern HistoryScript *history_text_script(const TrustedTable *table,
										  int64 id, bool with_text);

#endif							/* GOOSEPLUS_HISTORY_TEXT_H */
