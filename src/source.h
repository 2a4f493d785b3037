/*-------------------------------------------------------------------------
 *
 * source.h
 *	  Migrations at hand, whatever they come from.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SOURCE_H
#define GOOSEPLUS_SOURCE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "settings.h"

typedef struct Source Source;

/*
 * Reads the text of a migration: valid UTF-8 without null bytes, palloc'd in
 * the current context, NUL-terminated.  It may be larger than 1 GB.
 */
typedef char *(*SourceRead) (const Source *source, size_t *length);

/* What tells a file from an earlier state of it without reading it. */
typedef struct SourceStamp
{
	int64		size;			/* bytes; -1: not known */
	TimestampTz changed;		/* by the file system, not to be set back */
} SourceStamp;

/* Looks at files that share this function: what tells each of them. */
typedef void (*SourceLook) (const Source *const *sources, size_t count,
							SourceStamp *stamps);

/*
 * Returns the function that the Up, or the Down, part of a migration is to
 * call and nothing else.
 */
typedef Oid (*SourceCalled) (const Source *source, bool up);

struct Source
{
	int64		version;		/* 0 if it is repeatable */
	const char *type;			/* "sql" */
	const char *environment;	/* database's encoding */
	const char *name;			/* of the file, database's encoding */
	const char *label;			/* "environment/name" */
	SourceRead	read;
	SourceLook	look;			/* NULL: it has no stamp */
	bool		repeatable;		/* then it has no version */
	SourceCalled called;		/* NULL: its statements are its own */
	void	   *origin;			/* the reader's own */
};

typedef struct SourceSet
{
	Source	   *items;			/* ascending by version, distinct */
	size_t		nitems;
	size_t		allocated;
	struct SourceSet *repeatables;	/* in the order of names; NULL: none */
} SourceSet;

extern bool source_has_name(const List *names, const char *name);
extern List *source_environments(const Settings *settings, const char *env);
extern void source_refuse_misplaced(const char *env, const char *options_call,
									const char *version_call);
extern SourceSet *source_set_create(void);
extern const char *source_one_environment(const Settings *settings,
										  const char *env);
extern void source_missing_environment(const SourceSet *set,
									   const char *environment,
									   const char *place,
									   const char *folders,
									   bool has_migrations, int level);
extern Source *source_set_add(SourceSet *set);
extern Source *source_set_add_repeatable(SourceSet *set);
extern void source_set_exclude(SourceSet *set, const Settings *settings);
extern void source_set_sort(SourceSet *set);
extern List *source_set_duplicates(const SourceSet *set);
extern void source_set_refuse_duplicates(const SourceSet *set);
extern SourceStamp source_stamp(const Source *source);
extern void source_stamps(const Source *const *sources, size_t count,
						  SourceStamp *stamps);
extern const Source *source_set_find(const SourceSet *set, int64 version);

#endif							/* GOOSEPLUS_SOURCE_H */
