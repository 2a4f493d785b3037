/*-------------------------------------------------------------------------
 *
 * source.c
 *	  Migrations at hand, whatever they come from: environments, order,
 *	  duplicates.
 *
 * Where the migrations are found and how they are read is not known here
 * (see source_directory.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "problem.h"
#include "setting_text.h"
#include "source.h"

/* How old a file's last change must be for its time to tell the next one. */
#define STAMP_AGE_USECS (2 * USECS_PER_SEC)

/*
 * Raises the error for an argument that was meant for another parameter; the
 * hint shows the call that was meant, for options and for a version.
 */
void
source_refuse_misplaced(const char *env, const char *options_call,
						const char *version_call)
{
	bool		options = env[0] == '{';

	if (!options && strspn(env, "0123456789") < strlen(env))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not the name of an environment", env),
			 options ? errdetail("It looks like options.") :
			 errdetail("It looks like a version."),
			 options ?
			 errhint("The environment comes first: %s.", options_call) :
			 errhint("To migrate up to a version, %s.", version_call)));
}

/*
 * Raises an error unless the name is one component of a path.
 */
static void
check_environment(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("name of an environment is empty"),
				 errhint("Pass NULL for the base environment alone, or names separated by commas: 'production,eu'.")));
	if (name[0] == '.' || strchr(name, '/') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of an environment: \"%s\"", name),
				 errdetail("An environment is the name of one folder: no slash, and no dot at its start.")));
}

/*
 * Is the name in a list of environments, or of files?
 */
bool
source_has_name(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/*
 * Returns the environments of a call, the base first, each once, as palloc'd
 * strings.  "env" is NULL, a name, or names separated by commas.
 */
List *
source_environments(const Settings *settings, const char *env)
{
	List	   *names = list_make1(settings->base_environment);
	ListCell   *cell;

	if (env == NULL)
		return names;
	if (env[0] != '\0')
		source_refuse_misplaced(env,
								psprintf("gooseplus_migrate(NULL, '%s')", env),
								psprintf("call gooseplus_up_to(%s)", env));
	foreach(cell, setting_text_split(env))
	{
		char	   *name = lfirst(cell);

		check_environment(name);
		if (!source_has_name(names, name))
			names = lappend(names, name);
	}
	return names;
}

/*
 * Returns the one environment that a call is about; NULL means the base.
 */
const char *
source_one_environment(const Settings *settings, const char *env)
{
	List	   *environments = source_environments(settings, env);

	if (env != NULL && strchr(env, ',') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("one environment is wanted, not several: \"%s\"", env)));
	return llast(environments);
}

/*
 * Reports, at this level, that an environment has no folder in a place, and
 * which folders there are; unless it has migrations in the set that need no
 * folder.  Migrations that are in no folder at all explain it.
 */
void
source_missing_environment(const SourceSet *set, const char *environment,
						   const char *place, const char *folders,
						   bool has_migrations, int level)
{
	for (size_t i = 0; i < set->nitems; i++)
	{
		if (strcmp(set->items[i].environment, environment) == 0)
			return;
	}
	ereport(level,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("environment \"%s\" has no folder in the %s",
					environment, place),
			 folders[0] != '\0' ?
			 errdetail("The folders there are %s.", folders) :
			 errdetail("There are no folders."),
			 has_migrations ?
			 errhint("Migrations that are in no folder are taken if \"gooseplus.base_environment\" is empty. Set it so, or move them to the folder \"%s\".",
					 environment) :
			 level < ERROR ?
			 errhint("Only the other environments of the call are used.") : 0));
}

/* Returns an empty set, allocated in the current context. */
SourceSet *
source_set_create(void)
{
	return palloc0(sizeof(SourceSet));
}

/*
 * Returns a new, zeroed member of the set, good until the next one is added.
 */
Source *
source_set_add(SourceSet *set)
{
	if (set->nitems == set->allocated)
	{
		size_t		allocated = Max(64, set->allocated * 2);

		if (set->items == NULL)
			set->items = palloc(allocated * sizeof(Source));
		else
			set->items = repalloc_huge(set->items,
									   allocated * sizeof(Source));
		set->allocated = allocated;
	}
	memset(&set->items[set->nitems], 0, sizeof(Source));
	return &set->items[set->nitems++];
}

/* The same, for a repeatable one. */
Source *
source_set_add_repeatable(SourceSet *set)
{
	Source	   *source;

	if (set->repeatables == NULL)
		set->repeatables = source_set_create();
	source = source_set_add(set->repeatables);
	source->repeatable = true;
	return source;
}

