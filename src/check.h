/*-------------------------------------------------------------------------
 *
 * check.h
 *	  Reads migrations and finds what is wrong with them before they run.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_CHECK_H
#define GOOSEPLUS_CHECK_H

#include "problem.h"
#include "source.h"

/* Nobody reads more problems; looking stops here. */
#define CHECK_PROBLEMS_MAX 200

/* A migration whose text has been read. */
typedef struct Migration
{
	const Source *source;
	ScriptDirection direction;	/* to run it in */
	char	   *text;
	size_t		length;
	bool		transactional;	/* no NO TRANSACTION in the file */
	bool		commits;		/* a command ends the transaction (deploys) */
	int			nstatements[2]; /* by ScriptDirection */
	ScriptDown	down;			/* where the Down part begins, once the format
								 * has been checked */
	ScriptData	longest_data;	/* in the text */
	ScriptCuts	cuts;			/* of both parts, once the format has been
								 * checked */
	SourceStamp stamp;			/* of the file, from before it was read */
	char	   *checksum;		/* NULL: not asked for */
	bool	   *alike;			/* by ordinal: the grammar takes the statement
								 * if it takes the one before; NULL: not known */
	int64		version_row;	/* id of its row in the version table, or 0 */
} Migration;

/* What the migrations are checked for. */
typedef enum CheckMode
{
	CHECK_LOOK,					/* nothing is going to run */
	CHECK_ATOMIC,				/* a run of one transaction */
	CHECK_DEPLOY,
	CHECK_REHEARSE				/* one transaction that leaves out what cannot
								 * be in it */
} CheckMode;

extern void check_script_options(const Settings *settings,
								 ScriptOptions *options);
extern ScriptReader *check_open(const Migration *migration,
								ScriptDirection direction,
								const ScriptOptions *options);
extern void check_free_text(Migration *migration);
extern bool check_read(Migration *migration, List **problems);
extern void check_rethrow_unless_of_file(ErrorData *error);
extern void check_format(Migration *migration, const Settings *settings,
						 bool notes, List **problems);
extern void check_grammar(const Migration *migration,
						  const Settings *settings,
						  ScriptDirection direction, CheckMode mode,
						  bool *languages_come, List **problems);

#endif							/* GOOSEPLUS_CHECK_H */