/* Do the settings exclude this migration? */
static bool
is_excluded(const Source *source, const Settings *settings)
{
	ListCell   *cell;

	if (source_has_name(settings->exclude_names, source->name))
		return true;
	foreach(cell, settings->exclude_versions)
	{
		if (*(int64 *) lfirst(cell) == source->version)
			return true;
	}
	return false;
}

/*
 * Takes out of the set what the settings exclude, as goose does: before it
 * looks for duplicates.
 */
void
source_set_exclude(SourceSet *set, const Settings *settings)
{
	size_t		kept = 0;

	if (settings->exclude_names == NIL && settings->exclude_versions == NIL)
		return;
	if (set->repeatables != NULL)
		source_set_exclude(set->repeatables, settings);
	for (size_t i = 0; i < set->nitems; i++)
	{
		if (!is_excluded(&set->items[i], settings))
			set->items[kept++] = set->items[i];
	}
	set->nitems = kept;
}

static int
compare_sources(const Source *first, const Source *second)
{
	int			names = 0;

	if (first->version != second->version)
		return first->version < second->version ? -1 : 1;
	if (first->repeatable)
		names = strcmp(first->name, second->name);
	return names != 0 ? names : strcmp(first->label, second->label);
}

/* qsort() would move so large members byte by byte */
#define ST_SORT sort_sources
#define ST_ELEMENT_TYPE Source
#define ST_COMPARE(a, b) compare_sources(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Puts the set in the order of the versions, and repeatable migrations in that
 * of their names.
 */
void
source_set_sort(SourceSet *set)
{
	if (set->repeatables != NULL)
		source_set_sort(set->repeatables);
	if (set->nitems > 1)
		sort_sources(set->items, set->nitems);
}

/*
 * Returns the problem of two migrations with the same version or name.
 */
static Problem *
duplicate_problem(const Source *first, const Source *second)
{
	Problem    *problem;

	if (second->repeatable)
	{
		problem = problem_make(second->label, 0, 0, ERRCODE_DUPLICATE_FILE,
							   psprintf("duplicate repeatable migration %s: \"%s\" and \"%s\"",
										second->name, first->label,
										second->label));
		problem->hint = "Give one of them another name.";
		return problem;
	}
	problem = problem_make(second->label, 0, 0, ERRCODE_DUPLICATE_FILE,
						   psprintf("duplicate migration version " INT64_FORMAT ": \"%s\" and \"%s\"",
									first->version, first->label,
									second->label));
	problem->hint = strcmp(first->type, second->type) == 0 ?
		"Give one of them another version." :
		"Give the file another version, or take the function back with gooseplus_unregister().";
	return problem;
}

/*
 * Returns one problem for each version that two members of the sorted set
 * have, and for each name of two repeatable ones.
 */
List *
source_set_duplicates(const SourceSet *set)
{
	List	   *problems = set->repeatables == NULL ? NIL :
	source_set_duplicates(set->repeatables);

	for (size_t i = 1; i < set->nitems; i++)
	{
		const Source *first = &set->items[i - 1];
		const Source *second = &set->items[i];

		if (first->version == second->version &&
			(!first->repeatable || strcmp(first->name, second->name) == 0))
			problems = lappend(problems, duplicate_problem(first, second));
	}
	return problems;
}

/* Raises an error if two members of the sorted set are duplicates. */
void
source_set_refuse_duplicates(const SourceSet *set)
{
	List	   *problems = source_set_duplicates(set);

	if (problems != NIL)
		problem_raise(problems);
}

/*
 * Fills in what tells the migrations' files from an earlier state of them.  A
 * file that has just been written has no stamp: what the clock of the file
 * system takes for one moment may still see another change of the same size.
 */
void
source_stamps(const Source *const *sources, size_t count, SourceStamp *stamps)
{
	TimestampTz latest = GetCurrentTimestamp() - STAMP_AGE_USECS;
	size_t		end;

	for (size_t i = 0; i < count; i = end)
	{
		SourceLook	look = sources[i]->look;

		for (end = i + 1; end < count && sources[end]->look == look; end++)
			;
		if (look != NULL)
			look(sources + i, end - i, stamps + i);
		for (size_t k = i; k < end; k++)
		{
			if (look == NULL || stamps[k].changed > latest)
				stamps[k].size = -1;
		}
	}
}

/* The same, for one. */
SourceStamp
source_stamp(const Source *source)
{
	SourceStamp stamp;

	source_stamps(&source, 1, &stamp);
	return stamp;
}

/* Returns the member of the sorted set with this version, or NULL. */
const Source *
source_set_find(const SourceSet *set, int64 version)
{
	size_t		low = 0;
	size_t		high = set->nitems;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (set->items[middle].version < version)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < set->nitems && set->items[low].version == version)
		return &set->items[low];
	return NULL;
}
